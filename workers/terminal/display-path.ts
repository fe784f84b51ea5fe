/**
 * Formats paths for people.
 */
import { relative } from 'node:path';

/** Returns a path relative to the working directory if it is inside, else unchanged. */
export function displayPath(file: string): string {
  const inside = relative(process.cwd(), file);
  return inside.startsWith('..') ? file : inside;
}
