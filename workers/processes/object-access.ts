/**
 * Opens the object store for commands that only read finished runs: the store that the environment names, else the one
 * of the running local stack.
 */
import { join, resolve } from 'node:path';
import { ObjectStore } from '../../activities/storage/object-store.ts';
import { ObjectStoreError } from '../../activities/storage/store-errors.ts';
import { UserError } from './user-error.ts';
import { storeOptions } from '../stack/object-server.ts';
import { LOCAL } from './programs.ts';
import { findRunningStack } from '../stack/running-stack.ts';
import { storeSettings } from './store-settings.ts';

/** If one of these is set, the environment names a store or credentials. */
const STORE_VARIABLES = ['AWS_ENDPOINT_URL_S3', 'AWS_ENDPOINT_URL', 'AWS_ACCESS_KEY_ID', 'AWS_PROFILE'];
const STACK_TIMEOUT_MS = 120_000;

/** Options of these commands. */
export const OBJECT_OPTIONS = { bucket: { type: 'string' }, directory: { type: 'string' } } as const;

/** Lines about these options in `--help`. */
export const OBJECT_HELP = `
  --bucket NAME          bucket with the objects (fire-pbt), in the S3 that the AWS SDK's environment names, else in
                         the S3 of the running local stack
  --directory DIRECTORY  directory of the local stack's state (.local)
  --help                 show this text`.slice(1);

/**
 * Calls `read` with the store and closes the store afterwards.
 *
 * @throws UserError if the store refuses access or does not answer
 */
export async function withObjects<T>(
  directory: string | undefined,
  read: (objects: ObjectStore) => Promise<T>,
  environment: NodeJS.ProcessEnv = process.env,
): Promise<T> {
  const { objects, advice } = await connect(directory === undefined ? LOCAL : resolve(directory), environment);
  try {
    return await read(objects);
  } catch (error) {
    if (!(error instanceof ObjectStoreError)) throw error;
    throw new UserError(`${error.message}${advice}`, { cause: error });
  } finally {
    await objects.close();
  }
}

/** Returns the store, and advice to append to its error messages. */
async function connect(
  directory: string,
  environment: NodeJS.ProcessEnv,
): Promise<{ readonly objects: ObjectStore; readonly advice: string }> {
  if (STORE_VARIABLES.some((name) => (environment[name] ?? '') !== ''))
    return { objects: new ObjectStore(storeSettings()), advice: '' };
  const stack = await findRunningStack(join(directory, 'state'), STACK_TIMEOUT_MS);
  if (stack !== undefined) return { objects: new ObjectStore(storeOptions(stack.s3)), advice: '' };
  // The SDK may still find a default profile.
  return {
    objects: new ObjectStore(storeSettings()),
    advice:
      `; no local stack is running in ${directory} and ${STORE_VARIABLES[0]} is not set: start a stack with ` +
      `\`npm run stack\``,
  };
}
