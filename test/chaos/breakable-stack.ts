/**
 * A stack whose servers a test can take away for as long as it wants: a Temporal server with its state in a file, and
 * an S3 server behind a proxy, on a small disk where asked. Its workers are supervised as everywhere.
 */
import { join } from 'node:path';
import type { Client } from '@temporalio/client';
import { startStack } from '../../workers/stack/local-stack.ts';
import type { LocalStack } from '../../workers/stack/local-stack.ts';
import { connectClient } from '../../workers/processes/temporal-connection.ts';
import { startObjectServer } from '../object-server.ts';
import type { ObjectServer } from '../object-server.ts';
import { startTcpProxy } from '../tcp-proxy.ts';
import type { TcpProxy } from '../tcp-proxy.ts';
import { freePort } from '../../workers/processes/ports.ts';
import { startTemporalServer } from '../temporal-server.ts';

export interface BreakableStack {
  readonly stack: LocalStack;
  readonly client: Client;
  readonly objects: ObjectServer;
  /** Everything between the workers and S3. */
  readonly s3: TcpProxy;
  /** Kills the Temporal server, and starts it again on the same port and file once the promise resolves. */
  readonly withoutTemporal: (until: () => Promise<void>) => Promise<void>;
  readonly stop: () => Promise<void>;
}

/** Starts one. The process's own AWS settings lead to its S3 from then on: where the SDK of this process looks. */
export async function startBreakableStack({
  directory,
  diskBytes,
  say,
}: {
  readonly directory: string;
  readonly diskBytes?: number;
  readonly say?: (line: string) => void;
}): Promise<BreakableStack> {
  const objects = await startObjectServer(diskBytes === undefined ? {} : { diskBytes });
  const s3 = await startTcpProxy(Number(new URL(objects.endpoint).port));
  const server = { port: await freePort(), databaseFile: join(directory, 'temporal.db') };
  let temporal = await startTemporalServer([], server);
  Object.assign(process.env, objects.environment, { AWS_ENDPOINT_URL_S3: `http://127.0.0.1:${s3.port}` });
  const environment = { ...process.env, TEMPORAL_ADDRESS: temporal.address };
  const stack = await startStack({
    directory,
    trainers: 2,
    temporal: 'own',
    s3: 'own',
    environment,
    ...(say ? { say } : {}),
  });
  const { client, connection } = await connectClient(environment);
  return {
    stack,
    client,
    objects,
    s3,
    withoutTemporal: async (until) => {
      await temporal.kill();
      await until();
      temporal = await startTemporalServer([], server);
    },
    stop: async () => {
      await stack.stop();
      await connection.close();
      await temporal.stop();
      await s3.stop();
      await objects.stop();
    },
  };
}
