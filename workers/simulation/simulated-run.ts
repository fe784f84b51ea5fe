/**
 * The process of one simulated run. It receives a job, simulates it and sends the run back.
 */
import { loadTasks } from '../own-tasks/loading.ts';
import { useEnvironmentThreads } from '../../activities/tasks/environments/environment-threads.ts';
import { useBinding } from '../../activities/tasks/tensorflow/library.ts';
import { authorLine, messageWithLine } from '../../activities/tasks/author-line.ts';
import { BINDING, ENVIRONMENT_THREAD } from '../processes/places.mjs';
import { configureTensorFlow } from '../processes/tensorflow-environment.ts';
import { describeRun } from '../../activities/comparison/run.ts';
import type { ComparisonRun } from '../../activities/contracts/comparison.ts';
import { accountFor } from '../../activities/runs/costs.ts';
import { sumCounts } from '../../activities/runs/result.ts';
import { algorithmOf, memberName } from '../../workflows/population/names.ts';
import { SIMULATED, simulateTask, type SimulationJob } from './simulate.ts';

process.once('message', (message) => {
  void simulateRun(message as SimulationJob)
    .then((run) => process.send?.(run, () => process.disconnect()))
    .catch((error: unknown) => {
      console.error(authorLine(error) === undefined ? error : messageWithLine(error));
      process.exit(1);
    });
});

async function simulateRun({ arm, specification, environmentThreads, tasks }: SimulationJob): Promise<ComparisonRun> {
  configureTensorFlow(specification.threads);
  useBinding(BINDING);
  useEnvironmentThreads(environmentThreads, ENVIRONMENT_THREAD);
  const registry = await loadTasks(tasks);
  const started = performance.now();
  const { run, winner, score, report } = await simulateTask(specification, registry);
  const trainerSeconds = (performance.now() - started) / 1000;
  const levels = specification.subPopulations.map((_, level) =>
    run.decisions.map((events, index) => ({
      round: index + 1,
      subPopulation: level + 1,
      events: events[level] ?? [],
      cost: { trainerSeconds: index + level === 0 ? trainerSeconds : 0 },
    })),
  );
  return describeRun(
    arm,
    {
      workflowId: SIMULATED,
      algorithm: algorithmOf(specification),
      seed: specification.seed,
      rounds: run.decisions.length,
      steps: specification.steps,
      winner: {
        member: memberName(1, winner?.member ?? 0),
        objective: winner?.score ?? 'diverged',
        checkpoint: { key: '', sha256: '', sizeBytes: 0, step: specification.steps },
      },
      score,
      testScore: report.testScore,
      ...(report.untouchedScore === undefined ? {} : { untouchedScore: report.untouchedScore }),
      promotions: run.populations.map(({ promotions }) => promotions),
      verdicts: sumCounts(run.populations.map(({ verdicts }) => verdicts)),
      schedule: winner?.history ?? [],
      decisionsSha256: '',
      lost: [],
      decidedBy: [],
      storage: { bucket: '', folder: SIMULATED },
      resultKey: '',
      files: [],
      undeleted: 0,
      specification,
    },
    accountFor(levels),
  );
}
