/**
 * The folders that set-up uses. All are inside the checkout, under `.local` and `node_modules`. If you remove the
 * checkout, nothing is left on the machine.
 */

import path from 'node:path';

/** The root of the checkout, absolute. */
export const ROOT = path.resolve(import.meta.dirname, '..');

/** Everything that set-up installs, and the data of the local stack (ignored by git). */
export const LOCAL = path.join(ROOT, '.local');

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

/**
 * Formats a path for a reader in the checkout.
 * @param {string} file absolute
 * @returns {string} relative to the checkout if it is inside, else unchanged
 */
export function displayPath(file) {
  const relative = path.relative(ROOT, file);
  return relative.startsWith('..') ? file : relative;
}
