/**
 * `npm run test:tools`: exports a run to TensorBoard and to an MLflow server, and asks both what they show. They are
 * some 900 MB, so they are no part of `npm test`. They are installed under `.local/tools`.
 */

import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { LOCAL, ROOT } from './places.mjs';
import { setUp } from './set-up.mjs';

const TESTS = path.join(ROOT, 'test', 'tools');
const REQUIREMENTS = path.join(TESTS, 'requirements.txt');
const TOOLS = path.join(LOCAL, 'tools');
/** A copy of the requirements that are installed. It is written last. */
const RECORD = path.join(TOOLS, 'requirements.txt');

await setUp({ tests: true });
if (!install()) process.exit(1);
const files = readdirSync(TESTS).filter((name) => name.endsWith('.tools.ts'));
const options = ['--import', 'tsx', '--test', '--test-reporter', 'spec', '--test-timeout=600000'];
const env = { ...process.env, FIRE_PBT_TEST_TOOLS: path.join(TOOLS, 'bin') };
const { status } = spawnSync(process.execPath, [...options, ...files.map((name) => path.join(TESTS, name))], {
  cwd: ROOT,
  env,
  stdio: 'inherit',
});
process.exit(status ?? 1);

/** @returns {boolean} whether the tools are installed */
function install() {
  const wanted = readFileSync(REQUIREMENTS, 'utf8');
  if (existsSync(RECORD) && readFileSync(RECORD, 'utf8') === wanted) return true;
  console.error('Installing TensorBoard and MLflow from PyPI, some 900 MB …');
  rmSync(TOOLS, { recursive: true, force: true });
  mkdirSync(LOCAL, { recursive: true });
  const python = path.join(TOOLS, 'bin', 'python');
  const isDone =
    run('python3', ['-m', 'venv', TOOLS]) &&
    run(python, ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '--requirement', REQUIREMENTS]);
  if (isDone) writeFileSync(RECORD, wanted);
  return isDone;
}

/**
 * @param {string} program
 * @param {readonly string[]} args
 * @returns {boolean} whether it succeeded
 */
function run(program, args) {
  const { status, error } = spawnSync(program, args, { stdio: 'inherit' });
  if (error) console.error(`Cannot run ${program}: ${error.message}`);
  return status === 0;
}
