/**
 * Finds the programs of the servers: the ones that set-up installed, else the ones on the PATH.
 */
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { UserError } from './user-error.ts';

/** Root of the checkout. */
export const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** Folder of everything that set-up installs; also the default folder of the stack. */
export const LOCAL = join(ROOT, '.local');

/**
 * Returns the path of `temporal` or `rclone`.
 *
 * @throws UserError if it is in neither place
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

/** Returns the command with which a person in the checkout runs the program: its name if it is on the PATH. */
export function commandFor(name: 'temporal' | 'rclone', environment: NodeJS.ProcessEnv): string {
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
