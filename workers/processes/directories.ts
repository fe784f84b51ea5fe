/**
 * Creates the directories that a user names.
 */
import { mkdirSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { reasonOf, UserError } from './user-error.ts';

/**
 * Creates a directory and its missing parents. `purpose` completes "Cannot use DIRECTORY for".
 *
 * One level after the other, because `mkdirSync` with `recursive` never returns if the file system refuses with ENOENT,
 * as /proc does.
 *
 * @throws UserError if it cannot be created, or if something on the way is no directory
 */
export function makeDirectory(directory: string, purpose: string): void {
  try {
    for (const missing of missingLevels(directory)) create(missing);
  } catch (error) {
    throw new UserError(`Cannot use ${directory} for ${purpose}: ${reasonOf(error)}`, { cause: error });
  }
}

/** Returns the levels that do not exist, the highest first. @throws Error if an existing level is no directory */
function missingLevels(directory: string): string[] {
  const missing: string[] = [];
  for (let level = directory; ; level = dirname(level)) {
    const found = statOf(level);
    if (found?.isDirectory()) return missing.reverse();
    if (found !== undefined) throw new Error(`${level} is no directory`);
    if (level === dirname(level)) throw new Error(`${level} does not exist`);
    missing.push(level);
  }
}

/** Returns the status of a path; undefined if it does not exist, also because a level above it is no directory. */
function statOf(path: string): ReturnType<typeof statSync> {
  try {
    return statSync(path);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    throw error;
  }
}

/** Creates one level, unless another process has just created it. */
function create(directory: string): void {
  try {
    mkdirSync(directory);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
}
