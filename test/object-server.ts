/**
 * A real S3-compatible server of a test's own: on a free port, its objects in a new folder.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { S3ClientConfig } from '@aws-sdk/client-s3';
import { HOST } from '../workers/processes/ports.ts';
import { answers, objectServerArguments, objectServerCredentials } from '../workers/stack/object-server.ts';
import { findProgram } from '../workers/processes/programs.ts';
import { startOnFreePort, startServerProcess } from './server-process.ts';
import { asSeenBy, onSmallDisk } from './small-disk.ts';

const CREDENTIALS = { accessKey: 'TESTACCESSKEY', secretKey: 'a-secret-of-the-tests' };
const REGION = 'us-east-1';

export interface ObjectServer {
  readonly endpoint: string;
  /** What an `ObjectStore` needs to reach it. */
  readonly options: S3ClientConfig;
  /** The same for processes, as the AWS SDK reads it from the environment. */
  readonly environment: Readonly<Record<string, string>>;
  /** Where the objects lie as files: `<folder>/<bucket>/<key>`. */
  readonly folder: string;
  /** Ends the server and removes the objects. */
  readonly stop: () => Promise<void>;
}

/** Path of rclone: the one that set-up installed, else the one on the PATH. */
export function rcloneCommand(): string {
  return findProgram('rclone', process.env);
}

/** Starts a server and waits until it answers; `diskBytes` gives its objects a disk of that size, which fills up. */
export async function startObjectServer({ diskBytes }: { readonly diskBytes?: number } = {}): Promise<ObjectServer> {
  const folder = await mkdtemp(join(tmpdir(), 'fire-pbt-objects-'));
  const { port, server } = await startOnFreePort((free) => {
    const rclone = { command: rcloneCommand(), args: objectServerArguments(free, folder) };
    const program = diskBytes === undefined ? rclone : onSmallDisk(diskBytes, folder, rclone.command, rclone.args);
    return startServerProcess({ ...program, env: objectServerCredentials(CREDENTIALS) }, () =>
      answers(`http://${HOST}:${free}`),
    );
  });
  const endpoint = `http://${HOST}:${port}`;
  const { accessKey, secretKey } = CREDENTIALS;
  return {
    endpoint,
    folder: diskBytes === undefined ? folder : asSeenBy(server.pid, folder),
    options: { endpoint, region: REGION, credentials: { accessKeyId: accessKey, secretAccessKey: secretKey } },
    environment: {
      AWS_ENDPOINT_URL_S3: endpoint,
      AWS_REGION: REGION,
      AWS_ACCESS_KEY_ID: accessKey,
      AWS_SECRET_ACCESS_KEY: secretKey,
    },
    stop: async () => {
      await server.end('SIGTERM');
      await rm(folder, { recursive: true, force: true });
    },
  };
}
