import { after, before, describe, it } from 'node:test';
import assert from 'node:assert/strict';
import { WorkflowFailedError } from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
import type { ResultSummary } from '../../../activities/contracts/result.ts';
import { decisionsKey } from '../../../activities/storage/layout.ts';
import { progressQuery, resumeUpdate } from '../../../workflows/messages.ts';
import { ACCESS_DENIED, startObjectGate } from '../../object-gate.ts';
import type { ObjectGate } from '../../object-gate.ts';
import { startObjectServer } from '../../object-server.ts';
import type { ObjectServer } from '../../object-server.ts';
import { SMALL } from '../../small-run.ts';
import { poll } from '../../workers/eventually.ts';
import { startStoredRuns } from '../stored-runs.ts';
import type { StoredRuns } from '../stored-runs.ts';

describe('a run whose store refuses something', { timeout: 200_000 }, () => {
  let server: ObjectServer;
  let gate: ObjectGate;
  let runs: StoredRuns;
  let undisturbed: ResultSummary;
  before(async () => {
    server = await startObjectServer();
    gate = await startObjectGate(server);
    runs = await startStoredRuns({ on: gate.server, cacheBytes: 0 });
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
    await reset(workflowId);
    const result = (await runs.client.workflow.getHandle(workflowId).result()) as ResultSummary;
    assertSame(result);
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

  it('holds while it may not write, and says what to do; once it is resumed it reaches the same result', async () => {
    const workflowId = 'may-not-write';
    gate.refuse(({ action, key }) =>
      action === 'PutObject' && /^may-not-write\/.*\/(checkpoints\/|rounds\/000004\/P2)/.test(key)
        ? ACCESS_DENIED
        : undefined,
    );
    const handle = await runs.start(workflowId);
    const training = await runs.reached(workflowId, ({ holds }) => holds.length >= 8);
    assert.equal(training.status, 'holding');
    for (const hold of training.holds)
      assert.match(
        hold,
        /^P\d\/member-\d in round 1: Cannot put s3:.*\/may-not-write\/.*AccessDenied.*\. Grant s3:PutObject there/,
      );
    gate.refuse(({ action, key }) =>
      action === 'PutObject' && /^may-not-write\/.*\/(rounds\/000004\/P2|result\/result)/.test(key)
        ? ACCESS_DENIED
        : undefined,
    );
    await handle.executeUpdate(resumeUpdate);
    const recording = await runs.reached(workflowId, ({ holds, round }) => round > 1 && holds.length > 0);
    assert.match(recording.holds[0] ?? '', /^P2 in round 4: record the round: Cannot put .*rounds\/000004\/P2\.json: /);
    gate.refuse(({ action, key }) =>
      action === 'PutObject' && /^may-not-write\/.*\/result\/result/.test(key) ? ACCESS_DENIED : undefined,
    );
    await handle.executeUpdate(resumeUpdate);
    const finishing = await runs.reached(workflowId, ({ holds, round }) => round === 8 && holds.length > 0);
    assert.equal(finishing.status, 'holding');
    assert.match(finishing.holds[0] ?? '', /^write the result: Cannot put s3:.*result\/result\.json: /);
    gate.open();
    await handle.executeUpdate(resumeUpdate);
    assertSame(await handle.result());
  });

  it('holds if a checkpoint is gone; a reset goes back to the newest round whose checkpoints are whole', async () => {
    const workflowId = 'checkpoint-gone';
    let gone = '';
    gate.open();
    runs.script.beforeTraining = async ({ storage, worker, fromStep, checkpoint }) => {
      const isIt = storage.folder.startsWith(`${workflowId}/`) && fromStep === 4 * SMALL.stepsPerRound;
      if (!isIt || gone !== '' || worker.subPopulation !== 1 || checkpoint === null) return;
      gone = checkpoint.key;
      await runs.objects.delete(storage.bucket, [gone]);
    };
    await runs.start(workflowId);
    const { holds } = await runs.reached(workflowId, (progress) => progress.holds.length > 0);
    delete runs.script.beforeTraining;
    assert.match(
      holds[0] ?? '',
      /round 5: Cannot use checkpoint s3:.*: it is missing\. .*reset its root to its first task/,
    );
    await reset(workflowId);
    const handle = runs.client.workflow.getHandle(workflowId);
    assertSame((await handle.result()) as ResultSummary);
    const { warnings } = await handle.query(progressQuery);
    assert.deepEqual(warnings.slice(0, 2), [
      `Refused record ${gone}: it is missing`,
      'Resumes from round 3: see the refused records',
    ]);
  });

  it('loses the story of a round whose decisions are lost, and nothing else', async () => {
    const workflowId = 'decisions-lost';
    gate.open();
    let lost = '';
    runs.script.beforeTraining = async ({ storage, fromStep }) => {
      if (!storage.folder.startsWith(`${workflowId}/`) || fromStep < 5 * SMALL.stepsPerRound || lost !== '') return;
      lost = decisionsKey(storage, 2, 2);
      await runs.objects.delete(storage.bucket, [lost]);
    };
    const handle = await runs.start(workflowId);
    const result = await handle.result();
    delete runs.script.beforeTraining;
    assert.deepEqual([result.decisionsSha256, result.lost], [null, [`${lost}: it is missing`]]);
    assert.equal(result.winner.checkpoint.sha256, undisturbed.winner.checkpoint.sha256);
    assert.deepEqual(result.verdicts, undisturbed.verdicts);
    const { warnings } = await handle.query(progressQuery);
    assert.ok(warnings.includes(`Lost decisions ${lost}: it is missing`), warnings.join('\n'));
  });

  function assertSame(result: ResultSummary): void {
    assert.deepEqual(
      [result.decisionsSha256, result.winner.checkpoint.sha256],
      [undisturbed.decisionsSha256, undisturbed.winner.checkpoint.sha256],
    );
  }

  async function reset(workflowId: string): Promise<void> {
    const { code, stderr } = await runs.temporal(
      ...['workflow', 'reset', '--workflow-id', workflowId, '--type', 'FirstWorkflowTask', '--reason', 'test'],
    );
    assert.equal(code, 0, stderr);
  }
});
