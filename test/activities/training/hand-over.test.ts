import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Context } from '@temporalio/activity';
import { Client, Connection } from '@temporalio/client';
import { NativeConnection, Runtime, Worker, DefaultLogger } from '@temporalio/worker';
import { createTrainingActivities } from '../../../activities/training/train.ts';
import { computeHere, type ComputingDependencies } from '../../../activities/training/compute-here.ts';
import type { TrainRequest } from '../../../activities/contracts/training.ts';
import { startTemporalServer, type TestServer } from '../../temporal-server.ts';
import { tasksWithSessions } from '../../shipped-tasks.ts';
import { startTrainer, STORAGE, type Trainer } from './training-harness.ts';
import { trainOneRound } from './training-workflow.ts';

const QUEUE = 'hand-over';
const WAITS_AT = 7;
const REQUEST: TrainRequest = {
  storage: STORAGE,
  task: { kind: 'toy', variant: 'deceptive' },
  seed: 0,
  threads: 1,
  worker: { subPopulation: 2, kind: 'evaluator', index: 1 },
  checkpoint: null,
  fromStep: 0,
  toStep: 20,
  evalEvery: 1,
  hyperparameters: { h: 0.8 },
};

describe('a trainer that shuts down in the middle of a round', () => {
  let server: TestServer;
  let trainer: Trainer;
  before(async () => {
    Runtime.install({ logger: new DefaultLogger('ERROR') });
    [server, trainer] = await Promise.all([startTemporalServer(), startTrainer()]);
  });
  after(() => Promise.all([server.stop(), trainer.stop()]));

  it('hands over at once to one that goes on where it was, with the same result', async () => {
    const [connection, nativeConnection] = await Promise.all([
      Connection.connect({ address: server.address }),
      NativeConnection.connect({ address: server.address }),
    ]);
    const work = (dependencies: Partial<ComputingDependencies>): Promise<Worker> =>
      Worker.create({
        connection: nativeConnection,
        taskQueue: QUEUE,
        workflowsPath: fileURLToPath(new URL('training-workflow.ts', import.meta.url)),
        activities: {
          ...createTrainingActivities(
            computeHere({ objects: trainer.objects, checkpoints: trainer.checkpoints, threads: 1, ...dependencies }),
          ),
        },
        shutdownGraceTime: '100ms',
      });

    // The first trainer stops at a step until it is told to shut down; the second notes where it begins.
    let waiting = (): void => undefined;
    const reached = new Promise<void>((resolve) => (waiting = resolve));
    const first = await work({
      tasks: watched(async (to) => {
        if (to <= WAITS_AT) return;
        waiting();
        await Context.current().cancelled.catch(() => undefined);
      }),
    });
    const firstRun = first.run();
    const workflow = await new Client({ connection }).workflow.start(trainOneRound, {
      taskQueue: QUEUE,
      workflowId: 'hand-over',
      args: [REQUEST],
    });
    await reached;
    first.shutdown();
    await firstRun;

    const begun: number[] = [];
    const second = await work({ tasks: watched((to) => void begun.push(to)) });
    const outcome = await second.runUntil(workflow.result());
    const undisturbed = await trainer.train(REQUEST);
    assert.equal(begun[0], WAITS_AT + 2, 'the step after the one that was saved');
    assert.deepEqual([outcome.checkpoint, outcome.scores], [undisturbed.checkpoint, undisturbed.scores]);
    await Promise.all([connection.close(), nativeConnection.close()]);
  });
});

/** Toy tasks whose sessions call `before` with the step that they are about to train up to. */
function watched(before: (toStep: number) => void | Promise<void>): NonNullable<ComputingDependencies['tasks']> {
  return tasksWithSessions((session) => {
    const train = session.train.bind(session);
    session.train = async (from, to) => {
      await before(to);
      await train(from, to);
    };
    return session;
  });
}
