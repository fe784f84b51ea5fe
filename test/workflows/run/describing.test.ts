/** What a run does before it is planned: it asks the trainers what its task is. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { WorkflowFailedError } from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
import { NativeConnection, Worker } from '@temporalio/worker';
import { INVALID_TASK, type TaskComplaint } from '../../../activities/contracts/task.ts';
import { createOrchestrationActivities } from '../../../activities/orchestration.ts';
import { ObjectStore } from '../../../activities/storage/object-store.ts';
import { progressQuery } from '../../../workflows/messages.ts';
import { compare } from '../../../workflows/comparison/compare.ts';
import { firePbt } from '../../../workflows/run/fire-pbt.ts';
import { startObjectServer, type ObjectServer } from '../../object-server.ts';
import { whileWorking } from '../../running-workers.ts';
import { poll } from '../../workers/eventually.ts';
import { startHarness, workflowBundle, type Harness } from '../run-harness.ts';
import { createStandIns } from '../stand-ins.ts';

const SPECIFICATION = {
  task: { kind: 'walk', legs: 4 },
  steps: 40,
  stepsPerRound: 20,
  evalEvery: 1,
  subPopulations: [{ members: 2 }],
  hyperparameters: { h: 1 },
};
const DESCRIPTION = {
  task: { kind: 'walk', legs: 4, gait: 'trot' },
  label: 'walk/4-legs',
  hyperparameters: [
    { kind: 'number', name: 'h', description: '', above: 0 },
    { kind: 'category', name: 'activation', description: '', choices: ['relu', 'tanh'], default: 'relu' },
  ],
  checkpointBytes: 1_000,
  score: 'metres',
} as const;

describe('a run whose task only trainers know', () => {
  let harness: Harness;
  let server: ObjectServer;
  let objects: ObjectStore;
  let native: NativeConnection;
  before(async () => {
    [harness, server] = await Promise.all([startHarness(), startObjectServer()]);
    objects = new ObjectStore(server.options);
    native = await NativeConnection.connect({ address: harness.address });
  });
  after(async () => {
    await native.close();
    await objects.close();
    await Promise.all([harness.stop(), server.stop()]);
  });

  const orchestrator = async (taskQueue: string): Promise<Worker> =>
    Worker.create({
      connection: native,
      taskQueue,
      workflowBundle: await workflowBundle(),
      activities: { ...createOrchestrationActivities({ objects, client: harness.client }) },
    });
  const trainer = async (taskQueue: string, describeTask: (request: unknown) => Promise<unknown>): Promise<Worker> =>
    Worker.create({
      connection: native,
      taskQueue,
      activities: { ...createStandIns(), describe: describeTask },
      shutdownGraceTime: '100ms',
    });
  const failureOf = async (work: Promise<unknown>): Promise<ApplicationFailure> => {
    const error: unknown = await work.then(
      () => assert.fail('it was not refused'),
      (reason: unknown) => reason,
    );
    assert.ok(error instanceof WorkflowFailedError && error.cause instanceof ApplicationFailure, String(error));
    return error.cause;
  };

  it('says by name that nobody serves the trainers’ task queue, and begins when a trainer comes', async () => {
    const queue = 'unserved';
    await whileWorking([await orchestrator(queue)], async () => {
      const handle = await harness.client.workflow.start(firePbt, {
        taskQueue: queue,
        workflowId: queue,
        args: [{ ...SPECIFICATION, trainers: 'walkers' }],
      });
      const waiting = await poll(
        () => handle.query(progressQuery),
        ({ notice }) => notice !== null,
      );
      assert.equal(waiting.status, 'planning');
      assert.equal(waiting.notice, 'Nobody serves task queue walkers: the run begins when a trainer comes');
      const result = await whileWorking([await trainer('walkers', async () => DESCRIPTION)], () => handle.result());
      assert.equal(result.score, 'metres');
      const { notice, plan } = await handle.query(progressQuery);
      assert.equal(notice, null);
      assert.deepEqual(plan?.task, { label: 'walk/4-legs', score: 'metres' });
      assert.deepEqual(plan?.specification.task, DESCRIPTION.task);
      assert.deepEqual(plan?.specification.hyperparameters, { activation: 'relu', h: 1 });
      assert.equal(plan?.costs.checkpointBytes, 1_000);
      const { searchAttributes } = await handle.describe();
      assert.deepEqual(searchAttributes['FirePbtTask'], ['walk/4-legs']);
    });
  });

  it('is refused with what is wrong with its task and with the rest of its specification at once', async () => {
    const queue = 'refused';
    const complaints: readonly TaskComplaint[] = [
      { path: ['task', 'legs'], rule: 'an even number' },
      { path: ['threads'], rule: '2', got: '1' },
    ];
    const refusing = async (): Promise<never> => {
      throw ApplicationFailure.create({ type: INVALID_TASK, nonRetryable: true, details: [complaints] });
    };
    const workers = [await orchestrator(queue), await trainer(`${queue}-trainers`, refusing)];
    await whileWorking(workers, async () => {
      const run = (specification: unknown) =>
        failureOf(
          harness.client.workflow.execute(firePbt, { taskQueue: queue, workflowId: queue, args: [specification] }),
        );
      const failure = await run({ ...SPECIFICATION, steps: 30 });
      assert.equal(failure.type, 'InvalidSpecification');
      assert.deepEqual(failure.details, [
        [
          'Expected `steps` to be a multiple of `stepsPerRound` (20), got `30`',
          'Expected `task.legs` to be an even number, got `4`',
          'Expected `threads` to be 2, got `1`',
        ],
      ]);
      const comparison = await failureOf(
        harness.client.workflow.execute(compare, {
          taskQueue: queue,
          workflowId: 'compared',
          args: [{ arms: { A: SPECIFICATION, B: { ...SPECIFICATION, evalEvery: 3 } }, seeds: [0] }],
        }),
      );
      assert.equal(comparison.type, 'InvalidComparison');
      assert.match(comparison.message, /`arms\.A\.task\.legs` to be an even number, got `4`/);
      assert.match(comparison.message, /`arms\.B\.stepsPerRound` to be a multiple of `evalEvery` \(3\)/);
    });
  });

  it('is refused if trainers answer what is no description', async () => {
    const queue = 'nonsense';
    const answering = async (): Promise<unknown> => ({ ...DESCRIPTION, score: 7, colour: 'red' });
    await whileWorking([await orchestrator(queue), await trainer(`${queue}-trainers`, answering)], async () => {
      const failure = await failureOf(
        harness.client.workflow.execute(firePbt, { taskQueue: queue, workflowId: queue, args: [SPECIFICATION] }),
      );
      assert.equal(failure.type, 'InvalidAnswer');
      assert.match(failure.message, /`answer\.description\.score` to be a string, got `7`|answer\.description\.colour/);
    });
  });
});
