/**
 * `npm test [-- FILE…]`: runs set-up, then checks formatting, types and lint at once, then tests; it stops at the
 * first failure. `npm run test:fast` and `npm run test:slow` run only their share of the tests (test-files.mjs).
 */

import { spawn } from 'node:child_process';
import path from 'node:path';
import { NODE_MODULES, ROOT } from './places.mjs';
import { setUp } from './set-up.mjs';
import { testFiles } from './test-files.mjs';

/** Tests wait for servers and for their clocks: one file more than cores keeps two cores busy. */
const FILES_AT_ONCE = 3;

/** At least three times the duration of the longest test. */
const TEST_TIMEOUT_MS = 600_000;

const [first = '', ...more] = process.argv.slice(2);
const share = first === '--fast' ? 'fast' : first === '--slow' ? 'slow' : 'all';
const named = share === 'all' ? process.argv.slice(2) : more;
if (named.some((name) => name.startsWith('-')) || (share !== 'all' && named.length > 0)) {
  const got = process.argv.slice(2).join(' ');
  console.error(`Expected the arguments to be test files, or only --fast or --slow, got ${got}`);
  process.exit(1);
}

await setUp({ tests: true });

const tool = (/** @type {string[]} */ ...names) => path.join(NODE_MODULES, ...names);
if (share === 'all')
  await checkAll({
    format: [tool('prettier', 'bin', 'prettier.cjs'), '--check', '--log-level', 'warn', '.'],
    types: [tool('typescript', 'bin', 'tsc'), '--noEmit'],
    lint: [tool('eslint', 'bin', 'eslint.js'), '--max-warnings', '0', '.'],
  });
const files = named.length > 0 ? named : testFiles(share);
await checkAll({
  [`tests (${String(files.length)} files)`]: [
    // What a failed test left running must not hold up its file until its time is over.
    ...['--import', 'tsx', '--test', '--test-reporter', 'spec', '--test-force-exit'],
    ...[`--test-concurrency=${String(FILES_AT_ONCE)}`, `--test-timeout=${String(TEST_TIMEOUT_MS)}`],
    ...files,
  ],
});

/**
 * Runs checks at once, and exits when all have ended if one has failed.
 * @param {Readonly<Record<string, readonly string[]>>} checks the arguments of Node, by title
 */
async function checkAll(checks) {
  const endings = await Promise.all(Object.entries(checks).map(([title, args]) => check(title, args)));
  const failed = endings.find((ending) => ending !== 0);
  if (failed !== undefined) process.exit(failed === 'SIGINT' ? 130 : 1);
}

/**
 * Runs one check. The terminal sends Ctrl-C to the check too, and this process waits until the check has cleaned up.
 * @param {string} title
 * @param {readonly string[]} args of Node
 * @returns {Promise<number | NodeJS.Signals>} its exit code, or the signal that ended it
 */
async function check(title, args) {
  console.error(`\n== ${title}`);
  const startedAtMs = performance.now();
  // A GPU would multiply in TF32, which is less precise than tests of gradients ask for.
  const env = { ...process.env, NVIDIA_TF32_OVERRIDE: '0' };
  const child = spawn(process.execPath, args, { cwd: ROOT, env, stdio: 'inherit' });
  const pass = (/** @type {NodeJS.Signals} */ signal) => child.kill(signal);
  const wait = () => {};
  process.on('SIGTERM', pass);
  process.on('SIGINT', wait);
  /** @type {number | NodeJS.Signals} */
  const ending = await new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code, signal) => resolve(code ?? signal ?? 1));
  });
  process.off('SIGTERM', pass);
  process.off('SIGINT', wait);
  const seconds = Math.round((performance.now() - startedAtMs) / 1000);
  console.error(`== ${title}: ${ending === 0 ? `passed in ${String(seconds)} s` : 'failed'}`);
  return ending;
}
