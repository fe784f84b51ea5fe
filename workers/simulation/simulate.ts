/**
 * Runs the arms of a comparison in this process, without Temporal or S3: the decisions of the workflows on the training
 * of the real tasks, several times as fast.
 *
 * For trying rules. That it decides what the workflows decide is tested (test/workflows/fire-pbt.test.ts); what it
 * cannot tell is what a run costs on a stack, and what a digest of checkpoints would be.
 */
import type { Score } from '../../workflows/algorithm/index.ts';
import type { HistorySegment } from '../../workflows/population/state.ts';
import { bestMember } from '../../workflows/population/scores.ts';
import type { Specification } from '../../activities/specification/specification.ts';
import type { Report, Session, State, Task } from '../../activities/tasks/task.ts';
import { DATA_DIRECTORY, taskOf } from '../../activities/tasks/tasks.ts';
import {
  simulate,
  type SimulatedRound,
  type SimulatedRun,
  type SimulatedTraining,
  type TrainedRound,
} from '../../workflows/population/simulation.ts';

export interface SimulationJob {
  readonly arm: string;
  readonly specification: Specification;
}

/** What a simulated run says where others say in which folder they lie. */
export const SIMULATED = 'simulated';

/** Trains rounds as the training activity does, but for checkpoints: a state stays in memory. */
export function trainingOf({ seed, evalEvery }: Specification, task: Task): SimulatedTraining<State> {
  return {
    train: async (
      state,
      { worker, hyperparameters, fromStep, toStep }: SimulatedRound,
    ): Promise<TrainedRound<State>> => {
      const session = await task.open({ seed, worker, hyperparameters });
      try {
        await (state ? session.restore(state) : session.initialise());
        session.beginRound?.();
        const scores = await trainAndMeasure(session, fromStep, toStep, evalEvery);
        return { state: await session.save(), scores };
      } finally {
        await session.dispose();
      }
    },
  };
}

async function trainAndMeasure(
  session: Session,
  fromStep: number,
  toStep: number,
  evalEvery: number,
): Promise<Score[]> {
  const scores: Score[] = [];
  const measurements = (toStep - fromStep) / evalEvery;
  for (let step = fromStep; step < toStep && scores.at(-1) !== 'diverged'; step += evalEvery) {
    await session.train(step, step + evalEvery);
    const score = await session.measure();
    scores.push(typeof score === 'number' && Number.isFinite(score) ? score : 'diverged');
  }
  while (scores.length < measurements) scores.push('diverged');
  return scores;
}

/** What a simulated run comes to; no winner: every member of P1 has diverged. */
export interface SimulatedTask {
  readonly run: SimulatedRun<State>;
  readonly winner:
    { readonly member: number; readonly score: Score; readonly history: readonly HistorySegment[] } | undefined;
  readonly report: Pick<Report, 'testScore' | 'untouchedScore'>;
}

/** Runs a specification to its end, the report on its best member included. */
export async function simulateTask(specification: Specification): Promise<SimulatedTask> {
  const task = taskOf(specification.task, { dataDirectory: DATA_DIRECTORY });
  const run = await simulate(specification, trainingOf(specification, task));
  const best = run.populations[0] && bestMember(run.populations[0]);
  const state = best?.member.checkpoint && run.states.get(best.member.checkpoint.key);
  if (!best || !state) return { run, winner: undefined, report: { testScore: 'diverged' } };
  const session = await task.open({
    seed: specification.seed,
    worker: 'report',
    hyperparameters: best.member.hyperparameters,
  });
  try {
    await session.restore(state);
    return {
      run,
      winner: { member: best.index, score: best.score, history: best.member.history },
      report: await session.report(),
    };
  } finally {
    await session.dispose();
  }
}
