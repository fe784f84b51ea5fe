/**
 * Lists the test files, and tells the fast ones from the slow ones.
 */

import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { ROOT } from './places.mjs';

/**
 * A test is slow if it starts processes or workers, trains networks or compiles. Such a test imports one of these
 * modules, either itself or through other files of test/.
 */
const SLOW_IMPORTS = [
  'node:child_process',
  '@temporalio/worker',
  'eslint',
  'test/server-process.ts',
  'workers/commands/write-records-schema.ts',
  'workers/replay/replayer.ts',
  'workers/stack/local-stack.ts',
  'activities/tasks/image-classification/',
  'activities/tasks/reinforcement-learning/reinforcement-learning.ts',
  'activities/tasks/tensorflow/',
  'activities/training/train.ts',
];

/**
 * Lists the test files, relative to the checkout.
 * @param {'all' | 'fast' | 'slow'} which
 * @returns {string[]} sorted
 */
export function testFiles(which) {
  const all = readdirSync(path.join(ROOT, 'test'), { recursive: true })
    .map((name) => path.posix.join('test', String(name)))
    .filter((name) => name.endsWith('.test.ts'))
    .sort();
  return which === 'all' ? all : all.filter((file) => isSlow(file) === (which === 'slow'));
}

/**
 * @param {string} file relative to the checkout
 * @param {Set<string>} [seen]
 * @returns {boolean}
 */
function isSlow(file, seen = new Set()) {
  if (seen.has(file)) return false;
  seen.add(file);
  const imports = importsOf(file);
  return (
    imports.some((name) =>
      SLOW_IMPORTS.some((slow) => name === slow || (slow.endsWith('/') && name.startsWith(slow))),
    ) || imports.some((name) => name.startsWith('test/') && name.endsWith('.ts') && isSlow(name, seen))
  );
}

/**
 * Finds the imports of a file, except type imports: paths relative to the checkout, and names of packages.
 * @param {string} file relative to the checkout
 * @returns {string[]}
 */
function importsOf(file) {
  const text = readFileSync(path.join(ROOT, file), 'utf8');
  return [...text.matchAll(/^(?:import|export|\}) (?!type\b)[^;]*?from '([^']+)';$/gm)].map(([, name = '']) =>
    name.startsWith('.') ? path.posix.join(path.posix.dirname(file), name) : name,
  );
}
