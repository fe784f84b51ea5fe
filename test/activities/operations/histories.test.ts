import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { historyFromJSON } from '@temporalio/common/lib/proto-utils.js';
import { WorkflowNotFoundError } from '@temporalio/client';
import { ObjectStore } from '../../../activities/storage/object-store.ts';
import { executionsOfRun, identify } from '../../../activities/operations/executions.ts';
import type { RunExecution } from '../../../activities/operations/executions.ts';
import { createOrchestrationActivities } from '../../../activities/orchestration.ts';
import type { OrchestrationActivities } from '../../../activities/orchestration.ts';
import { firePbt } from '../../../workflows/run/fire-pbt.ts';
import { startObjectServer } from '../../object-server.ts';
import type { ObjectServer } from '../../object-server.ts';
import { showHistory } from '../../temporal-server.ts';
import { eventually } from '../../workers/eventually.ts';
import { FAILED, failAndReset } from '../../workflows/run/failed-run.ts';
import type { FailedRun } from '../../workflows/run/failed-run.ts';
import { startHarness } from '../../workflows/run-harness.ts';
import type { Harness } from '../../workflows/run-harness.ts';
import { createStandIns } from '../../workflows/stand-ins.ts';

const WORKFLOW_ID = 'my-run';

describe('the histories of a run that continued as new, failed and was reset', () => {
  let harness: Harness;
  let objectServer: ObjectServer;
  let objects: ObjectStore;
  let activities: OrchestrationActivities;
  let root: FailedRun;
  const storage = { bucket: 'test', folder: `${WORKFLOW_ID}/first` };

  before(async () => {
    [harness, objectServer] = await Promise.all([
      startHarness(['limit.historyCount.suggestContinueAsNew=40']),
      startObjectServer(),
    ]);
    objects = new ObjectStore(objectServer.options);
    await objects.ensureBucket(storage.bucket);
    // Others whose names begin alike, and whom nobody serves.
    for (const name of ['-2', '/P3'])
      await harness.client.workflow.start(firePbt, {
        workflowId: `${WORKFLOW_ID}${name}`,
        taskQueue: 'unserved',
        args: [FAILED],
      });
    activities = createOrchestrationActivities({ objects, client: harness.client });
    await harness.withWorkers('histories', createStandIns(), async () => {
      root = await failAndReset(harness.client, WORKFLOW_ID, 'histories');
    });
  });
  after(async () => {
    await objects.close();
    await Promise.all([harness.stop(), objectServer.stop()]);
  });

  /** By the visibility store's account, once it has them all. */
  async function listed(): Promise<string[]> {
    const executions: string[] = [];
    for await (const { workflowId, runId } of harness.client.workflow.list({
      query: `RootWorkflowId = "${WORKFLOW_ID}"`,
    }))
      executions.push(`${workflowId} ${runId}`);
    return executions.sort();
  }

  async function collected(runId?: string): Promise<RunExecution[]> {
    const executions: RunExecution[] = [];
    for await (const batch of executionsOfRun(harness.client, WORKFLOW_ID, runId)) executions.push(...batch);
    return executions;
  }

  const idOf = ({ workflowId, runId }: RunExecution): string => `${workflowId} ${runId}`;
  const exported = (): string[] =>
    readdirSync(join(objectServer.folder, storage.bucket, storage.folder, 'histories')).sort();

  it('are all found, of both generations and every chain, without those of other runs', async () => {
    const executions = await collected();
    assert.ok(executions.every(({ state }) => state === 'recorded'));
    assert.equal(idOf(executions[0]!), `${WORKFLOW_ID} ${root.lastRunId}`);
    assert.ok(
      executions.filter(({ workflowId }) => workflowId === `${WORKFLOW_ID}/P2`).length > 2,
      'P2 continued as new',
    );
    await eventually(async () => JSON.stringify(await listed()) === JSON.stringify(executions.map(idOf).sort()));
  });

  it('are found for a single run of the root', async () => {
    for (const runId of [root.firstRunId, root.lastRunId]) {
      const executions = await collected(runId);
      assert.deepEqual(
        executions.filter(({ workflowId }) => workflowId === WORKFLOW_ID).map((execution) => execution.runId),
        [runId],
      );
      const parents = executions.flatMap((execution) => {
        const parent =
          execution.state === 'recorded' &&
          execution.history.events?.[0]?.workflowExecutionStartedEventAttributes?.parentWorkflowExecution;
        return parent ? [parent.runId] : [];
      });
      assert.ok(parents.length >= 4);
      assert.deepEqual([...new Set(parents)], [runId]);
    }
  });

  it('are exported, and exported again to the same files', async () => {
    const written = await activities.exportHistories({ storage, workflowId: WORKFLOW_ID });
    const files = exported();
    assert.equal(written.forgotten, 0);
    assert.equal(written.histories, (await collected()).length);
    assert.equal(files.length, written.histories);
    for (const runId of [root.firstRunId, root.lastRunId]) assert.ok(files.includes(`root.${runId}.json`), runId);
    assert.equal(files.filter((file) => file.startsWith('P2.evaluator-0.')).length > 1, true);
    assert.deepEqual(await activities.exportHistories({ storage, workflowId: WORKFLOW_ID }), written);
    assert.deepEqual(exported(), files);
  });

  it('are exported in the format of the Temporal CLI, with their identity', async () => {
    await activities.exportHistories({ storage, workflowId: WORKFLOW_ID });
    for (const runId of [root.firstRunId, root.lastRunId]) {
      const json: unknown = JSON.parse(
        readFileSync(join(objectServer.folder, storage.bucket, storage.folder, `histories/root.${runId}.json`), 'utf8'),
      );
      const shown: unknown = JSON.parse(await showHistory(harness.address, WORKFLOW_ID, runId));
      assert.deepEqual(json, shown);
      assert.deepEqual(identify(historyFromJSON(json)), { workflowId: WORKFLOW_ID, runId, type: 'firePbt' });
    }
  });

  it('are found if the server has deleted others', async () => {
    const chain = (await collected(root.lastRunId)).filter(({ workflowId }) => workflowId === `${WORKFLOW_ID}/P1`);
    const first = chain[0]!;
    assert.ok(chain.length > 1, 'P1 continued as new');
    const workflowExecution = { workflowId: first.workflowId, runId: first.runId };
    await harness.client.workflowService.deleteWorkflowExecution({ namespace: 'default', workflowExecution });
    // The server deletes in the background, in its own time.
    await eventually(async () => (await collected(root.lastRunId)).some(({ state }) => state === 'forgotten'), 120_000);
    const left = (await collected(root.lastRunId)).filter(({ workflowId }) => workflowId === `${WORKFLOW_ID}/P1`);
    assert.deepEqual(left.map(idOf).sort(), chain.map(idOf).sort());
    assert.deepEqual(left.filter(({ state }) => state === 'forgotten').map(idOf), [idOf(first)]);
  });

  it('are empty if there is no such run', async () => {
    await assert.rejects(activities.exportHistories({ storage, workflowId: 'unheard-of' }), WorkflowNotFoundError);
  });
});
