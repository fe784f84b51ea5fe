/**
 * The folders that set-up uses. All are inside the clone, under `.local` and `node_modules`, or for the package in one
 * folder of the user. If you remove the clone or that folder, nothing is left on the machine.
 */

import path from 'node:path';
import { LOCAL, ROOT } from '../workers/processes/places.mjs';

export { BINDING, commandLine, DATA, displayPath, IS_CLONE, LOCAL, ROOT } from '../workers/processes/places.mjs';

/**
 * The folder in which a step builds its result before it renames the result into its place. Every set-up empties the
 * folder at its start and its end.
 */
export const STAGING = path.join(LOCAL, 'staging');

/** `temporal` and `rclone`: the programs, or links to programs on the PATH. */
export const PROGRAMS = path.join(LOCAL, 'bin');

/** One log per step with the output of its programs. */
export const LOGS = path.join(LOCAL, 'log');

export const NODE_MODULES = path.join(ROOT, 'node_modules');
