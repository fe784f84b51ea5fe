/**
 * The S3-compatible server of the stack: objects as files in a folder, credentials of its own.
 */
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { S3ClientConfig } from '@aws-sdk/client-s3';
import { ObjectStore, ObjectStoreError } from '../../activities/storage/object-store.ts';
import { UserError, reasonOf } from '../processes/user-error.ts';
import { freePort, HOST, describePortChange } from '../processes/ports.ts';
import { ROOT } from '../processes/programs.ts';
import type { StackRecord } from './running-stack.ts';
import type { ProcessPlan } from '../processes/supervised-process.ts';

const DEFAULT_PORT = 9000;
const REGION = 'us-east-1';
const PROBE_TIMEOUT_MS = 2_000;
const PROBE = join(import.meta.dirname, 'storage-probe.ts');

export interface ObjectServerPlan {
  readonly process: ProcessPlan;
  readonly endpoint: string;
  /** In the AWS SDK's own format, readable by this user only. */
  readonly credentialsFile: string;
  /** Holds the objects as files, `<bucket>/<key>`. */
  readonly folder: string;
  /** Says that the port was taken; undefined where it was not. */
  readonly stepped: string | undefined;
  /** What a process needs to find it; variables that would lead elsewhere are undefined. */
  readonly environment: NodeJS.ProcessEnv;
}

export interface ObjectServerOptions {
  readonly program: string;
  readonly stateDirectory: string;
  readonly logDirectory: string;
  readonly environment: NodeJS.ProcessEnv;
  readonly port?: number | undefined;
  readonly takenPorts: readonly number[];
}

/**
 * Chooses a port, makes the folder and the credentials where there are none yet, clears what a killed server left, and
 * puts the command line together.
 */
export async function planObjectServer({
  program,
  stateDirectory,
  logDirectory,
  environment,
  port: wanted = DEFAULT_PORT,
  takenPorts,
}: ObjectServerOptions): Promise<ObjectServerPlan> {
  const port = await freePort(wanted, takenPorts);
  const endpoint = `http://${HOST}:${port}`;
  const folder = join(stateDirectory, 'objects');
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  removeHalfWritten(folder);
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
    },
    endpoint,
    credentialsFile,
    folder,
    stepped: describePortChange('S3', wanted, port),
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
 * Returns the arguments with which `rclone` serves a folder. Objects are immutable and this server is the only one to
 * write them, so it need not look for changes in the folder.
 */
export function objectServerArguments(port: number, folder: string): string[] {
  return [
    ...['serve', 's3', '--addr', `${HOST}:${port}`, '--config', '/dev/null', '--log-level', 'NOTICE'],
    ...['--no-checksum', '--vfs-read-chunk-size', '0', folder],
  ];
}

/** Returns the credentials as environment variables for `rclone`: command lines can be read by other users. */
export function objectServerCredentials({ accessKey, secretKey }: Credentials): Readonly<Record<string, string>> {
  // Quoted, because the variable is a comma-separated list of pairs.
  return { RCLONE_AUTH_KEY: `"${accessKey},${secretKey}"` };
}

/**
 * Returns what another process needs to reach the S3 of a running stack: nothing where that is one's own, which the
 * environment knows.
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

/** Returns whether an HTTP server answers at the endpoint, be it with a refusal. */
export async function answers(endpoint: string): Promise<boolean> {
  try {
    await fetch(endpoint, { signal: AbortSignal.timeout(PROBE_TIMEOUT_MS) });
    return true;
  } catch {
    return false;
  }
}

/**
 * Makes sure that the S3 of one's own, as this environment and its profiles name it, can be used. A process of its own
 * looks: the AWS SDK reads no environment but its process's.
 *
 * @throws UserError where it cannot be reached or refuses
 */
export async function checkOwnStorage(bucket: string, environment: NodeJS.ProcessEnv): Promise<void> {
  try {
    await promisify(execFile)(process.execPath, ['--import', 'tsx', PROBE, bucket], { env: environment, cwd: ROOT });
  } catch (error) {
    const { stdout = '' } = error as { readonly stdout?: string };
    throw new UserError(stdout.trim() || `Cannot use your S3: ${reasonOf(error)}`, { cause: error });
  }
}

/**
 * The same in this process's own environment.
 *
 * @throws UserError where it cannot be reached or refuses
 */
export async function checkStorageHere(bucket: string): Promise<void> {
  const objects = new ObjectStore();
  try {
    await objects.list(bucket, 'is-it-reachable/');
  } catch (error) {
    // A bucket that is missing is created when the first run is planned.
    if (error instanceof ObjectStoreError && error.trouble === 'missing-bucket') return;
    const said = error instanceof Error ? (error.message.split('\n')[0] ?? '') : reasonOf(error);
    throw new UserError(
      `Cannot use your S3: ${said} (set by AWS_ENDPOINT_URL_S3, AWS_REGION, AWS_PROFILE and the rest of the AWS ` +
        `SDK's settings)`,
      { cause: error },
    );
  } finally {
    await objects.close();
  }
}

/**
 * Removes what a server was writing when it was killed: files that it neither lists nor finishes, and that nobody else
 * would ever delete.
 */
function removeHalfWritten(folder: string): void {
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    if (entry.isFile() && entry.name.startsWith('.rclone_temp_put_'))
      rmSync(join(entry.parentPath, entry.name), { force: true });
  }
}

/** The server's credentials: made once, kept for this user alone. */
function readCredentials(file: string): Credentials {
  const stored = storedCredentials(file);
  if (stored !== undefined) return stored;
  const made = {
    accessKey: `FIREPBT${randomBytes(6).toString('hex').toUpperCase()}`,
    secretKey: randomBytes(24).toString('hex'),
  };
  const staged = `${file}.${process.pid}`;
  writeFileSync(
    staged,
    `[default]\naws_access_key_id = ${made.accessKey}\naws_secret_access_key = ${made.secretKey}\nregion = ${REGION}\n`,
    { mode: 0o600 },
  );
  renameSync(staged, file);
  return made;
}

export interface Credentials {
  readonly accessKey: string;
  readonly secretKey: string;
}

/** Undefined where there are none in the file yet. */
function storedCredentials(file: string): Credentials | undefined {
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
