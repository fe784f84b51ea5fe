import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { ApplicationFailure } from '@temporalio/common';
import { ObjectStore } from '../../../activities/storage/object-store.ts';
import { requireRights } from '../../../activities/storage/rights.ts';
import { ObjectStoreError } from '../../../activities/storage/store-errors.ts';
import { ACCESS_DENIED, startObjectGate, type GatedRequest, type ObjectGate } from '../../object-gate.ts';
import { startObjectServer, type ObjectServer } from '../../object-server.ts';

const FOLDER = { bucket: 'rights', folder: 'my-run/first' };

describe('the rights that a run needs', () => {
  let server: ObjectServer;
  let gate: ObjectGate;
  let objects: ObjectStore;
  before(async () => {
    server = await startObjectServer();
    gate = await startObjectGate(server);
    objects = new ObjectStore({ ...gate.server.options, maxAttempts: 1 });
    await objects.ensureBucket(FOLDER.bucket);
  });
  after(async () => {
    await objects.close();
    await gate.stop();
    await server.stop();
  });

  const without = (...actions: readonly GatedRequest['action'][]): void =>
    gate.refuse(({ action }) => (actions.includes(action) ? ACCESS_DENIED : undefined));

  it('are tried without leaving anything', async () => {
    gate.open();
    assert.deepEqual(await requireRights(objects, FOLDER, 1000), []);
    assert.deepEqual(await objects.list(FOLDER.bucket, ''), []);
  });

  const cases: readonly (readonly [readonly GatedRequest['action'][], string])[] = [
    [['PutObject'], 's3:PutObject'],
    [['GetObject'], 's3:GetObject'],
    [['ListObjectsV2'], 's3:ListBucket'],
    [['ListObjectsV2', 'GetObject', 'DeleteObject', 'DeleteObjects'], 's3:ListBucket and s3:GetObject'],
  ];
  for (const [actions, rights] of cases)
    it(`are named if they are missing: ${rights}`, async () => {
      without(...actions);
      await assert.rejects(requireRights(objects, FOLDER, 1000), (error: unknown) => {
        assert.ok(error instanceof ApplicationFailure && error.nonRetryable);
        assert.equal(error.type, 'RightsMissing');
        const [first, ...refusals] = error.message.split('\n');
        assert.equal(first, `Cannot use bucket rights: it needs ${rights} (docs/storage.md)`);
        assert.equal(refusals.length, rights.split(' and ').length);
        for (const one of refusals) assert.match(one, /^Cannot \w+ s3:\/\/rights\/my-run\/first\/.*AccessDenied/);
        return true;
      });
    });

  it('need not include deletion: a warning says what that costs', async () => {
    without('DeleteObject', 'DeleteObjects');
    const warnings = await requireRights(objects, FOLDER, 1000);
    assert.equal(warnings.length, 1);
    assert.match(
      warnings[0] ?? '',
      /^Cannot delete s3:\/\/rights\/my-run\/first\/rights\.txt: .*AccessDenied.* there is the right s3:DeleteObject/,
    );
  });

  it('include large objects only if checkpoints are large', async () => {
    const checkpointBytes = 200e6;
    gate.open();
    assert.deepEqual(await requireRights(objects, FOLDER, checkpointBytes), []);
    without('CreateMultipartUpload');
    assert.deepEqual(await requireRights(objects, FOLDER, 1000), []);
    for (const size of [checkpointBytes, null])
      await assert.rejects(requireRights(objects, FOLDER, size), {
        type: 'RightsMissing',
        message: /^Cannot use bucket rights: it needs s3:PutObject \(docs\/storage\.md\)\nCannot put s3:\/\/rights/,
      });
    without('AbortMultipartUpload');
    const [warning, ...others] = await requireRights(objects, FOLDER, checkpointBytes);
    assert.deepEqual(others, []);
    assert.match(
      warning ?? '',
      /^Cannot abort the upload of s3:\/\/rights\/my-run\/first\/rights\.txt: .*right s3:AbortMultipartUpload/,
    );
  });

  it('are tried again later if the store is in trouble', async () => {
    gate.refuse(() => ({ status: 503, code: 'SlowDown', message: 'Reduce your request rate.' }));
    await assert.rejects(requireRights(objects, FOLDER, 1000), (error: unknown) => error instanceof ObjectStoreError);
    gate.refuse(({ action }) =>
      action.startsWith('Delete') ? { status: 500, code: 'InternalError', message: 'Try again.' } : undefined,
    );
    assert.deepEqual(await requireRights(objects, FOLDER, 1000), [], 'no run waits for a deletion');
  });

  it('include looking at a part of a bucket only', async () => {
    without('HeadBucket');
    await objects.ensureBucket(FOLDER.bucket);
    assert.deepEqual(await requireRights(objects, FOLDER, 1000), []);
  });
});
