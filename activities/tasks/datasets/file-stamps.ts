/**
 * Stamps of files: what tells a changed file from the one that was read.
 */
import { statSync } from 'node:fs';
import { resolve } from 'node:path';

/**
 * Returns sizes and times of modification of files, or folders: those of a folder change when something is added to it
 * or removed. What cannot be looked at has a stamp too: whoever reads it says why.
 */
export function stampOf(paths: readonly string[]): string {
  return paths
    .map((path) => {
      try {
        const { size, mtimeMs } = statSync(resolve(path));
        return `${size}-${mtimeMs}`;
      } catch {
        return 'none';
      }
    })
    .join(' ');
}
