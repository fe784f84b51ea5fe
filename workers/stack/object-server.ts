/**
 * The S3-compatible server of the stack. It stores objects as files in a folder and has its own credentials.
 */
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { S3ClientConfig } from '@aws-sdk/client-s3';
import { ObjectStore } from '../../activities/storage/object-store.ts';
import { ObjectStoreError } from '../../activities/storage/store-errors.ts';
import { UserError, reasonOf } from '../processes/user-error.ts';
import { HOST, describePortChange } from '../processes/ports.ts';
import type { ClaimedPorts } from '../processes/ports.ts';
import { nodeArguments } from '../processes/places.mjs';
import type { StackRecord } from './running-stack.ts';
import type { ProcessPlan } from '../processes/supervised-process.ts';
import { storeSettings } from '../processes/store-settings.ts';

const DEFAULT_PORT = 9000;
const REGION = 'us-east-1';
const PROBE_TIMEOUT_MS = 2_000;
const PROBE = 'workers/stack/storage-probe.ts';

export interface ObjectServerPlan {
  readonly process: ProcessPlan;
  readonly endpoint: string;
  /** File in the format of the AWS SDK. Only this user can read it. */
  readonly credentialsFile: string;
  /** Folder with the objects as files, `<bucket>/<key>`. */
  readonly folder: string;
  /** Line that says which port replaces the preferred one; undefined if the preferred port was free. */
  readonly portChange: string | undefined;
  /** Environment in which a process finds this server. Variables that name another server are undefined. */
  readonly environment: NodeJS.ProcessEnv;
}

export interface ObjectServerOptions {
  readonly program: string;
  readonly stateDirectory: string;
  readonly logDirectory: string;
  readonly environment: NodeJS.ProcessEnv;
  /** Has the server's port from now on. */
  readonly ports: ClaimedPorts;
  readonly port?: number | undefined;
}

/**
 * Claims a port, creates the folder and the credentials if they do not exist, and builds the command line. Before each
 * start of the server, the temporary files of one that was killed are removed.
 */
export async function planObjectServer({
  program,
  stateDirectory,
  logDirectory,
  environment,
  ports,
  port: wanted = DEFAULT_PORT,
}: ObjectServerOptions): Promise<ObjectServerPlan> {
  const port = await ports.claim(wanted);
  const endpoint = `http://${HOST}:${port}`;
  const folder = join(stateDirectory, 'objects');
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const credentialsFile = join(stateDirectory, 's3-credentials');
  const { accessKey, secretKey } = readCredentials(credentialsFile);
  return {
    process: {
      name: 's3',
      command: program,
      args: objectServerArguments(port, folder),
      env: { ...environment, ...objectServerCredentials({ accessKey, secretKey }) },
      cwd: stateDirectory,
      logFile: join(logDirectory, 's3-server.log'),
      prepare: () => removePartialFiles(folder),
    },
    endpoint,
    credentialsFile,
    folder,
    portChange: describePortChange('S3', wanted, port),
    environment: {
      ...Object.fromEntries(
        Object.keys(environment)
          .filter((name) => name.startsWith('AWS_'))
          .map((name) => [name, undefined]),
      ),
      AWS_ENDPOINT_URL_S3: endpoint,
      AWS_REGION: REGION,
      AWS_ACCESS_KEY_ID: accessKey,
      AWS_SECRET_ACCESS_KEY: secretKey,
      AWS_EC2_METADATA_DISABLED: 'true',
    },
  };
}

/**
 * Returns the arguments with which `rclone` serves a folder. The server need not look for changes in the folder,
 * because objects are immutable and no other process writes them.
 */
export function objectServerArguments(port: number, folder: string): string[] {
  return [
    ...['serve', 's3', '--addr', `${HOST}:${port}`, '--config', '/dev/null', '--log-level', 'NOTICE'],
    ...['--no-checksum', '--vfs-read-chunk-size', '0', folder],
  ];
}

/** Returns the credentials as environment variables for `rclone`. Other users could read them in a command line. */
export function objectServerCredentials({ accessKey, secretKey }: Credentials): Readonly<Record<string, string>> {
  // Quoted, because the variable is a comma-separated list of pairs.
  return { RCLONE_AUTH_KEY: `"${accessKey},${secretKey}"` };
}

/**
 * Returns the options with which another process reaches the S3 of a running stack. Returns no options for the user's
 * own S3, because the environment names it.
 */
export function storeOptions({ endpoint, credentialsFile, own }: StackRecord['s3']): S3ClientConfig {
  const credentials = own || credentialsFile === null ? undefined : storedCredentials(credentialsFile);
  if (endpoint === null || credentials === undefined) return {};
  return {
    endpoint,
    region: REGION,
    credentials: { accessKeyId: credentials.accessKey, secretAccessKey: credentials.secretKey },
  };
}

/** Tells whether an HTTP server answers at the endpoint, even if it refuses the request. */
export async function answers(endpoint: string): Promise<boolean> {
  try {
    await fetch(endpoint, { signal: AbortSignal.timeout(PROBE_TIMEOUT_MS) });
    return true;
  } catch {
    return false;
  }
}

/**
 * Checks that the user's own S3, which this environment and its profiles name, can be used. This runs in a child
 * process, because the AWS SDK reads only the environment of its own process.
 *
 * @throws UserError if the S3 cannot be reached or refuses access
 */
export async function checkOwnStorage(bucket: string, environment: NodeJS.ProcessEnv): Promise<void> {
  try {
    await promisify(execFile)(process.execPath, [...nodeArguments(PROBE), bucket], { env: environment });
  } catch (error) {
    const { stdout = '' } = error as { readonly stdout?: string };
    throw new UserError(stdout.trim() || `Cannot use your S3: ${reasonOf(error)}`, { cause: error });
  }
}

/**
 * Checks the same in the environment of this process.
 *
 * @throws UserError if the S3 cannot be reached or refuses access
 */
export async function checkStorageHere(bucket: string): Promise<void> {
  const objects = new ObjectStore(storeSettings());
  try {
    await objects.list(bucket, 'is-it-reachable/');
  } catch (error) {
    // A missing bucket is no error: the plan of the first run creates it.
    if (error instanceof ObjectStoreError && error.trouble === 'missing-bucket') return;
    const reason = error instanceof Error ? (error.message.split('\n')[0] ?? '') : reasonOf(error);
    throw new UserError(
      `Cannot use your S3: ${reason} (set AWS_ENDPOINT_URL_S3, AWS_REGION, AWS_PROFILE or other settings of ` +
        `the AWS SDK)`,
      { cause: error },
    );
  } finally {
    await objects.close();
  }
}

/** Removes the temporary files that a killed server left. The server does not list them and never deletes them. */
function removePartialFiles(folder: string): void {
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    if (entry.isFile() && entry.name.startsWith('.rclone_temp_'))
      rmSync(join(entry.parentPath, entry.name), { force: true });
  }
}

/** Returns the server's credentials. Creates them if they do not exist; only this user can read the file. */
function readCredentials(file: string): Credentials {
  const stored = storedCredentials(file);
  if (stored !== undefined) return stored;
  const created = {
    accessKey: `FIREPBT${randomBytes(6).toString('hex').toUpperCase()}`,
    secretKey: randomBytes(24).toString('hex'),
  };
  const staged = `${file}.${process.pid}`;
  writeFileSync(
    staged,
    `[default]\naws_access_key_id = ${created.accessKey}\naws_secret_access_key = ${created.secretKey}\n` +
      `region = ${REGION}\n`,
    { mode: 0o600 },
  );
  renameSync(staged, file);
  return created;
}

export interface Credentials {
  readonly accessKey: string;
  readonly secretKey: string;
}

/** Reads the credentials; undefined if the file does not exist or has none. */
export function storedCredentials(file: string): Credentials | undefined {
  try {
    const text = readFileSync(file, 'utf8');
    const accessKey = /^aws_access_key_id *= *(\S+)$/m.exec(text)?.[1];
    const secretKey = /^aws_secret_access_key *= *(\S+)$/m.exec(text)?.[1];
    return accessKey !== undefined && secretKey !== undefined ? { accessKey, secretKey } : undefined;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    return undefined;
  }
}
