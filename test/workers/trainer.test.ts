import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { CancelledFailure, WorkflowFailedError } from '@temporalio/client';
import type { TrainProgress } from '../../activities/training/round.ts';
import { eventually } from './eventually.ts';
import { startFleet, type Fleet } from './fleet.ts';

const SEARCHED = {
  kind: 'float',
  scale: 'log',
  bounds: [1e-4, 1],
  initial: { distribution: 'uniform', range: [0.01, 0.1] },
};
/** A round of this takes hours. */
const LONG = {
  task: {
    kind: 'image-classification',
    dataset: 'fashion-mnist',
    model: { kind: 'perceptron', hidden: [16] },
    optimizer: 'momentum',
    batchSize: 8,
  },
  steps: 200_000_000,
  stepsPerRound: 100_000_000,
  evalEvery: 10_000_000,
  subPopulations: [{ members: 2 }, { members: 2, evaluators: 1 }],
  hyperparameters: { learningRate: SEARCHED },
};
const SHORT = {
  task: { kind: 'toy', variant: 'plain' },
  steps: 20,
  stepsPerRound: 10,
  evalEvery: 5,
  subPopulations: [{ members: 2 }],
  hyperparameters: { h: SEARCHED },
};
/**
 * Less than the SDK's default interval between heartbeats, 16 s, and more than the expected time on a busy machine.
 */
const PROMPT_MS = 12_000;

describe('a trainer', () => {
  let fleet: Fleet;
  before(async () => {
    fleet = await startFleet();
  });
  after(() => fleet.stop());

  /** Waits until a worker of the run is in training, and returns the workflow that trains it. */
  async function training(workflowId: string): Promise<string> {
    let found: string | undefined;
    await eventually(
      async () => {
        for (const child of [`${workflowId}/P1`, `${workflowId}/P2`]) {
          const trainings = await fleet.trainings(child).catch(() => []);
          if (trainings.some(({ step, attempt }) => step > 0 && !attempt.ended)) found = child;
        }
        return found !== undefined;
      },
      60_000,
      100,
    );
    return found ?? '';
  }

  it('stops training within seconds after the run is cancelled, and then trains other runs', async () => {
    const trainer = await fleet.work('trainer-0', 'workers/trainer.ts');
    const run = await fleet.startRun('cancelled', LONG);
    await training('cancelled');
    const cancelledAt = performance.now();
    await run.cancel();
    await assert.rejects(
      run.result(),
      (error) => error instanceof WorkflowFailedError && error.cause instanceof CancelledFailure,
    );
    await (await fleet.startRun('short', SHORT)).result();
    const freeAfterMs = performance.now() - cancelledAt;
    assert.ok(freeAfterMs < PROMPT_MS, `free after ${freeAfterMs} ms`);
    for (const child of ['cancelled/P1', 'cancelled/P2', 'cancelled/P2/evaluator-0'])
      assert.equal((await fleet.handle(child).describe()).status.name, 'CANCELLED', child);
    await trainer.stop(10_000);
  });

  it('saves its round and hands it over at once when it receives SIGTERM', async () => {
    const trainer = await fleet.work('trainer-1', 'workers/trainer.ts');
    const run = await fleet.startRun('handed-over', { ...LONG, subPopulations: [{ members: 2 }] });
    const workflow = await training('handed-over');
    const stoppedAt = performance.now();
    await trainer.stop(60_000);
    const endedAfterMs = performance.now() - stoppedAt;
    assert.ok(endedAfterMs < PROMPT_MS, `ended after ${endedAfterMs} ms`);
    const [left] = await fleet.trainings(workflow);
    assert.ok(left?.partial);
    assert.deepEqual([left.attempt.ended, left.partial.checkpoint.step], [true, left.step]);
    // Two successors, because one of them may start with the other member.
    const successors = await Promise.all(
      ['trainer-2', 'trainer-3'].map((name) => fleet.work(name, 'workers/trainer.ts')),
    );
    let next: TrainProgress | undefined;
    await eventually(
      async () => (next = (await fleet.trainings(workflow)).find(({ attempt }) => attempt.number === 2)) !== undefined,
      60_000,
      100,
    );
    assert.deepEqual(next?.attempt, { number: 2, beganAtStep: left.step, deaths: 0, ended: false });
    await run.cancel();
    await assert.rejects(run.result());
    await Promise.all(successors.map((one) => one.stop(10_000)));
  });
});
