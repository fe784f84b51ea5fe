/**
 * Creates and reads symbolic links.
 */

import { mkdirSync, readlinkSync, renameSync, rmSync, symlinkSync } from 'node:fs';
import path from 'node:path';

/**
 * Creates a symbolic link in one step. Replaces an existing file or link.
 * @param {string} target absolute
 * @param {string} place absolute; not an existing folder
 * @param {{ relative?: boolean }} [options] a relative link, the default, still works after the checkout was moved
 */
export function link(target, place, { relative = true } = {}) {
  const wanted = relative ? path.relative(path.dirname(place), target) : target;
  if (readLink(place) === wanted) return;
  mkdirSync(path.dirname(place), { recursive: true });
  const staged = `${place}.${String(process.pid)}`;
  rmSync(staged, { force: true });
  symlinkSync(wanted, staged);
  renameSync(staged, place);
}

/**
 * Reads a symbolic link.
 * @param {string} place
 * @returns {string | undefined} its target; undefined if there is no link
 */
function readLink(place) {
  try {
    return readlinkSync(place);
  } catch {
    return undefined;
  }
}
