/**
 * Set-up: installs what a fresh clone lacks.
 *
 * It is plain JavaScript without packages, because a fresh clone has none. Every step builds in a staging folder and
 * then renames the result into its place. So set-up can be killed at any moment and repeated, and everything in its
 * place is complete.
 */

import { mkdirSync, rmSync } from 'node:fs';
import path from 'node:path';
import { requireRoom, SetupFailure, systemReason } from './failure.mjs';
import { lock } from './lock.mjs';
import { displayPath, IS_CLONE, LOCAL, LOGS, STAGING } from './places.mjs';
import { requireNode, requireSystem, requireTemporaryFolder } from './preconditions.mjs';
import { Processes } from './processes.mjs';
import { formatSize, Report } from './report.mjs';
import { fashionMnist } from './steps/fashion-mnist.mjs';
import { nodePackages } from './steps/node-packages.mjs';
import { rclone, temporal } from './steps/programs.mjs';
import { pythonReference } from './steps/python-reference.mjs';
import { tensorflow } from './steps/tensorflow.mjs';

/**
 * A part that set-up installs.
 * @typedef {object} Step
 * @property {string} name names its log
 * @property {string} title its name on the terminal
 * @property {number} downloadBytes approximate size of its downloads
 * @property {number} diskBytes approximate space that it needs while it works
 * @property {readonly import('./preconditions.mjs').Need[]} needs
 * @property {() => boolean} isInPlace tells whether it is installed; must be fast, because every start calls it
 * @property {Step} [madeFrom] an earlier step that installs what this part is made from: after it, this step runs too
 * @property {(task: Task) => Promise<string>} install installs it and returns a description of what is installed
 */

/**
 * The context of a step.
 * @typedef {object} Task
 * @property {string} staging a temporary folder, empty at first; on the disk of `.local`, so that renaming works
 * @property {(text: string) => void} progress reports the progress
 * @property {(text: string) => void} line prints a permanent line
 * @property {(command: string, args: readonly string[], options: { purpose: string, cwd?: string, env?:
 *   NodeJS.ProcessEnv, onTick?: () => void }) => Promise<void>} run runs a program with its output in the step's log
 */

/**
 * A part that the npm package installs by itself.
 * @typedef {'tensorflow' | 'temporal' | 'rclone' | 'fashion-mnist'} Part
 */

/** What only a clone installs: npm installs the packages of the package, and it has no tests. */
const CLONE_ONLY = [nodePackages, pythonReference];

/** Signals that end set-up, with their usual exit codes. */
const INTERRUPTIONS = /** @type {const} */ ({ SIGINT: 130, SIGTERM: 143, SIGHUP: 129 });

/**
 * Installs what is missing: in a clone everything, so that it works without a network afterwards; in the package only
 * the parts that are asked for. Prints nothing if nothing is missing.
 *
 * If a step fails, prints the reason and advice, and exits with 1. Exits with 130 on Ctrl-C.
 * @param {{ tests?: boolean, parts?: readonly Part[] }} [options] `tests`: also install what only the tests need;
 *   `parts`: what the package installs, by default all
 * @returns {Promise<boolean>} whether something was installed
 */
export async function setUp({ tests = false, parts } = {}) {
  const report = new Report(process.stderr);
  const processes = new Processes();
  // While it waits for another set-up, this one must not touch the staging folder.
  let working = false;
  const onBegin = () => (working = true);
  /** @type {Array<[NodeJS.Signals, () => void]>} */
  const handlers = Object.entries(INTERRUPTIONS).map(([signal, code]) => [
    /** @type {NodeJS.Signals} */ (signal),
    () => {
      if (working) {
        processes.end();
        rmSync(STAGING, { recursive: true, force: true });
      }
      report.line('Set-up was interrupted. The next start continues with the remaining steps.');
      process.exit(code);
    },
  ]);
  for (const [signal, handler] of handlers) process.on(signal, handler);
  try {
    requireNode();
    requireTemporaryFolder();
    const all = [nodePackages, tensorflow, temporal, rclone, fashionMnist, ...(tests ? [pythonReference] : [])];
    const steps = IS_CLONE
      ? all
      : all.filter((step) => !CLONE_ONLY.includes(step) && (parts?.includes(/** @type {Part} */ (step.name)) ?? true));
    return await installMissing(steps, report, processes, onBegin);
  } catch (error) {
    if (working) processes.end();
    report.line(explain(error));
    return process.exit(1);
  } finally {
    for (const [signal, handler] of handlers) process.off(signal, handler);
  }
}

/**
 * Runs the steps that are not installed, under the lock.
 * @param {readonly Step[]} steps
 * @param {Report} report
 * @param {Processes} processes
 * @param {() => void} onBegin is called when the lock is taken
 */
async function installMissing(steps, report, processes, onBegin) {
  if (steps.every((step) => step.isInPlace())) return false;
  mkdirSync(LOCAL, { recursive: true });
  const unlock = await lock(LOCAL, () => report.line('Another set-up is running in this folder: waiting for it …'));
  try {
    onBegin();
    processes.endLeftovers();
    rmSync(STAGING, { recursive: true, force: true });
    mkdirSync(STAGING);
    const due = dueSteps(steps);
    if (due.length === 0) return false;
    requireSystem(new Set(due.flatMap((step) => step.needs)));
    const [downloadBytes, diskBytes] = [
      total(due.map((step) => step.downloadBytes)),
      total(due.map((step) => step.diskBytes)),
    ];
    requireRoom(LOCAL, diskBytes, due.map((step) => step.title).join(', '));
    const cost =
      downloadBytes === 0
        ? 'nothing to download'
        : `up to ${formatSize(downloadBytes)} to download, ${formatSize(diskBytes)} on disk`;
    report.line(`Setting up ${due.map((step) => step.title).join(', ')}: ${cost}.`);
    for (const step of due) {
      report.begin(step.title);
      report.end(await runStep(step, report, processes));
    }
    return true;
  } finally {
    rmSync(STAGING, { recursive: true, force: true });
    unlock();
  }
}

/**
 * Returns the steps to run, in order: those that are not installed, and those that are made from what another
 * step to run installs.
 * @param {readonly Step[]} steps
 * @returns {Step[]}
 */
export function dueSteps(steps) {
  /** @type {Step[]} */
  const due = [];
  for (const step of steps) {
    const isOutdated = step.madeFrom !== undefined && due.includes(step.madeFrom);
    if (isOutdated || !step.isInPlace()) due.push(step);
  }
  return due;
}

/**
 * Runs one step.
 * @param {Step} step
 * @param {Report} report
 * @param {Processes} processes
 */
async function runStep(step, report, processes) {
  const staging = path.join(STAGING, step.name);
  const log = path.join(LOGS, `setup-${step.name}.log`);
  mkdirSync(staging, { recursive: true });
  rmSync(log, { force: true });
  try {
    return await step.install({
      staging,
      progress: (text) => report.progress(text),
      line: (text) => report.line(text),
      run: (command, args, options) => processes.run(command, args, { ...options, log }),
    });
  } catch (error) {
    if (error instanceof SetupFailure) throw error;
    const reason = systemReason(error) ?? (error instanceof Error ? error.message : String(error));
    throw new SetupFailure(`Cannot set up ${step.title}: ${reason}`, { log, cause: error });
  } finally {
    rmSync(staging, { recursive: true, force: true });
  }
}

/** @param {readonly number[]} sizes */
function total(sizes) {
  return sizes.reduce((sum, size) => sum + size, 0);
}

/**
 * Formats an error: one line for the reason, and a second one for the advice and the log.
 * @param {unknown} error
 * @returns {string}
 */
export function explain(error) {
  if (!(error instanceof SetupFailure)) {
    const reason = systemReason(error);
    return `Cannot set up: ${reason ?? (error instanceof Error ? (error.stack ?? error.message) : String(error))}`;
  }
  const { advice, log } = error;
  const hints = [
    ...(advice === undefined ? [] : [advice]),
    ...(log === undefined ? [] : [`the complete output is in ${displayPath(log)}`]),
  ];
  return hints.length === 0 ? error.message : `${error.message}\n  (${hints.join('; ')})`;
}
