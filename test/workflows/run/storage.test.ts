import { after, before, describe, it } from 'node:test';
import assert from 'node:assert/strict';
import type { RunFolder } from '../../../activities/contracts/checkpoint.ts';
import { poll } from '../../workers/eventually.ts';
import { startStoredRuns } from '../stored-runs.ts';
import type { StoredRuns } from '../stored-runs.ts';

const STEPS_PER_ROUND = 2;
const EARLY = 10;
const LATE = 100;

/**
 * A perceptron whose checkpoints have 400 kB, trained little: five of them a round, for a round more than the late
 * measurement.
 */
const SPECIFICATION = {
  task: {
    kind: 'image-classification',
    dataset: 'fashion-mnist',
    model: { kind: 'perceptron', hidden: [64] },
    optimizer: 'momentum',
    batchSize: 8,
    objectiveExamples: 100,
    untouchedExamples: 100,
  },
  steps: (LATE + 1) * STEPS_PER_ROUND,
  stepsPerRound: STEPS_PER_ROUND,
  evalEvery: STEPS_PER_ROUND,
  subPopulations: [{ members: 2 }, { members: 2, evaluators: 1 }],
  evaluation: { maxEvalSteps: 20, minStepsBeforeEval: 4 },
  hyperparameters: {
    learningRate: {
      kind: 'float',
      scale: 'log',
      bounds: [1e-4, 0.1],
      initial: { distribution: 'log-uniform', range: [1e-3, 1e-2] },
      factors: [0.8, 1.25],
    },
  },
} as const;
const WORKERS = 5;

describe('the storage of a run', { timeout: 480_000 }, () => {
  let runs: StoredRuns;
  before(async () => {
    runs = await startStoredRuns();
  });
  after(() => runs.stop());

  it('is at most twice as large after 100 rounds as after 10', async () => {
    const workflowId = 'long';
    const kept: Record<number, Promise<Kept>> = {};
    // The round after is not trained before the bucket has been looked at: everybody waits.
    runs.script.beforeTraining = async ({ storage, fromStep }) => {
      const round = fromStep / STEPS_PER_ROUND;
      if (round === EARLY || round === LATE) await (kept[round] ??= keptAfter(workflowId, storage, round));
    };
    await runs.result(workflowId, SPECIFICATION);
    const [early, late] = [await kept[EARLY], await kept[LATE]];
    assert.ok(early && late);
    assert.ok(
      early.checkpoints >= WORKERS && early.checkpointBytes > early.checkpoints * 200_000,
      'checkpoints are most of it',
    );
    assert.ok(
      late.sizeBytes <= 2 * early.sizeBytes,
      `${JSON.stringify(early)} after ${EARLY} rounds, ${JSON.stringify(late)} after ${LATE}`,
    );
    assert.ok(late.checkpoints <= 4 * WORKERS, `${late.checkpoints} checkpoints of ${WORKERS} workers`);
  });

  interface Kept {
    readonly sizeBytes: number;
    readonly checkpoints: number;
    readonly checkpointBytes: number;
  }

  /** Waits until the round is complete and collected after. */
  async function keptAfter(workflowId: string, { bucket, folder }: RunFolder, round: number): Promise<Kept> {
    await runs.reached(workflowId, (progress) => progress.round === round);
    const handle = runs.client.workflow.getHandle(workflowId);
    await poll(
      () => handle.describe(),
      ({ raw: { pendingActivities, pendingWorkflowTask } }) =>
        !pendingWorkflowTask &&
        !pendingActivities?.some(({ activityType }) => activityType?.name === 'collectCheckpoints'),
    );
    const stored = await runs.objects.list(bucket, `${folder}/`);
    const checkpoints = stored.filter(({ key }) => key.endsWith('.safetensors'));
    return { sizeBytes: sum(stored), checkpoints: checkpoints.length, checkpointBytes: sum(checkpoints) };
  }
});

function sum(stored: readonly { readonly sizeBytes: number }[]): number {
  return stored.reduce((total, { sizeBytes }) => total + sizeBytes, 0);
}
