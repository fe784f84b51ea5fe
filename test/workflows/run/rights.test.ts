import { after, before, describe, it } from 'node:test';
import assert from 'node:assert/strict';
import { WorkflowFailedError } from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
import type { ResultSummary } from '../../../activities/contracts/run.ts';
import { progressQuery } from '../../../workflows/messages.ts';
import { ACCESS_DENIED, startObjectGate } from '../../object-gate.ts';
import type { ObjectGate } from '../../object-gate.ts';
import { startObjectServer } from '../../object-server.ts';
import type { ObjectServer } from '../../object-server.ts';
import { poll } from '../../workers/eventually.ts';
import { startStoredRuns } from '../stored-runs.ts';
import type { StoredRuns } from '../stored-runs.ts';

describe('a run whose credentials lack a right', { timeout: 200_000 }, () => {
  let server: ObjectServer;
  let gate: ObjectGate;
  let runs: StoredRuns;
  let undisturbed: ResultSummary;
  before(async () => {
    server = await startObjectServer();
    gate = await startObjectGate(server);
    runs = await startStoredRuns({ on: gate.server });
    undisturbed = await runs.result('undisturbed');
  });
  after(async () => {
    await runs.stop();
    await gate.stop();
    await server.stop();
  });

  it('trains and reports without the right to delete, also after a reset, and counts what is left over', async () => {
    const workflowId = 'without-delete';
    gate.refuse(({ action }) => (action.startsWith('Delete') ? ACCESS_DENIED : undefined));
    const handle = await runs.start(workflowId);
    await runs.reached(workflowId, ({ round }) => round >= 3);
    const { code, stderr } = await runs.temporal(
      ...['workflow', 'reset', '--workflow-id', workflowId, '--type', 'FirstWorkflowTask', '--reason', 'test'],
    );
    assert.equal(code, 0, stderr);
    const result = (await runs.client.workflow.getHandle(workflowId).result()) as ResultSummary;
    assert.deepEqual(
      [result.decisionsSha256, result.winner.checkpoint.sha256],
      [undisturbed.decisionsSha256, undisturbed.winner.checkpoint.sha256],
    );
    assert.equal(undisturbed.undeleted, 0);
    const progress = await runs.client.workflow.getHandle(workflowId).query(progressQuery);
    assert.ok(result.undeleted > 20, `${result.undeleted} objects`);
    assert.equal(progress.undeleted, result.undeleted);
    assert.match(
      progress.warnings[0] ?? '',
      /^Cannot delete s3:.*rights\.txt: .*until there is the right s3:DeleteObject/,
    );
    assert.match(progress.warnings[1] ?? '', /^Cannot delete expired objects in s3:.*grant s3:DeleteObject/);
    assert.equal(progress.warnings.length, 2, progress.warnings.join('\n'));
    const stored = await runs.objects.list('fire-pbt', `${workflowId}/${handle.firstExecutionRunId}/`);
    const folders = stored.map(({ key }) => key.split('/')[2]);
    assert.ok(folders.includes('histories') && folders.includes('result'), 'everything else is there');
  });

  it('reports although its collection fails again and again', async () => {
    gate.refuse(({ action }) =>
      action.startsWith('Delete') ? { status: 500, code: 'InternalError', message: 'Try again.' } : undefined,
    );
    const handle = await runs.start('failing-delete');
    const key = `failing-delete/${handle.firstExecutionRunId}/result/result.json`;
    await poll(
      () => runs.objects.exists('fire-pbt', key),
      (exists) => exists,
    );
    const result = Buffer.from(await runs.objects.get('fire-pbt', key)).toString();
    assert.equal((JSON.parse(result) as ResultSummary).decisionsSha256, undisturbed.decisionsSha256);
    gate.open();
    assert.equal((await handle.result()).undeleted, 0);
  });

  it('fails while it is planned, and names the right', async () => {
    gate.refuse(({ action }) => (action === 'PutObject' ? ACCESS_DENIED : undefined));
    const error = await (await runs.start('without-put')).result().then(
      () => assert.fail('it did not fail'),
      (reason: unknown) => reason,
    );
    gate.open();
    assert.ok(error instanceof WorkflowFailedError && error.cause instanceof ApplicationFailure, String(error));
    assert.equal(error.cause.type, 'RightsMissing');
    assert.match(
      error.cause.message,
      /^Cannot use bucket fire-pbt: it needs s3:PutObject \(docs\/storage\.md\)\nCannot put s3:\/\/.*AccessDenied/,
    );
  });
});
