import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { inspect, promisify } from 'node:util';
import { ObjectStore } from '../../../activities/storage/object-store.ts';
import { ObjectStoreError, type StoreTrouble } from '../../../activities/storage/store-errors.ts';
import { ACCESS_DENIED, startObjectGate, type GateError, type ObjectGate } from '../../object-gate.ts';
import { startObjectServer, type ObjectServer } from '../../object-server.ts';
import { whyNoSmallDisk } from '../../small-disk.ts';
import { startTcpProxy } from '../../tcp-proxy.ts';
import { freePort } from '../../../workers/processes/ports.ts';

const STORE = fileURLToPath(new URL('../../../activities/storage/object-store.ts', import.meta.url));

const BUCKET = 'objects';

describe('the object store', () => {
  let server: ObjectServer;
  let store: ObjectStore;

  before(async () => {
    server = await startObjectServer();
    store = new ObjectStore(server.options);
    await store.ensureBucket(BUCKET);
  });
  after(async () => {
    await store.close();
    await server.stop();
  });

  test('returns objects after they were put, replaced and put again', async () => {
    await store.put(BUCKET, 'a/b.bin', Uint8Array.of(1, 2, 3));
    await store.put(BUCKET, 'a/b.bin', Uint8Array.of(4, 5));
    assert.deepEqual([...(await store.get(BUCKET, 'a/b.bin'))], [4, 5]);
    await store.put(BUCKET, 'a/text.json', '{"ä":1}', 'application/json');
    assert.equal(Buffer.from(await store.get(BUCKET, 'a/text.json')).toString(), '{"ä":1}');
  });

  test('stores empty objects, and keys with percent signs, spaces and non-ASCII letters', async () => {
    for (const key of ['odd/100%25.bin', 'odd/with space+plus.bin', 'odd/ünïcode.bin', 'odd/empty.bin']) {
      const bytes = key.endsWith('empty.bin') ? new Uint8Array() : Uint8Array.of(7);
      await store.put(BUCKET, key, bytes);
      assert.deepEqual(await store.get(BUCKET, key), bytes, key);
    }
    assert.equal((await store.list(BUCKET, 'odd/')).length, 4);
  });

  test('distinguishes a missing object from an existing one', async () => {
    await store.put(BUCKET, 'here', Uint8Array.of(1));
    assert.equal(await store.exists(BUCKET, 'here'), true);
    assert.equal(await store.exists(BUCKET, 'not/here'), false);
    await assert.rejects(
      store.get(BUCKET, 'not/here'),
      troubled('missing-object', 'Cannot get s3://objects/not/here: there is no such object'),
    );
  });

  test('lists more than one page of a thousand objects in order, and deletes them all', async () => {
    const keys = Array.from({ length: 1005 }, (_, i) => `many/${String(i).padStart(5, '0')}`);
    for (let from = 0; from < keys.length; from += 50)
      await Promise.all(keys.slice(from, from + 50).map((key) => store.put(BUCKET, key, 'x')));
    assert.deepEqual(
      (await store.list(BUCKET, 'many/')).map(({ key }) => key),
      keys,
    );
    await store.delete(BUCKET, [...keys, 'many/never-was']);
    assert.deepEqual(await store.list(BUCKET, 'many/'), []);
  });

  test('creates a bucket once and finds it the next time', async () => {
    await store.ensureBucket('another-bucket');
    await store.ensureBucket('another-bucket');
    assert.deepEqual(await store.list('another-bucket', ''), []);
  });

  test('names a missing bucket', async () => {
    await assert.rejects(
      store.put('no-such-bucket', 'key', 'x'),
      troubled('missing-bucket', 'Cannot put s3://no-such-bucket/key: there is no such bucket'),
    );
    await assert.rejects(
      store.list('no-such-bucket', 'a/'),
      troubled('missing-bucket', 'Cannot list s3://no-such-bucket/a/*: there is no such bucket'),
    );
  });

  test('reports refused credentials without showing them', async () => {
    const credentials = { accessKeyId: 'WRONGACCESSKEY', secretAccessKey: 'wrong-and-secret-anyway' };
    const stranger = new ObjectStore({ ...server.options, credentials });
    await assert.rejects(stranger.get(BUCKET, 'here'), (error: unknown) => {
      assert.ok(troubled('denied', 'Cannot get s3://objects/here: the store refuses these credentials (')(error));
      const everything = inspect(error, { depth: 20, showHidden: true });
      for (const secret of Object.values(credentials)) assert.ok(!everything.includes(secret), everything);
      return true;
    });
  });

  test('reports missing credentials', async () => {
    const credentials = (): Promise<never> =>
      Promise.reject(
        Object.assign(new Error('Could not load credentials from any providers'), { name: 'CredentialsProviderError' }),
      );
    await assert.rejects(
      new ObjectStore({ ...server.options, credentials }).get(BUCKET, 'here'),
      troubled('no-credentials', 'Could not load credentials from any providers'),
    );
  });

  test('reports a store that does not answer', async () => {
    const port = await freePort();
    const gone = new ObjectStore({ ...server.options, endpoint: `http://127.0.0.1:${port}`, maxAttempts: 1 });
    await assert.rejects(
      gone.get(BUCKET, 'here'),
      troubled('unreachable', 'Cannot get s3://objects/here: the store does not answer (ECONNREFUSED)'),
    );
  });

  test(
    'reports a full disk, leaves no partial object, and writes again when there is space',
    { skip: whyNoSmallDisk() },
    async () => {
      const small = await startObjectServer({ diskBytes: 1_000_000 });
      const filling = new ObjectStore({ ...small.options, maxAttempts: 1 });
      try {
        await filling.ensureBucket(BUCKET);
        await filling.put(BUCKET, 'there', Uint8Array.of(1));
        const ballast = join(small.folder, 'ballast');
        writeFileSync(ballast, new Uint8Array(900_000));
        for (const key of ['there', 'new/one']) {
          await assert.rejects(
            filling.put(BUCKET, key, new Uint8Array(200_000)),
            troubled(
              'failing',
              `Cannot put s3://objects/${key}: the store fails (InternalError: Internal Error, HTTP 500): no ` +
                `space left on its disk, perhaps; its log says why`,
            ),
          );
        }
        assert.deepEqual(await filling.list(BUCKET, ''), [{ key: 'there', sizeBytes: 1 }]);
        rmSync(ballast);
        await filling.put(BUCKET, 'there', new Uint8Array(200_000));
        assert.equal((await filling.get(BUCKET, 'there')).byteLength, 200_000);
      } finally {
        await filling.close();
        await small.stop();
      }
    },
  );

  test('reports a reset connection, and reads and writes again when the network recovers', async () => {
    const proxy = await startTcpProxy(Number(new URL(server.endpoint).port));
    const far = new ObjectStore({ ...server.options, endpoint: `http://127.0.0.1:${proxy.port}`, maxAttempts: 1 });
    try {
      await proxy.reset(100_000);
      await assert.rejects(
        far.put(BUCKET, 'far', new Uint8Array(1_000_000).fill(1)),
        troubled('unreachable', 'Cannot put s3://objects/far: the store does not answer ('),
      );
      assert.equal(await store.exists(BUCKET, 'far'), false);
      await proxy.forward();
      await far.put(BUCKET, 'far', new Uint8Array(1_000_000).fill(1));
      await proxy.reset(100_000);
      await assert.rejects(
        far.get(BUCKET, 'far'),
        troubled('unreachable', 'Cannot get s3://objects/far: the store does not answer ('),
      );
      await proxy.refuse();
      await assert.rejects(
        far.get(BUCKET, 'far'),
        troubled('unreachable', 'Cannot get s3://objects/far: the store does not answer (ECONNREFUSED)'),
      );
      await proxy.forward();
      assert.equal((await far.get(BUCKET, 'far')).byteLength, 1_000_000);
    } finally {
      await far.close();
      await proxy.stop();
    }
  });

  describe('at a store that refuses', () => {
    let gate: ObjectGate;
    let gated: ObjectStore;
    before(async () => {
      gate = await startObjectGate(server);
      gated = new ObjectStore({ ...gate.server.options, maxAttempts: 1 });
    });
    after(async () => {
      await gated.close();
      await gate.stop();
    });

    const keys = ['refused/1', 'refused/2', 'refused/3'];
    const putAll = () => Promise.all(keys.map((key) => store.put(BUCKET, key, 'x')));

    const answers: readonly [GateError, StoreTrouble][] = [
      [ACCESS_DENIED, 'denied'],
      [{ status: 400, code: 'InvalidBucketName', message: 'The specified bucket is not valid.' }, 'refused'],
      [{ status: 301, code: 'PermanentRedirect', message: 'Use another endpoint.' }, 'refused'],
      [{ status: 501, code: 'NotImplemented', message: 'Not implemented.' }, 'refused'],
      [{ status: 400, code: 'ExpiredToken', message: 'The provided token has expired.' }, 'failing'],
      [{ status: 400, code: 'RequestTimeout', message: 'Your socket connection was idle.' }, 'failing'],
      [{ status: 429, code: 'TooManyRequests', message: 'Reduce your request rate.' }, 'failing'],
      [{ status: 503, code: 'SlowDown', message: 'Reduce your request rate.' }, 'failing'],
    ];
    for (const [answer, trouble] of answers)
      test(`tells ${trouble} from ${answer.code} (${answer.status})`, async () => {
        gate.refuse(() => answer);
        await assert.rejects(gated.put(BUCKET, 'refused/any', 'x'), (error: unknown) => {
          assert.ok(troubled(trouble, `Cannot put s3://${BUCKET}/refused/any: the store `)(error));
          assert.ok(error instanceof ObjectStoreError && error.message.includes(answer.code), inspect(error));
          assert.equal(error.isPermanent, trouble !== 'failing');
          return true;
        });
      });

    test('counts what it keeps, and says why', async () => {
      await putAll();
      gate.refuse(({ action }) => (action.startsWith('Delete') ? ACCESS_DENIED : undefined));
      const { kept, refusal } = await gated.deletePermitted(BUCKET, keys);
      assert.equal(kept, 3);
      troubled('denied', 'Cannot delete s3://objects/refused/1: the store refuses these credentials (')(refusal);
      await assert.rejects(gated.delete(BUCKET, keys), troubled('denied', 'Cannot delete s3://objects/refused/1'));
      assert.equal((await store.list(BUCKET, 'refused/')).length, 3);
    });

    for (const unknown of [
      { status: 400, code: 'InvalidRequest', message: 'Missing required header for this request: Content-MD5' },
      { status: 501, code: 'NotImplemented', message: 'A header you provided implies functionality not implemented' },
    ])
      test(`deletes one by one where a request about many is answered with ${unknown.code}`, async () => {
        await putAll();
        const fresh = new ObjectStore({ ...gate.server.options, maxAttempts: 1 });
        gate.refuse(({ action }) => (action === 'DeleteObjects' ? unknown : undefined));
        await fresh.delete(BUCKET, [...keys, 'refused/never-was']);
        assert.deepEqual(await store.list(BUCKET, 'refused/'), []);
        await fresh.close();
      });

    test('keeps the one object that it may not delete', async () => {
      await putAll();
      gate.refuse(({ action, key }) =>
        action === 'DeleteObjects'
          ? { status: 501, code: 'NotImplemented', message: 'Not implemented.' }
          : action === 'DeleteObject' && key === 'refused/2'
            ? ACCESS_DENIED
            : undefined,
      );
      const fresh = new ObjectStore({ ...gate.server.options, maxAttempts: 1 });
      assert.equal((await fresh.deletePermitted(BUCKET, keys)).kept, 1);
      assert.deepEqual(
        (await store.list(BUCKET, 'refused/')).map(({ key }) => key),
        ['refused/2'],
      );
      await fresh.close();
    });

    test('sends a digest with what it puts if the bucket demands one', async () => {
      gate.refuse(({ action, headers }) =>
        action === 'PutObject' && headers['content-md5'] === undefined
          ? {
              status: 400,
              code: 'InvalidRequest',
              message:
                'Content-MD5 OR x-amz-checksum- HTTP header is required for Put Object requests with Object Lock ' +
                'parameters',
            }
          : undefined,
      );
      const asked = gate.requests.length;
      await gated.put(BUCKET, 'locked/1', 'one');
      await gated.put(BUCKET, 'locked/2', Uint8Array.of(1, 2));
      assert.equal(gate.requests.length - asked, 3, 'the demand is made once');
      assert.equal(Buffer.from(await store.get(BUCKET, 'locked/1')).toString(), 'one');
    });
  });

  test('gets endpoint and credentials from the SDK’s environment, and addresses buckets by path', async () => {
    const source = `
      import { ObjectStore } from '${STORE}';
      const store = new ObjectStore();
      await store.put('${BUCKET}', 'from-environment', 'x');
      await store.close();`;
    const { AWS_REGION: _, ...environment } = server.environment;
    await promisify(execFile)(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', source], {
      env: {
        PATH: process.env.PATH,
        AWS_CONFIG_FILE: '/dev/null',
        AWS_SHARED_CREDENTIALS_FILE: '/dev/null',
        ...environment,
      },
    });
    assert.equal(await store.exists(BUCKET, 'from-environment'), true);
  });
});

function troubled(trouble: string, message: string) {
  return (error: unknown): boolean => {
    assert.ok(error instanceof ObjectStoreError, inspect(error));
    assert.equal(error.trouble, trouble, error.message);
    assert.ok(error.message.includes(message), error.message);
    return true;
  };
}
