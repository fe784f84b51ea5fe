/**
 * The option `--tasks` of the commands that train.
 */
import { execFile } from 'node:child_process';
import { resolve } from 'node:path';
import { promisify } from 'node:util';
import { nodeArguments } from '../processes/places.mjs';
import { UserError } from '../processes/user-error.ts';

/** The option of the commands that take such files. */
export const TASKS_OPTION = { tasks: { type: 'string', multiple: true } } as const;

/** Returns the files that the option names, as absolute paths, each once. */
export function taskFiles(given: readonly string[] = []): readonly string[] {
  return [...new Set(given.map((path) => resolve(path)))];
}

/** Returns the arguments with which a process gets these files. */
export function tasksArguments(files: readonly string[]): readonly string[] {
  return files.flatMap((file) => ['--tasks', file]);
}

const CHECK_TIMEOUT_MS = 60_000;

/**
 * Loads the files as trainers will, in a process of its own: a module may do anything when it is loaded.
 *
 * @throws UserError naming what is wrong with a file
 */
export async function checkTasks(files: readonly string[]): Promise<void> {
  if (files.length === 0) return;
  const args = [...nodeArguments('workers/computing/main.ts'), '--check', ...tasksArguments(files)];
  try {
    await promisify(execFile)(process.execPath, args, { timeout: CHECK_TIMEOUT_MS });
  } catch (error) {
    const { stderr } = error as { readonly stderr?: string };
    throw new UserError(stderr?.trim() || `Cannot load ${files.join(', ')}: this takes more than a minute`, {
      cause: error,
    });
  }
}
