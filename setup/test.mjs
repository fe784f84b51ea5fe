/**
 * `npm test [-- FILE…]`: everything into place, then types, lint and tests, in that order; the first that fails ends
 * it.
 */

import { spawn } from 'node:child_process';
import { readdirSync } from 'node:fs';
import path from 'node:path';
import { NODE_MODULES, ROOT } from './places.mjs';
import { setUp } from './set-up.mjs';

/** Tests start servers and train networks: more files at once than this would measure their own crowding. */
const FILES_AT_ONCE = 2;

/** No single test takes a third of this. */
const PATIENCE_MS = 600_000;

await setUp({ tests: true });

const named = process.argv.slice(2);
const files =
  named.length > 0
    ? named
    : readdirSync(path.join(ROOT, 'test'), { recursive: true })
        .map((name) => path.join('test', String(name)))
        .filter((name) => name.endsWith('.test.ts'))
        .sort();

await check('types', [path.join(NODE_MODULES, 'typescript', 'bin', 'tsc'), '--noEmit']);
await check('lint', [path.join(NODE_MODULES, 'eslint', 'bin', 'eslint.js'), '--max-warnings', '0', '.']);
await check(`tests (${String(files.length)} files)`, [
  ...[
    '--import',
    'tsx',
    '--test',
    '--test-reporter',
    'spec',
    `--test-concurrency=${String(FILES_AT_ONCE)}`,
    `--test-timeout=${String(PATIENCE_MS)}`,
  ],
  ...files,
]);

/**
 * Runs one check to its end, and ends with it where it fails. Ctrl-C reaches it as it reaches us: we wait for it to
 * clean up.
 * @param {string} title
 * @param {readonly string[]} args of Node
 */
async function check(title, args) {
  console.error(`\n== ${title}`);
  const startedAtMs = performance.now();
  const child = spawn(process.execPath, args, { cwd: ROOT, stdio: 'inherit' });
  const pass = (/** @type {NodeJS.Signals} */ signal) => child.kill(signal);
  const wait = () => {};
  process.on('SIGTERM', pass);
  process.on('SIGINT', wait);
  const ending = await new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code, signal) => resolve(code ?? signal));
  });
  process.off('SIGTERM', pass);
  process.off('SIGINT', wait);
  if (ending !== 0) {
    console.error(`== ${title}: failed`);
    process.exit(ending === 'SIGINT' ? 130 : 1);
  }
  console.error(`== ${title}: passed in ${String(Math.round((performance.now() - startedAtMs) / 1000))} s`);
}
