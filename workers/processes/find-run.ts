/**
 * Finds the folder of a run that a command names.
 */
import type { RunFolder } from '../../activities/contracts/checkpoint.ts';
import { folderName, keyPrefix, RUN_FOLDER } from '../../activities/storage/layout.ts';
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
  const prefix = keyPrefix({ folder: folderName(run) });
  const runs = (await objects.list(bucket, prefix)).flatMap(({ key }) => {
    const [, id] = /^([^/]+)\/specification\.json$/.exec(key.slice(prefix.length)) ?? [];
    return id === undefined ? [] : [id];
  });
  // Run ids begin with their time.
  const newest = runs.sort().at(-1);
  if (newest === undefined)
    throw new UserError(`Cannot find run ${run}: there is no run with this workflow id in bucket ${bucket}`);
  return { bucket, folder: `${prefix}${newest}` };
}
