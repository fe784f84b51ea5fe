/**
 * The servers' programs: those that set-up put into the checkout, else those on the PATH.
 */
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { UserError } from './user-error.ts';

/** Root of the checkout. */
export const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** What set-up installed, and what the stack keeps unless it is told another place. */
export const LOCAL = join(ROOT, '.local');

/**
 * Returns the path of `temporal` or `rclone`.
 *
 * @throws UserError where it is in neither place
 */
export function findProgram(name: 'temporal' | 'rclone', environment: NodeJS.ProcessEnv): string {
  const folders = [
    join(LOCAL, 'bin'),
    ...(environment['PATH'] ?? '').split(delimiter).filter((folder) => folder !== ''),
  ];
  const found = folders.map((folder) => join(folder, name)).find(isExecutable);
  if (found === undefined)
    throw new UserError(`Cannot find ${name}: it is neither in .local/bin nor on the PATH. Run \`npm run setup\``);
  return found;
}

/** How a person in the checkout calls the program: by its name where the PATH has it, else where set-up put it. */
export function calledAs(name: 'temporal' | 'rclone', environment: NodeJS.ProcessEnv): string {
  const onPath = (environment['PATH'] ?? '')
    .split(delimiter)
    .some((folder) => folder !== '' && isExecutable(join(folder, name)));
  return onPath ? name : join('.local', 'bin', name);
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
