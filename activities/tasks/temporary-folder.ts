/**
 * Temporary files. Node names no path if the disk is full, so the errors here name it.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isSystemError, TemporaryFilesError } from '../system-errors.ts';

/**
 * Calls `work` with a new folder, and removes it afterwards. `prefix` begins the folder's name.
 *
 * @throws TemporaryFilesError if the operating system refuses
 */
export function withTemporaryFolder<T>(prefix: string, work: (directory: string) => T): T {
  try {
    const directory = mkdtempSync(join(tmpdir(), prefix));
    try {
      return work(directory);
    } finally {
      rmSync(directory, { recursive: true, force: true });
    }
  } catch (error) {
    if (!isSystemError(error)) throw error;
    throw new TemporaryFilesError(tmpdir(), error);
  }
}
