/**
 * The rights that a run needs in its bucket, and which of them its credentials lack. docs/storage.md lists them.
 */
import { ApplicationFailure } from '@temporalio/common';
import type { RunFolder } from '../contracts/checkpoint.ts';
import { keyPrefix, rightsKey } from './layout.ts';
import { PART_BYTES } from './large-objects.ts';
import type { ObjectStore } from './object-store.ts';
import { ObjectStoreError, RIGHTS, type StoreRequest } from './store-errors.ts';

/** Failure type of a run whose credentials lack a right without which it cannot train. */
export const RIGHTS_MISSING = 'RightsMissing';

type Objects = Pick<ObjectStore, 'list' | 'put' | 'get' | 'delete' | 'tryParts'>;

/** What a run goes without if a request, that it can do without, is refused. */
const COSTS: Partial<Record<StoreRequest, string>> = {
  delete: 'Nothing of this run is deleted, so its storage grows with every round',
  'abort the upload of': 'Parts of uploads that fail stay, and are paid for, if no lifecycle rule deletes them',
};

/**
 * Tries everything that a run does in its folder, and returns the refusals. It leaves one small object if the right to
 * delete is missing. `checkpointBytes` is null if the size of a checkpoint is not known.
 *
 * @throws ObjectStoreError if the store is in a trouble that passes, unless it is in trouble only with deletions
 */
export async function findMissingRights(
  objects: Objects,
  folder: Pick<RunFolder, 'bucket' | 'folder'>,
  checkpointBytes: number | null,
): Promise<readonly ObjectStoreError[]> {
  const { bucket } = folder;
  const key = rightsKey(folder);
  const refusals: ObjectStoreError[] = [];
  const isPermitted = async (request: () => Promise<unknown>): Promise<boolean> => {
    try {
      await request();
      return true;
    } catch (error) {
      if (!(error instanceof ObjectStoreError)) throw error;
      if (error.isPermanent) refusals.push(error);
      // No run waits for what it can do without.
      else if (COSTS[error.request] === undefined) throw error;
      return false;
    }
  };
  await isPermitted(() => objects.list(bucket, keyPrefix(folder)));
  if (!(await isPermitted(() => objects.put(bucket, key, 'Which rights are there?\n', 'text/plain')))) return refusals;
  await isPermitted(() => objects.get(bucket, key));
  if (checkpointBytes === null || checkpointBytes > PART_BYTES) await isPermitted(() => objects.tryParts(bucket, key));
  await isPermitted(() => objects.delete(bucket, [key]));
  return refusals;
}

/**
 * Requires the rights without which a run cannot train or report. Returns warnings about the others.
 *
 * @throws ApplicationFailure of type 'RightsMissing', not retryable, naming every right that is missing
 */
export async function requireRights(
  objects: Objects,
  folder: RunFolder,
  checkpointBytes: number | null,
): Promise<readonly string[]> {
  const refusals = await findMissingRights(objects, folder, checkpointBytes);
  const required = refusals.filter(({ request }) => COSTS[request] === undefined);
  if (required.length > 0)
    throw ApplicationFailure.create({
      type: RIGHTS_MISSING,
      nonRetryable: true,
      message: describeMissingRights(`bucket ${folder.bucket}`, required),
    });
  return refusals.map(
    ({ message, request }) =>
      `${message}. ${COSTS[request]}, until there is the right ${RIGHTS[request]} (docs/storage.md)`,
  );
}

/** Returns a text with a line for every refusal, `place` completes `Cannot use …`. */
export function describeMissingRights(place: string, refusals: readonly ObjectStoreError[]): string {
  const rights = [...new Set(refusals.map(({ request }) => RIGHTS[request]))];
  const lines = refusals.map(({ message }) => message);
  return [`Cannot use ${place}: it needs ${rights.join(' and ')} (docs/storage.md)`, ...lines].join('\n');
}
