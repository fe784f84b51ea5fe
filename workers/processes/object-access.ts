/**
 * Opens the object store for commands that read finished runs. The first of these is used: the endpoint that the
 * environment names; the store of the running local stack; what a stopped stack stored in the directory that the user
 * names; the store of the environment's credentials; what a stopped stack stored in the usual directory. A server is
 * started on what a stopped stack stored.
 */
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { ObjectStore } from '../../activities/storage/object-store.ts';
import { ObjectStoreError } from '../../activities/storage/store-errors.ts';
import { shellWord } from '../../workflows/population/names.ts';
import { UserError } from './user-error.ts';
import { storeOptions } from '../stack/object-server.ts';
import { stackCommandIn } from './command-line.ts';
import { displayPath, LOCAL } from './places.mjs';
import { findRunningStack, type StackRecord } from '../stack/running-stack.ts';
import { wantedServers } from '../stack/servers.ts';
import { hasStoredObjects, serveStoredObjects } from '../stack/stored-objects.ts';
import { storeSettings } from './store-settings.ts';

/** If one of these is set, the environment names credentials. People set them for other programs too. */
const CREDENTIALS_VARIABLES = ['AWS_ACCESS_KEY_ID', 'AWS_PROFILE'];
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
 * @throws UserError if the store refuses access or does not answer, or if no stack has run in the named directory
 */
export async function withObjects<T>(
  directory: string | undefined,
  read: (objects: ObjectStore, folder: string | null) => Promise<T>,
  environment: NodeJS.ProcessEnv = process.env,
): Promise<T> {
  const store = await connect(directory, environment);
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

async function connect(named: string | undefined, environment: NodeJS.ProcessEnv): Promise<FoundStore> {
  const own = { objects: new ObjectStore(storeSettings()), folder: null, advice: '', close: () => Promise.resolve() };
  if (wantedServers({}, environment).s3 === 'own') return own;
  const directory = named === undefined ? LOCAL : resolve(named);
  const stateDirectory = join(directory, 'state');
  if (named !== undefined && !existsSync(stateDirectory))
    throw new UserError(
      `Expected \`--directory\` to be the directory of a local stack, got \`${named}\`: no stack has run there`,
    );
  const stack = await findRunningStack(stateDirectory, STACK_TIMEOUT_MS);
  const credentials = CREDENTIALS_VARIABLES.find((name) => (environment[name] ?? '') !== '');
  if (stack !== undefined) {
    if (credentials !== undefined && !stack.s3.own)
      console.error(
        `Using the S3 of the running stack in ${displayPath(directory)}, and not that of ${credentials}; ` +
          'AWS_ENDPOINT_URL_S3 names another',
      );
    return { ...own, objects: storeOfStack(stack.s3), folder: stack.s3.folder };
  }
  if (named === undefined && credentials !== undefined) {
    if (hasStoredObjects(stateDirectory))
      console.error(
        `Using the S3 of ${credentials}; with --directory ${shellWord(displayPath(directory))} it is what the local ` +
          'stack stored',
      );
    return own;
  }
  const stored = await serveStoredObjects(stateDirectory, environment);
  if (stored !== undefined)
    return { ...own, objects: storeOfStack(stored.s3), folder: stored.s3.folder, close: stored.stop };
  // The SDK may still find a default profile.
  return {
    ...own,
    advice:
      `; no local stack has stored objects in ${directory} and AWS_ENDPOINT_URL_S3 is not set: start a stack with ` +
      `\`${stackCommandIn(named)}\``,
  };
}

/** Opens the store that a stack uses. The environment has what is needed for the user's own, except its endpoint. */
function storeOfStack(s3: StackRecord['s3']): ObjectStore {
  if (!s3.own) return new ObjectStore(storeOptions(s3));
  return new ObjectStore({ ...storeSettings(), ...(s3.endpoint === null ? {} : { endpoint: s3.endpoint }) });
}
