import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, describe, it } from 'node:test';
import { createOrchestrationActivities } from '../../../activities/orchestration.ts';
import { ObjectStore } from '../../../activities/storage/object-store.ts';
import * as registered from '../../../workflows/index.ts';
import { PARTS_OF_RUNS, STARTED_WORKFLOWS } from '../../../workflows/population/names.ts';
import { startObjectServer } from '../../object-server.ts';
import type { ObjectServer } from '../../object-server.ts';
import { startHarness } from '../run-harness.ts';
import type { Harness } from '../run-harness.ts';
import { createStandIns, toySpecification } from '../stand-ins.ts';

describe('a workflow that is started by mistake', { timeout: 120_000 }, () => {
  let harness: Harness;
  let server: ObjectServer;
  let objects: ObjectStore;
  before(async () => {
    [harness, server] = await Promise.all([startHarness(), startObjectServer()]);
    objects = new ObjectStore(server.options);
  });
  after(async () => {
    await objects.close();
    await Promise.all([harness.stop(), server.stop()]);
  });

  /** Starts the workflow, and returns the failure that its first execution ended with. */
  async function failureOf(type: string, input: unknown, cronSchedule?: string) {
    const taskQueue = randomUUID();
    const activities = {
      ...createStandIns(),
      ...createOrchestrationActivities({ objects, client: harness.client }),
    };
    return harness.withWorkers(taskQueue, activities, async () => {
      const { workflow } = harness.client;
      const { workflowId, firstExecutionRunId } = await workflow.start(type, {
        taskQueue,
        workflowId: randomUUID(),
        args: [input],
        ...(cronSchedule === undefined ? {} : { cronSchedule }),
      });
      const handle = workflow.getHandle(workflowId, firstExecutionRunId, { followRuns: false });
      await assert.rejects(handle.result());
      if (cronSchedule !== undefined) await workflow.getHandle(workflowId).terminate();
      const { events = [] } = await handle.fetchHistory();
      const failure = events?.at(-1)?.workflowExecutionFailedEventAttributes?.failure;
      assert.ok(failure?.applicationFailureInfo?.nonRetryable);
      return { type: failure.applicationFailureInfo.type, message: failure.message ?? '' };
    });
  }

  it('fails with the known types if its type is unknown', async () => {
    const { type, message } = await failureOf('firepbt', toySpecification());
    assert.equal(type, 'UnknownWorkflowType');
    assert.equal(
      message,
      'Expected the workflow type to be one of firePbt, pbt, randomSearch, retrace, compare, deleteRun, got `firepbt`',
    );
    assert.deepEqual(
      Object.keys(registered)
        .filter((name) => name !== 'default')
        .sort(),
      [...STARTED_WORKFLOWS, ...PARTS_OF_RUNS].sort(),
    );
  });

  it('fails with advice if it has a cron schedule', async () => {
    for (const type of ['firePbt', 'compare']) {
      const { message } = await failureOf(type, toySpecification(), '@every 1s');
      assert.match(message, /^Expected no cron schedule, got `@every 1s`: .*temporal schedule create/);
    }
  });

  it('fails with the right type if it is a comparison that is started as a run', async () => {
    const { message } = await failureOf('firePbt', { arms: { a: toySpecification() }, seeds: [0] });
    assert.match(message, /Expected `arms` to be absent for workflow type firePbt \(workflow type compare takes it\)/);
  });
});
