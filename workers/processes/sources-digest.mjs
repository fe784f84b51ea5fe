/**
 * Digests the sources of a folder. Plain JavaScript, because the build of the package uses it too.
 */

import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';

/**
 * Returns a digest of the paths and contents of all files below a folder.
 * @param {string} folder absolute
 * @returns {Promise<string>} SHA-256 in hexadecimal; the same wherever the folder is
 */
export async function digestSources(folder) {
  const hash = createHash('sha256');
  const files = (await readdir(folder, { recursive: true, withFileTypes: true }))
    .filter((entry) => entry.isFile())
    .map((entry) => path.join(entry.parentPath, entry.name));
  for (const file of files.sort())
    hash
      .update(`${file.slice(folder.length)}\0`)
      .update(await readFile(file))
      .update('\0');
  return hash.digest('hex');
}
