import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readdirSync } from 'node:fs';
import { after, before, beforeEach, describe, test } from 'node:test';
import { ObjectStore } from '../../../activities/storage/object-store.ts';
import { ACCESS_DENIED, startObjectGate, type GatedRequest, type ObjectGate } from '../../object-gate.ts';
import { startObjectServer, type ObjectServer } from '../../object-server.ts';
import { startTcpProxy } from '../../tcp-proxy.ts';

const BUCKET = 'large';
const PART_BYTES = 100_000;

describe('an object that is larger than a part', () => {
  /** Two and a half parts that differ. */
  const bytes = Uint8Array.from({ length: 2.5 * PART_BYTES }, (_, index) => (index * 2654435761) >>> 24);
  const measured = { bytes, sha256: createHash('sha256').update(bytes).digest('hex') };
  let server: ObjectServer;
  let gate: ObjectGate;
  let store: ObjectStore;

  before(async () => {
    server = await startObjectServer();
    gate = await startObjectGate(server);
    store = new ObjectStore({ ...gate.server.options, maxAttempts: 1 }, PART_BYTES);
    await store.ensureBucket(BUCKET);
  });
  beforeEach(() => {
    gate.open();
    gate.requests.length = 0;
  });
  after(async () => {
    await store.close();
    await gate.stop();
    await server.stop();
  });

  const count = (action: GatedRequest['action']): number =>
    gate.requests.filter((request) => request.action === action).length;
  /** Names of all files of the server, those of unfinished uploads included. */
  const files = (): string[] =>
    readdirSync(server.folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map(({ name }) => name);

  test('is written and read in parts, with its digest', async () => {
    await store.put(BUCKET, 'a/parts.bin', bytes);
    assert.equal(count('UploadPart'), 3);
    assert.deepEqual(await store.getMeasured(BUCKET, 'a/parts.bin', bytes.byteLength), measured);
    assert.equal(count('GetObject'), 3);
    assert.deepEqual(await store.get(BUCKET, 'a/parts.bin'), bytes);
    await store.put(BUCKET, 'a/whole.bin', bytes.subarray(0, PART_BYTES));
    assert.deepEqual([count('PutObject'), count('CreateMultipartUpload')], [1, 1], 'one part is put whole');
  });

  test('is read whole if it has another size than expected', async () => {
    await store.put(BUCKET, 'a/parts.bin', bytes);
    for (const expected of [1, bytes.byteLength - 1, bytes.byteLength + 1])
      assert.deepEqual(await store.getMeasured(BUCKET, 'a/parts.bin', expected), measured);
    assert.equal(count('GetObject'), 3);
    await assert.rejects(store.getMeasured(BUCKET, 'a/none', bytes.byteLength), { trouble: 'missing-object' });
  });

  test('does not appear, and leaves nothing, if a part or the end is refused', async () => {
    const before = files();
    for (const refused of ['UploadPart', 'CompleteMultipartUpload'] as const) {
      let seen = 0;
      gate.refuse(({ action }) => (action === refused && ++seen === 1 ? ACCESS_DENIED : undefined));
      await assert.rejects(store.put(BUCKET, 'refused.bin', bytes), {
        trouble: 'denied',
        message: /^Cannot put s3:\/\/large\/refused\.bin: /,
      });
      assert.deepEqual(files(), before);
    }
    assert.equal(count('AbortMultipartUpload'), 2);
    await store.put(BUCKET, 'refused.bin', bytes);
  });

  test('reports why it was not written even if the store does not drop its parts', async () => {
    gate.refuse(({ action }) =>
      action === 'UploadPart'
        ? { status: 404, code: 'NoSuchUpload', message: 'It is gone.' }
        : action === 'AbortMultipartUpload'
          ? ACCESS_DENIED
          : undefined,
    );
    await assert.rejects(store.put(BUCKET, 'lost.bin', bytes), { trouble: 'failing', message: /NoSuchUpload/ });
  });

  test('is written by sending again only the part that was lost', async () => {
    const patient = new ObjectStore({ ...gate.server.options, maxAttempts: 2 }, PART_BYTES);
    let refusals = 0;
    gate.refuse(({ action }) =>
      action === 'UploadPart' && refusals++ === 0
        ? { status: 503, code: 'SlowDown', message: 'Reduce your request rate.' }
        : undefined,
    );
    await patient.put(BUCKET, 'retried.bin', bytes);
    assert.equal(count('UploadPart'), 4);
    assert.deepEqual(await patient.get(BUCKET, 'retried.bin'), bytes);
    await patient.close();
  });

  test('is written with a digest of every part if the bucket demands one', async () => {
    gate.refuse(({ action, headers }) =>
      action === 'UploadPart' && headers['content-md5'] === undefined
        ? { status: 400, code: 'InvalidRequest', message: 'Content-MD5 HTTP header is required for Put Part requests' }
        : undefined,
    );
    const locked = new ObjectStore({ ...gate.server.options, maxAttempts: 1 }, PART_BYTES);
    await locked.put(BUCKET, 'locked.bin', bytes);
    assert.deepEqual(await locked.get(BUCKET, 'locked.bin'), bytes);
    await locked.close();
  });

  test('is read by asking again only for the part that broke off', async () => {
    await store.put(BUCKET, 'a/parts.bin', bytes);
    await store.put(BUCKET, 'a/one.bin', bytes.subarray(0, PART_BYTES));
    const proxy = await startTcpProxy(Number(new URL(gate.server.endpoint).port));
    const endpoint = `http://127.0.0.1:${proxy.port}`;
    const far = new ObjectStore({ ...server.options, endpoint, maxAttempts: 1 }, PART_BYTES);
    try {
      // The first connection breaks off within its next part; a third read of a part has a connection of its own.
      await proxy.reset(1.5 * PART_BYTES);
      await far.get(BUCKET, 'a/one.bin');
      gate.requests.length = 0;
      const parts = bytes.subarray(0, 2 * PART_BYTES);
      await store.put(BUCKET, 'a/two.bin', parts);
      assert.deepEqual((await far.getMeasured(BUCKET, 'a/two.bin', parts.byteLength)).bytes, parts);
      assert.ok(count('GetObject') > 2, 'a part broke off');
    } finally {
      await far.close();
      await proxy.stop();
    }
  });
});
