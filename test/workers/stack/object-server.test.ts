import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { ObjectStore } from '../../../activities/storage/object-store.ts';
import { SupervisedProcess } from '../../../workers/processes/supervised-process.ts';
import { answers, checkOwnStorage, planObjectServer } from '../../../workers/stack/object-server.ts';
import { rcloneCommand, startObjectServer } from '../../object-server.ts';
import { ClaimedPorts, freePort } from '../../../workers/processes/ports.ts';
import { eventually } from '../eventually.ts';

const OBJECT_BYTES = 100_000_000;

describe('the S3 server of the stack', () => {
  it('removes a partially written object when it is started again after a kill, while the stack goes on', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'fire-pbt-s3-'));
    const { folder, process: plan, endpoint, environment } = await planIn(directory);
    const bucket = join(folder, 'bucket');
    mkdirSync(bucket);
    const server = new SupervisedProcess(plan, { say: () => undefined, changed: () => undefined });
    const credentials = {
      accessKeyId: environment['AWS_ACCESS_KEY_ID'] ?? '',
      secretAccessKey: environment['AWS_SECRET_ACCESS_KEY'] ?? '',
    };
    const store = new ObjectStore({ endpoint, region: 'us-east-1', credentials, maxAttempts: 1 });
    try {
      await server.start(() => answers(endpoint), 20_000);
      await store.put('bucket', 'whole', 'x');
      const interrupted = assert.rejects(store.put('bucket', 'half', new Uint8Array(OBJECT_BYTES)), {
        name: 'ObjectStoreError',
      });
      await eventually(() => readdirSync(bucket).length > 1, 20_000, 1);
      const killed = server.pid;
      server.kill();
      await interrupted;
      assert.equal(readdirSync(bucket).length, 2);
      await eventually(async () => server.pid !== killed && (await answers(endpoint)));
      assert.deepEqual(readdirSync(bucket), ['whole']);
      await store.put('bucket', 'half', 'y');
      assert.equal(Buffer.from(await store.get('bucket', 'whole')).toString(), 'x');
    } finally {
      await server.stop(0);
      await store.close();
      rmSync(directory, { recursive: true });
    }
  });
});

describe('the user’s own S3', () => {
  it('is the one that the environment of the options names, not that of this process', async () => {
    const server = await startObjectServer();
    try {
      await checkOwnStorage('no-bucket-yet', { ...process.env, ...server.environment });
      const wrong = { ...process.env, ...server.environment, AWS_SECRET_ACCESS_KEY: 'another' };
      await assert.rejects(checkOwnStorage('no-bucket-yet', wrong), {
        name: 'UserError',
        message:
          /^Cannot use your S3: Cannot list s3:\/\/no-bucket-yet\/[^\n]+ the store refuses these credentials [^\n]+$/,
      });
    } finally {
      await server.stop();
    }
  });
});

async function planIn(directory: string): ReturnType<typeof planObjectServer> {
  return planObjectServer({
    program: rcloneCommand(),
    stateDirectory: directory,
    logDirectory: directory,
    environment: process.env,
    port: await freePort(),
    ports: new ClaimedPorts(),
  });
}
