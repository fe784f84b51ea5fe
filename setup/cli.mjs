#!/usr/bin/env node
/**
 * `fire-pbt COMMAND [OPTION…]`, the program of the npm package; a clone runs the same as `npm run COMMAND`. Installs
 * what the command needs and what is missing, then runs the command. `--help` installs nothing.
 */

import { readFileSync } from 'node:fs';
import path from 'node:path';
import { HELP, PROGRAM_HELP } from '../workers/commands/help.mjs';
import { commandLine, IS_CLONE, LOCAL, moduleFile, PACKAGE } from '../workers/processes/places.mjs';
import { trainsOnFashionMnist } from './experiment-data.mjs';
import { setUp } from './set-up.mjs';
import { runTool } from './tool.mjs';

/**
 * The commands except `setup`: their modules, and what they need installed.
 * @type {Readonly<Record<string, { module: string, parts: readonly import('./set-up.mjs').Part[] }>>}
 */
const COMMANDS = {
  start: { module: 'workers/commands/start.ts', parts: ['tensorflow', 'temporal', 'rclone'] },
  stack: { module: 'workers/commands/stack.ts', parts: ['tensorflow', 'temporal', 'rclone'] },
  trainer: { module: 'workers/trainer.ts', parts: ['tensorflow'] },
  orchestrator: { module: 'workers/orchestrator.ts', parts: [] },
  replay: { module: 'workers/commands/replay.ts', parts: [] },
  schedule: { module: 'workers/commands/schedule.ts', parts: ['rclone'] },
  report: { module: 'workers/commands/report.ts', parts: ['rclone'] },
  pages: { module: 'workers/commands/pages.ts', parts: ['rclone'] },
  export: { module: 'workers/commands/export.ts', parts: ['rclone'] },
  simulate: { module: 'workers/commands/simulate.ts', parts: ['tensorflow'] },
  'gpu-check': { module: 'workers/commands/gpu-check.ts', parts: ['tensorflow'] },
  conformance: { module: 'workers/commands/conformance.ts', parts: [] },
};

const [name = '--help', ...args] = process.argv.slice(2);
if (name === '--version') print(versionOfPackage());
if (name === '--help' || name === '-h' || name === 'help') print(PROGRAM_HELP);
if (!Object.hasOwn(HELP, name)) {
  console.error(
    `Expected the command to be one of ${Object.keys(HELP).join(', ')}, got \`${name}\`. ` +
      '--help says what they do.',
  );
  process.exit(1);
}
if (args.includes('--help') || args.includes('-h')) print(HELP[/** @type {keyof typeof HELP} */ (name)]);
// Processes that this one starts may have another working folder.
if (!IS_CLONE) process.env['FIRE_PBT_HOME'] = LOCAL;
const command = COMMANDS[name];
if (command === undefined) await setUpAll();
else {
  await setUp({ parts: trainsOnFashionMnist(name, args) ? [...command.parts, 'fashion-mnist'] : command.parts });
  await runTool(moduleFile(command.module), args);
}

/** Prints a text and ends. @param {string} text */
function print(text) {
  console.log(text.trim());
  process.exit(0);
}

/** `setup`: installs everything. */
async function setUpAll() {
  const [option, ...rest] = args;
  const tests = IS_CLONE && option === '--tests';
  if (rest.length > 0 || (option !== undefined && !tests)) {
    console.error(`Expected the arguments to be none${IS_CLONE ? ' or --tests' : ''}, got ${args.join(' ')}`);
    process.exit(1);
  }
  const hadWork = await setUp({ tests });
  console.error(`Set-up ${hadWork ? 'is' : 'was already'} complete. Next: ${commandLine('start')}`);
}

/** Returns the version in package.json. */
function versionOfPackage() {
  const { version } = /** @type {{ version: string }} */ (
    JSON.parse(readFileSync(path.join(PACKAGE, 'package.json'), 'utf8'))
  );
  return version;
}
