/**
 * Serves the objects that a stopped stack left on disk, for commands that read finished runs.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { freePort, HOST } from '../processes/ports.ts';
import { findProgram } from '../processes/programs.ts';
import { killGroup, spawnTiedToParent } from '../processes/tied-process.ts';
import { UserError } from '../processes/user-error.ts';
import { answers, objectServerArguments, objectServerCredentials, storedCredentials } from './object-server.ts';
import type { StackRecord } from './running-stack.ts';

const START_TIMEOUT_MS = 20_000;
const PROBE_INTERVAL_MS = 25;

/** A server of a stopped stack's objects. It ends with this process at the latest. */
export interface StoredObjects {
  readonly s3: StackRecord['s3'];
  readonly stop: () => Promise<void>;
}

/**
 * Starts a server of the objects in a stack's state directory, and waits until it answers. Returns undefined if no
 * stack stored objects there.
 *
 * @throws UserError if the server cannot be started
 */
export async function serveStoredObjects(
  stateDirectory: string,
  environment: NodeJS.ProcessEnv,
): Promise<StoredObjects | undefined> {
  const { folder, credentialsFile } = placesIn(stateDirectory);
  const credentials = storedCredentials(credentialsFile);
  if (!existsSync(folder) || credentials === undefined) return undefined;
  const port = await freePort();
  const endpoint = `http://${HOST}:${port}`;
  const server = spawnTiedToParent(findProgram('rclone', environment), objectServerArguments(port, folder), {
    env: { ...environment, ...objectServerCredentials(credentials) },
    cwd: stateDirectory,
    output: 'ignore',
  });
  const ended = new Promise<void>((resolve) => {
    server.once('exit', () => resolve());
    server.once('error', () => resolve());
  });
  const stop = async (): Promise<void> => {
    server.kill('SIGTERM');
    await ended;
    if (server.pid !== undefined) killGroup(server.pid);
  };
  const deadline = Date.now() + START_TIMEOUT_MS;
  while (!(await answers(endpoint))) {
    if (server.pid === undefined || server.exitCode !== null || Date.now() > deadline) {
      await stop();
      throw new UserError(`Cannot read the objects of the stopped stack in ${stateDirectory}: rclone does not answer`);
    }
    await delay(PROBE_INTERVAL_MS);
  }
  return { s3: { endpoint, credentialsFile, folder, own: false }, stop };
}

/** Tells whether a stack stored objects in a state directory. */
export function hasStoredObjects(stateDirectory: string): boolean {
  return Object.values(placesIn(stateDirectory)).every((place) => existsSync(place));
}

function placesIn(stateDirectory: string): { readonly folder: string; readonly credentialsFile: string } {
  return { folder: join(stateDirectory, 'objects'), credentialsFile: join(stateDirectory, 's3-credentials') };
}
