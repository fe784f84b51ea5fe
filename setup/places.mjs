/**
 * Where set-up puts things. All of it lies inside the checkout, under `.local` and `node_modules`: removing the folder
 * removes everything.
 */

import path from 'node:path';

/** The root of the checkout, absolute. */
export const ROOT = path.resolve(import.meta.dirname, '..');

/** What set-up installed and what the local stack keeps (ignored by git). */
export const LOCAL = path.join(ROOT, '.local');

/**
 * The folder that a step builds in before it renames the result into its place; emptied at the start and the end of
 * every set-up.
 */
export const STAGING = path.join(LOCAL, 'staging');

/** `temporal` and `rclone`: programs, or links to the ones found on the PATH. */
export const PROGRAMS = path.join(LOCAL, 'bin');

/** One log per step: everything that the programs it ran have said. */
export const LOGS = path.join(LOCAL, 'log');

export const NODE_MODULES = path.join(ROOT, 'node_modules');

/**
 * Names a path as a reader in the checkout would type it.
 * @param {string} file absolute
 * @returns {string} relative to the root where it is inside, else as it was
 */
export function shown(file) {
  const relative = path.relative(ROOT, file);
  return relative.startsWith('..') ? file : relative;
}
