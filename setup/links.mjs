/**
 * Symbolic links that are never half there.
 */

import { mkdirSync, readlinkSync, renameSync, rmSync, symlinkSync } from 'node:fs';
import path from 'node:path';

/**
 * Puts a symbolic link into its place in one step, over whatever file or link is there.
 * @param {string} target absolute; inside the checkout the link is relative, so that the checkout can be moved
 * @param {string} place absolute; not an existing folder
 * @param {{ relative?: boolean }} [options]
 */
export function link(target, place, { relative = true } = {}) {
  const wanted = relative ? path.relative(path.dirname(place), target) : target;
  if (linkedTo(place) === wanted) return;
  mkdirSync(path.dirname(place), { recursive: true });
  const staged = `${place}.${String(process.pid)}`;
  rmSync(staged, { force: true });
  symlinkSync(wanted, staged);
  renameSync(staged, place);
}

/**
 * Reads a symbolic link.
 * @param {string} place
 * @returns {string | undefined} what it holds; undefined where there is none
 */
export function linkedTo(place) {
  try {
    return readlinkSync(place);
  } catch {
    return undefined;
  }
}
