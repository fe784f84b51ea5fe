import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { after, before, describe, test } from 'node:test';
import { inspect } from 'node:util';
import { ApplicationFailure } from '@temporalio/common';
import { ObjectStore } from '../../../activities/storage/object-store.ts';
import type { RunFolder } from '../../../activities/contracts/checkpoint.ts';
import { CHECKPOINT_CORRUPT, CheckpointStore } from '../../../activities/storage/checkpoints.ts';
import { startObjectServer, type ObjectServer } from '../../object-server.ts';

const location: RunFolder = { bucket: 'fire-pbt', folder: 'my-run/first' };

describe('the checkpoint store', () => {
  let server: ObjectServer;
  let objects: ObjectStore;

  before(async () => {
    server = await startObjectServer();
    objects = new ObjectStore(server.options);
    await objects.ensureBucket(location.bucket);
  });
  after(async () => {
    await objects.close();
    await server.stop();
  });

  /** A store that has nothing in memory: another trainer's. */
  const elsewhere = (): CheckpointStore => new CheckpointStore(objects);

  test('addresses a checkpoint by its content under the run’s prefix', async () => {
    const bytes = Uint8Array.of(1, 2, 3);
    const reference = await elsewhere().put(location, bytes, 200);
    const sha256 = createHash('sha256').update(bytes).digest('hex');
    assert.deepEqual(reference, {
      key: `my-run/first/checkpoints/${sha256}.safetensors`,
      sha256,
      sizeBytes: 3,
      step: 200,
    });
    assert.deepEqual(await elsewhere().get(location.bucket, reference), bytes);
    assert.deepEqual(await elsewhere().put(location, bytes, 200), reference);
  });

  test('refuses a checkpoint with one flipped bit, naming key and digests', async () => {
    const bytes = new Uint8Array(1000).fill(7);
    const reference = await elsewhere().put(location, bytes, 1);
    const flipped = bytes.slice();
    flipped[500] = 7 ^ 16;
    await objects.put(location.bucket, reference.key, flipped);
    const found = createHash('sha256').update(flipped).digest('hex');
    await assert.rejects(
      elsewhere().get(location.bucket, reference),
      corrupt([reference.key, reference.sha256, found, '1000 bytes']),
    );
  });

  test('refuses a truncated checkpoint', async () => {
    const reference = await elsewhere().put(location, new Uint8Array(1000).fill(8), 1);
    await objects.put(location.bucket, reference.key, new Uint8Array(999).fill(8));
    await assert.rejects(
      elsewhere().get(location.bucket, reference),
      corrupt(['expected 1000 bytes', 'got 999 bytes']),
    );
  });

  test('reports a missing checkpoint', async () => {
    const reference = await elsewhere().put(location, Uint8Array.of(9), 1);
    await objects.delete(location.bucket, [reference.key]);
    assert.equal(await elsewhere().findDamage(location.bucket, reference), 'it is missing');
    await assert.rejects(elsewhere().get(location.bucket, reference), {
      type: 'CheckpointMissing',
      nonRetryable: true,
      message: new RegExp(
        `^Cannot use checkpoint s3://${location.bucket}/${reference.key}: it is missing\\. Restore the object and ` +
          'resume the run, or reset its root to its first task: ',
      ),
    });
  });

  test('replaces a truncated or altered object under the same key', async () => {
    const bytes = new Uint8Array(100).fill(3);
    const reference = await elsewhere().put(location, bytes, 1);
    for (const left of [bytes.slice(0, 50), new Uint8Array(100).fill(4)]) {
      await objects.put(location.bucket, reference.key, left);
      assert.deepEqual(await elsewhere().put(location, bytes, 1), reference);
      assert.deepEqual(await elsewhere().get(location.bucket, reference), bytes);
    }
  });

  test('serves cached checkpoints as copies, so that a caller cannot change them', async () => {
    const store = elsewhere();
    const reference = await store.put(location, Uint8Array.of(5, 5, 5), 1);
    await objects.delete(location.bucket, [reference.key]);
    const first = await store.get(location.bucket, reference);
    first[1] = 0;
    assert.deepEqual([...(await store.get(location.bucket, reference))], [5, 5, 5]);
  });

  test('limits its memory and drops the least recently used checkpoints', async () => {
    const store = new CheckpointStore(objects, 20);
    const [a, b] = [
      await store.put(location, new Uint8Array(10).fill(1), 1),
      await store.put(location, new Uint8Array(10).fill(2), 1),
    ];
    await store.get(location.bucket, a);
    const c = await store.put(location, new Uint8Array(10).fill(3), 1);
    await objects.delete(location.bucket, [a.key, b.key, c.key]);
    assert.equal((await store.get(location.bucket, a))[0], 1);
    assert.equal((await store.get(location.bucket, c))[0], 3);
    await assert.rejects(store.get(location.bucket, b), { type: 'CheckpointMissing' });
  });

  test('gives the newest large checkpoint away once, without a copy', async () => {
    const store = new CheckpointStore(objects, 20);
    const bytes = new Uint8Array(21).fill(4);
    const reference = await store.put(location, bytes, 1);
    await store.put(location, new Uint8Array(22), 1, 10);
    await objects.delete(location.bucket, [reference.key]);
    assert.equal(await store.get(location.bucket, reference), bytes);
    await assert.rejects(store.get(location.bucket, reference), { type: 'CheckpointMissing' });
  });

  test('keeps a large checkpoint no longer than until another one is asked for', async () => {
    const store = new CheckpointStore(objects, 20);
    const other = await elsewhere().put(location, new Uint8Array(30).fill(6), 1);
    const reference = await store.put(location, new Uint8Array(21).fill(5), 1);
    await objects.delete(location.bucket, [reference.key]);
    await store.get(location.bucket, other);
    await assert.rejects(store.get(location.bucket, reference), { type: 'CheckpointMissing' });
  });
});

function corrupt(parts: readonly string[]) {
  return (error: unknown): boolean => {
    assert.ok(error instanceof ApplicationFailure, inspect(error));
    assert.equal(error.type, CHECKPOINT_CORRUPT);
    assert.equal(error.nonRetryable, true);
    for (const part of parts) assert.ok(error.message.includes(part), `${error.message} should include ${part}`);
    return true;
  };
}
