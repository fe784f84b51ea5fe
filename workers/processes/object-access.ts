/**
 * Opens the object store for commands that read finished runs: the store that the environment names, else the one of
 * the local stack. If the stack is stopped, a server is started on what it stored.
 */
import { join, resolve } from 'node:path';
import { ObjectStore } from '../../activities/storage/object-store.ts';
import { ObjectStoreError } from '../../activities/storage/store-errors.ts';
import { UserError } from './user-error.ts';
import { storeOptions } from '../stack/object-server.ts';
import { commandLine, LOCAL } from './places.mjs';
import { findRunningStack } from '../stack/running-stack.ts';
import { serveStoredObjects } from '../stack/stored-objects.ts';
import { storeSettings } from './store-settings.ts';

/** If one of these is set, the environment names a store or credentials. */
const STORE_VARIABLES = ['AWS_ENDPOINT_URL_S3', 'AWS_ENDPOINT_URL', 'AWS_ACCESS_KEY_ID', 'AWS_PROFILE'];
const STACK_TIMEOUT_MS = 120_000;

/** Options of these commands. */
export const OBJECT_OPTIONS = { bucket: { type: 'string' }, directory: { type: 'string' } } as const;

/** The object store of finished runs. */
interface FoundStore {
  readonly objects: ObjectStore;
  /** The folder in which the objects lie as files, `<bucket>/<key>`; null: it is not known. */
  readonly folder: string | null;
  /** Advice to append to its error messages. */
  readonly advice: string;
  readonly close: () => Promise<void>;
}

/**
 * Calls `read` with the store and closes the store afterwards. `folder` has the objects as files, `<bucket>/<key>`;
 * null if the store is not that of a local stack.
 *
 * @throws UserError if the store refuses access or does not answer
 */
export async function withObjects<T>(
  directory: string | undefined,
  read: (objects: ObjectStore, folder: string | null) => Promise<T>,
  environment: NodeJS.ProcessEnv = process.env,
): Promise<T> {
  const store = await connect(directory === undefined ? LOCAL : resolve(directory), environment);
  try {
    return await read(store.objects, store.folder);
  } catch (error) {
    if (!(error instanceof ObjectStoreError)) throw error;
    throw new UserError(`${error.message}${store.advice}`, { cause: error });
  } finally {
    await store.objects.close();
    await store.close();
  }
}

async function connect(directory: string, environment: NodeJS.ProcessEnv): Promise<FoundStore> {
  const own = { objects: new ObjectStore(storeSettings()), folder: null, advice: '', close: () => Promise.resolve() };
  if (STORE_VARIABLES.some((name) => (environment[name] ?? '') !== '')) return own;
  const stateDirectory = join(directory, 'state');
  const stack = await findRunningStack(stateDirectory, STACK_TIMEOUT_MS);
  if (stack !== undefined) return { ...own, objects: new ObjectStore(storeOptions(stack.s3)), folder: stack.s3.folder };
  const stored = await serveStoredObjects(stateDirectory, environment);
  if (stored !== undefined)
    return {
      ...own,
      objects: new ObjectStore(storeOptions(stored.s3)),
      folder: stored.s3.folder,
      close: stored.stop,
    };
  // The SDK may still find a default profile.
  return {
    ...own,
    advice:
      `; no local stack has run in ${directory} and ${STORE_VARIABLES[0]} is not set: start a stack with ` +
      `\`${commandLine('stack')}\``,
  };
}
