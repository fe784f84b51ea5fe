/**
 * The objects of finished runs, for commands that only read: the environment's store, else that of the local stack that
 * runs.
 */
import { join, resolve } from 'node:path';
import { ObjectStore, ObjectStoreError } from '../../activities/storage/object-store.ts';
import { UserError } from './user-error.ts';
import { storeOptions } from '../stack/object-server.ts';
import { LOCAL } from './programs.ts';
import { findRunningStack } from '../stack/running-stack.ts';

/** Any of them says where the objects are, or with what right they are read. */
const SAYING_WHERE = ['AWS_ENDPOINT_URL_S3', 'AWS_ENDPOINT_URL', 'AWS_ACCESS_KEY_ID', 'AWS_PROFILE'];
const STACK_TIMEOUT_MS = 120_000;

/** The options of such commands. */
export const OBJECT_OPTIONS = { bucket: { type: 'string' }, directory: { type: 'string' } } as const;

/** Their lines in `--help`. */
export const OBJECT_HELP = `
  --bucket NAME          where the objects are (fire-pbt): in the S3 of the AWS SDK's environment, else in that of the
                         running local stack
  --directory DIRECTORY  where the local stack keeps its state (.local)
  --help                 this text`.slice(1);

/**
 * Gives the store to `read` and closes it afterwards.
 *
 * @throws UserError where the store refuses or does not answer
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

/** Returns the store, and what to add where it fails. */
async function connect(
  directory: string,
  environment: NodeJS.ProcessEnv,
): Promise<{ readonly objects: ObjectStore; readonly advice: string }> {
  if (SAYING_WHERE.some((name) => (environment[name] ?? '') !== '')) return { objects: new ObjectStore(), advice: '' };
  const stack = await findRunningStack(join(directory, 'state'), STACK_TIMEOUT_MS);
  if (stack !== undefined) return { objects: new ObjectStore(storeOptions(stack.s3)), advice: '' };
  // The SDK may still find a profile.
  return {
    objects: new ObjectStore(),
    advice:
      `; no local stack runs in ${directory}, and no ${SAYING_WHERE[0]} says where else: \`npm run ` +
      `stack\` starts one`,
  };
}
