/**
 * The folder for temporary files, which trainers need.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { withTemporaryFolder } from '../../activities/tasks/temporary-folder.ts';
import { TemporaryFilesError } from '../../activities/system-errors.ts';
import { UserError } from './user-error.ts';

/**
 * Requires that temporary files can be written.
 *
 * @throws UserError in one line
 */
export function requireTemporaryFolder(): void {
  try {
    withTemporaryFolder('fire-pbt-start-', (directory) => writeFileSync(join(directory, 'probe'), 'x'));
  } catch (error) {
    if (!(error instanceof TemporaryFilesError)) throw error;
    throw new UserError(`${error.message}. Set TMPDIR to a folder that can be written`, { cause: error });
  }
}
