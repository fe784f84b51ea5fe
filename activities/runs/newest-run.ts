/**
 * Finds the newest run with a workflow id.
 */
import type { RunFolder } from '../contracts/checkpoint.ts';
import { folderName, keyPrefix, specificationKey } from '../storage/layout.ts';
import type { ObjectStore } from '../storage/object-store.ts';

/**
 * Returns the folder of the newest run that was planned under a workflow id; undefined if there is none.
 *
 * @throws ObjectStoreError if the store fails
 */
export async function newestRun(
  objects: ObjectStore,
  bucket: string,
  workflowId: string,
): Promise<RunFolder | undefined> {
  const prefix = keyPrefix({ folder: folderName(workflowId) });
  // Run ids begin with their time.
  for (const name of (await objects.folders(bucket, prefix)).reverse()) {
    const run = { bucket, folder: `${prefix}${name}` };
    if (await objects.exists(bucket, specificationKey(run))) return run;
  }
  return undefined;
}
