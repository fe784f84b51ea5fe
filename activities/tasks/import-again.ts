/**
 * Modules that users bring as data or environments: they are repaired while trainers run.
 */
import { realpathSync } from 'node:fs';
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';
import { stampOf } from './datasets/file-stamps.ts';

/**
 * Imports a module as it is on the disk now. What it imports is not read again.
 *
 * Node keeps modules: ESM by their URL, also those that failed, and CommonJS by their path.
 *
 * @param path absolute
 */
export async function importAgain(path: string): Promise<unknown> {
  const stamp = stampOf([path]);
  delete createRequire(import.meta.url).cache[realpathSync(path)];
  return import(`${pathToFileURL(path).href}?${stamp}`);
}
