import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, describe, test } from 'node:test';
import { Client, Connection } from '@temporalio/client';
import { Worker, NativeConnection, bundleWorkflowCode } from '@temporalio/worker';
import { fileURLToPath } from 'node:url';
import { ObjectStore } from '../../activities/storage/object-store.ts';
import { createOrchestrationActivities } from '../../activities/orchestration.ts';
import type { OrchestrationActivities } from '../../activities/orchestration.ts';
import { startTemporalServer, type TestServer } from '../temporal-server.ts';

const TASK_QUEUE = 'leftovers';

describe('clearing the leftovers of an earlier generation', () => {
  let server: TestServer;
  let connection: Connection;
  let native: NativeConnection;
  let client: Client;
  let worker: Worker;
  let working: Promise<void>;
  let activities: OrchestrationActivities;

  before(async () => {
    server = await startTemporalServer();
    connection = await Connection.connect({ address: server.address });
    native = await NativeConnection.connect({ address: server.address });
    client = new Client({ connection });
    activities = createOrchestrationActivities({ objects: new ObjectStore(), client });
    const workflowBundle = await bundleWorkflowCode({
      workflowsPath: fileURLToPath(new URL('waiting-workflows.ts', import.meta.url)),
    });
    worker = await Worker.create({ connection: native, taskQueue: TASK_QUEUE, workflowBundle });
    working = worker.run();
  });
  after(async () => {
    worker.shutdown();
    await working;
    await native.close();
    await connection.close();
    await server.stop();
  });

  async function status(workflowId: string): Promise<string> {
    return (await client.workflow.getHandle(workflowId).describe()).status.name;
  }

  test('terminates abandoned children and no other workflow', async () => {
    const run = `run-${randomUUID()}`;
    const names = ['P1', 'P2', 'P2/evaluator-0', 'P2/evaluator-1'];
    const ids = names.map((name) => `${run}/${name}`);
    // A root that leaves two children behind, as a reset one does.
    const root = await client.workflow.start('abandoning', {
      workflowId: run,
      taskQueue: TASK_QUEUE,
      args: [ids.slice(0, 2)],
    });
    await root.result();
    // Somebody's own workflow that happens to have such an id.
    await client.workflow.start('waiting', { workflowId: `${run}/P2/evaluator-0`, taskQueue: TASK_QUEUE });

    assert.deepEqual(await activities.clearLeftovers({ workflowIds: ids, generation: root.firstExecutionRunId }), {
      terminated: [],
    });
    assert.deepEqual(await activities.clearLeftovers({ workflowIds: ids, generation: randomUUID() }), {
      terminated: ids.slice(0, 2),
    });
    assert.deepEqual(await Promise.all(ids.slice(0, 3).map(status)), ['TERMINATED', 'TERMINATED', 'RUNNING']);
    assert.deepEqual(await activities.clearLeftovers({ workflowIds: ids, generation: randomUUID() }), {
      terminated: [],
    });
  });
});
