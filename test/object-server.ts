/**
 * A real S3-compatible server of a test's own: its objects in a new folder, on a free port, both gone with the test.
 */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { S3ClientConfig } from '@aws-sdk/client-s3';
import { asSeenBy, onSmallDisk } from './small-disk.ts';
import { freePort } from './temporal-server.ts';

const ACCESS_KEY = 'TESTACCESSKEY';
const SECRET_KEY = 'a-secret-of-the-tests';
const PROBE_INTERVAL_MS = 20;

export interface ObjectServer {
  readonly endpoint: string;
  /** What an `ObjectStore` needs to reach it. */
  readonly options: S3ClientConfig;
  /** The same for processes, as the AWS SDK reads it from the environment. */
  readonly environment: Readonly<Record<string, string>>;
  /** Where the objects lie as files: `<folder>/<bucket>/<key>`. */
  readonly folder: string;
  /** Ends the server, and with it the objects. */
  readonly stop: () => Promise<void>;
}

/** Path of rclone: the one that set-up installed, else the one on the PATH. */
export function rcloneCommand(): string {
  const installed = fileURLToPath(new URL('../.local/bin/rclone', import.meta.url));
  return existsSync(installed) ? installed : 'rclone';
}

/** Starts a server and waits until it answers; `diskBytes` gives its objects a disk of that size, which fills up. */
export async function startObjectServer({ diskBytes }: { readonly diskBytes?: number } = {}): Promise<ObjectServer> {
  const folder = await mkdtemp(join(tmpdir(), 'fire-pbt-objects-'));
  const port = await freePort();
  const endpoint = `http://127.0.0.1:${port}`;
  const rclone = {
    command: rcloneCommand(),
    args: ['serve', 's3', '--config', '/dev/null', '--addr', `127.0.0.1:${port}`, folder],
  };
  const { command, args } =
    diskBytes === undefined ? rclone : onSmallDisk(diskBytes, folder, rclone.command, rclone.args);
  const server = spawn(command, args, {
    stdio: 'ignore',
    // Quoted, because the variable is a comma-separated list of pairs.
    env: { ...process.env, RCLONE_AUTH_KEY: `"${ACCESS_KEY},${SECRET_KEY}"` },
  });
  let failure: Error | undefined;
  server.once('error', (error) => {
    failure = error;
  });
  const ended = new Promise<void>((resolve) => server.once('close', () => resolve()));
  while (!(await answers(endpoint))) {
    if (failure) throw failure;
    if (server.exitCode !== null) throw new Error(`Object server on ${endpoint} ended with code ${server.exitCode}`);
    await delay(PROBE_INTERVAL_MS);
  }
  return {
    endpoint,
    folder: diskBytes === undefined ? folder : asSeenBy(server.pid ?? 0, folder),
    options: { endpoint, region: 'us-east-1', credentials: { accessKeyId: ACCESS_KEY, secretAccessKey: SECRET_KEY } },
    environment: {
      AWS_ENDPOINT_URL_S3: endpoint,
      AWS_REGION: 'us-east-1',
      AWS_ACCESS_KEY_ID: ACCESS_KEY,
      AWS_SECRET_ACCESS_KEY: SECRET_KEY,
    },
    stop: async () => {
      server.kill('SIGTERM');
      await ended;
      await rm(folder, { recursive: true, force: true });
    },
  };
}

async function answers(endpoint: string): Promise<boolean> {
  try {
    await fetch(endpoint);
    return true;
  } catch {
    return false;
  }
}
