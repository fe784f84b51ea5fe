import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { ObjectStore } from '../../../activities/storage/object-store.ts';
import { ComputingEnded } from '../../../activities/training/computer.ts';
import { ComputingProcess } from '../../../workers/computing/computing-process.ts';
import { tensorFlowEnvironment } from '../../../workers/processes/tensorflow-environment.ts';
import { observing, orderOf, trained } from '../../activities/training/computer-cases.ts';
import { STORAGE } from '../../activities/training/training-harness.ts';
import { startObjectServer, type ObjectServer } from '../../object-server.ts';

/** A round of an agent that is measured after each step, so that it can be killed in the middle. */
const ORDER = orderOf({
  task: { kind: 'reinforcement-learning', environment: 'pendulum', environments: 8, rollout: 16 },
  hyperparameters: {
    ...{ learningRate: 0.001, epsilonEta: 0.1, epsilonMu: 0.01, epsilonSigma: 1e-5 },
    ...{ discount: 0.99, lambda: 0.95, unroll: 16 },
  },
  toStep: 30,
  evalEvery: 1,
});
const KILLED_AFTER = 14;

describe('an agent whose trainer is killed in the middle of a round', () => {
  let server: ObjectServer;
  before(async () => {
    server = await startObjectServer();
    const objects = new ObjectStore(server.options);
    await objects.ensureBucket(STORAGE.bucket);
    await objects.close();
  });
  after(() => server.stop());

  async function withComputer<Result>(
    environmentThreads: number,
    use: (computer: ComputingProcess) => Promise<Result>,
  ): Promise<Result> {
    const computer = new ComputingProcess({
      name: 'computing',
      args: ['--threads', '1', '--environment-threads', String(environmentThreads)],
      environment: tensorFlowEnvironment(1, { ...process.env, ...server.environment }),
      hangAfterMs: 600_000,
    });
    try {
      await computer.start();
      return await use(computer);
    } finally {
      await computer.stop();
    }
  }

  it('has the same checkpoint and scores after the retry, in any number of threads', async () => {
    const undisturbed = await withComputer(1, (computer) => trained(computer, ORDER));
    await withComputer(3, async (computer) => {
      const { observer, told } = observing(({ step }) => {
        if (step >= KILLED_AFTER) process.kill(computer.pid!, 'SIGKILL');
        return undefined;
      });
      await assert.rejects(computer.train(ORDER, observer), ComputingEnded);
      assert.ok(told.at(-1)!.step < ORDER.request.toStep, 'it was killed before the end of the round');
      assert.deepEqual(await trained(computer, ORDER), undisturbed);
    });
  });
});
