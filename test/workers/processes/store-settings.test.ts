import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { connect, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { createServer } from 'node:tls';
import { after, before, describe, it } from 'node:test';
import { ObjectStore } from '../../../activities/storage/object-store.ts';
import { storeSettings } from '../../../workers/processes/store-settings.ts';
import { UserError } from '../../../workers/processes/user-error.ts';
import { startObjectServer, type ObjectServer } from '../../object-server.ts';

/** A key for 127.0.0.1 and a certificate that it has signed itself, valid until 2126: an authority nobody knows. */
const AUTHORITY = join(import.meta.dirname, 'own-authority.pem');

describe('AWS_CA_BUNDLE', () => {
  const pem = readFileSync(AUTHORITY);
  const tls = createServer({ key: pem, cert: pem });
  let objects: ObjectServer;

  before(async () => {
    objects = await startObjectServer();
    const { port } = new URL(objects.endpoint);
    tls.on('secureConnection', (client) => {
      const server = connect(Number(port), '127.0.0.1');
      client.on('error', () => server.destroy()).pipe(server);
      server.on('error', () => client.destroy()).pipe(client);
    });
    await once(tls.listen(0, '127.0.0.1'), 'listening');
  });
  after(async () => {
    tls.close();
    await objects.stop();
  });

  /** Creates a bucket through TLS, as a worker with this environment does. */
  async function createBucket(name: string, environment: NodeJS.ProcessEnv): Promise<void> {
    const endpoint = `https://127.0.0.1:${(tls.address() as AddressInfo).port}`;
    const store = new ObjectStore({ ...objects.options, endpoint, maxAttempts: 1, ...storeSettings(environment) });
    try {
      await store.ensureBucket(name);
    } finally {
      await store.close();
    }
  }

  it('lets a store be used whose certificate only that authority has signed', async () => {
    await assert.rejects(
      createBucket('refused', {}),
      /certificate is unknown \(DEPTH_ZERO_SELF_SIGNED_CERT\); AWS_CA_BUNDLE can/,
    );
    await createBucket('accepted', { AWS_CA_BUNDLE: AUTHORITY });
  });

  it('is refused in one line if it names no file', () => {
    assert.throws(
      () => storeSettings({ AWS_CA_BUNDLE: '/no/such.pem' }),
      (error) =>
        error instanceof UserError &&
        /^Cannot read the certificates that AWS_CA_BUNDLE names: ENOENT: .*\/no\/such\.pem'$/.test(error.message),
    );
  });
});
