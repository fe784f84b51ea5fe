/**
 * Finds the folder of a run that a command names.
 */
import type { RunFolder } from '../../activities/contracts/checkpoint.ts';
import { newestRun } from '../../activities/runs/newest-run.ts';
import { RUN_FOLDER } from '../../activities/storage/layout.ts';
import type { ObjectStore } from '../../activities/storage/object-store.ts';
import { UserError } from './user-error.ts';

/**
 * Returns the folder of a run: the one that is named, `<workflow id>/<first run id>`, or that of the newest run with
 * the workflow id that is named.
 *
 * @throws UserError if there is no run with the workflow id
 */
export async function findRun(objects: ObjectStore, bucket: string, run: string): Promise<RunFolder> {
  if (RUN_FOLDER.test(run)) return { bucket, folder: run };
  const newest = await newestRun(objects, bucket, run);
  if (newest === undefined)
    throw new UserError(`Cannot find run ${run}: there is no run with this workflow id in bucket ${bucket}`);
  return newest;
}
