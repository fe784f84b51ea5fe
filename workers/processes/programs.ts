/**
 * Finds the programs of the servers: the ones that set-up installed, else the ones on the PATH.
 */
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { commandLine, displayPath, LOCAL } from './places.mjs';
import { UserError } from './user-error.ts';

const PROGRAMS = join(LOCAL, 'bin');

/**
 * Returns the path of `temporal` or `rclone`.
 *
 * @throws UserError if it is in neither place
 */
export function findProgram(name: 'temporal' | 'rclone', environment: NodeJS.ProcessEnv): string {
  const folders = [PROGRAMS, ...(environment['PATH'] ?? '').split(delimiter).filter((folder) => folder !== '')];
  const found = folders.map((folder) => join(folder, name)).find(isExecutable);
  if (found === undefined)
    throw new UserError(
      `Cannot find ${name}: it is neither in ${displayPath(PROGRAMS)} nor on the PATH. ` +
        `Run \`${commandLine('setup')}\``,
    );
  return found;
}

/** Returns the command with which a person runs the program: its name if it is on the PATH. */
export function commandFor(name: 'temporal' | 'rclone', environment: NodeJS.ProcessEnv): string {
  const onPath = (environment['PATH'] ?? '')
    .split(delimiter)
    .some((folder) => folder !== '' && isExecutable(join(folder, name)));
  return onPath ? name : displayPath(join(PROGRAMS, name));
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
