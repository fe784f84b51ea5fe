/**
 * Set-up: brings everything into place that a fresh clone lacks, and nothing else.
 *
 * It is plain JavaScript without packages, since there are none yet. Every step builds in a staging folder and renames
 * the result into its place, so it can be killed at any moment and repeated: what is in place is whole.
 */

import { mkdirSync, rmSync } from 'node:fs';
import path from 'node:path';
import { requireRoom, SetupFailure, systemReason } from './failure.mjs';
import { lock } from './lock.mjs';
import { LOCAL, LOGS, ROOT, shown, STAGING } from './places.mjs';
import { requireNode, requireSystem } from './preconditions.mjs';
import { Processes } from './processes.mjs';
import { megabytes, Report } from './report.mjs';
import { fashionMnist } from './steps/fashion-mnist.mjs';
import { nodePackages } from './steps/node-packages.mjs';
import { rclone, temporal } from './steps/programs.mjs';
import { pythonReference } from './steps/python-reference.mjs';
import { tensorflow } from './steps/tensorflow.mjs';

/**
 * One thing that has to be in place.
 * @typedef {object} Step
 * @property {string} name names its log
 * @property {string} title what it is called on the terminal
 * @property {number} downloadBytes about how much it downloads
 * @property {number} diskBytes about how much room it takes while it works
 * @property {readonly import('./preconditions.mjs').Need[]} needs
 * @property {() => boolean} isInPlace quick: asked at every start
 * @property {Step} [inside] the step that removes what this one installed, because it is inside its own
 * @property {(task: Task) => Promise<string>} install brings it into place and says what is there now
 */

/**
 * What a step works with.
 * @typedef {object} Task
 * @property {string} staging a folder of its own, empty at first, removed afterwards; on the disk of `.local`, so that
 *   renaming works
 * @property {(text: string) => void} progress says how far it has come
 * @property {(text: string) => void} line says something that stays on the screen
 * @property {(command: string, args: readonly string[], options: { purpose: string, cwd?: string, env?:
 *   NodeJS.ProcessEnv, onTick?: () => void }) => Promise<void>} run runs a program, its output in the step's log
 */

/** Signals that end set-up, with the exit codes that shells expect. */
const INTERRUPTIONS = /** @type {const} */ ({ SIGINT: 130, SIGTERM: 143, SIGHUP: 129 });

/**
 * Brings everything into place. Prints nothing where it is already.
 *
 * Ends the process with 1 where a step fails, after saying which and what to do, and with 130 on Ctrl-C.
 * @param {{ tests?: boolean }} [options] `tests`: also what only the tests need
 * @returns {Promise<boolean>} whether there was anything to do
 */
export async function setUp({ tests = false } = {}) {
  const report = new Report(process.stderr);
  const processes = new Processes();
  // Whoever only waits for another set-up touches nothing of it.
  let working = false;
  const began = () => (working = true);
  /** @type {Array<[NodeJS.Signals, () => void]>} */
  const handlers = Object.entries(INTERRUPTIONS).map(([signal, code]) => [
    /** @type {NodeJS.Signals} */ (signal),
    () => {
      if (working) {
        processes.end();
        rmSync(STAGING, { recursive: true, force: true });
      }
      report.line('Set-up was interrupted. What is in place is kept; the next start goes on from there.');
      process.exit(code);
    },
  ]);
  for (const [signal, handler] of handlers) process.on(signal, handler);
  try {
    requireNode();
    const steps = [nodePackages, tensorflow, temporal, rclone, fashionMnist, ...(tests ? [pythonReference] : [])];
    return await bringIntoPlace(steps, report, processes, began);
  } catch (error) {
    if (working) processes.end();
    report.line(explain(error));
    return process.exit(1);
  } finally {
    for (const [signal, handler] of handlers) process.off(signal, handler);
  }
}

/**
 * Takes the steps that are not in place, under the lock.
 * @param {readonly Step[]} steps
 * @param {Report} report
 * @param {Processes} processes
 * @param {() => void} began is called once the lock is held
 */
async function bringIntoPlace(steps, report, processes, began) {
  if (steps.every((step) => step.isInPlace())) return false;
  mkdirSync(LOCAL, { recursive: true });
  const unlock = await lock(ROOT, () => report.line('Another set-up is at work in this folder: waiting for it …'));
  try {
    began();
    processes.endLeftOvers();
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
        : `up to ${megabytes(downloadBytes)} to download, ${megabytes(diskBytes)} on the disk`;
    report.line(`Setting up ${due.map((step) => step.title).join(', ')}: ${cost}.`);
    for (const step of due) {
      report.begin(step.title);
      report.end(await take(step, report, processes));
    }
    return true;
  } finally {
    rmSync(STAGING, { recursive: true, force: true });
    unlock();
  }
}

/**
 * Returns the steps to take, in order: those that are not in place, and those that will not be once another is taken.
 * @param {readonly Step[]} steps
 * @returns {Step[]}
 */
export function dueSteps(steps) {
  /** @type {Step[]} */
  const due = [];
  for (const step of steps) {
    const isRemoved = step.inside !== undefined && due.includes(step.inside);
    if (isRemoved || !step.isInPlace()) due.push(step);
  }
  return due;
}

/**
 * Takes one step.
 * @param {Step} step
 * @param {Report} report
 * @param {Processes} processes
 */
async function take(step, report, processes) {
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
 * Says on one line what went wrong, and on a second one what to do or read.
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
    ...(log === undefined ? [] : [`everything it said is in ${shown(log)}`]),
  ];
  return hints.length === 0 ? error.message : `${error.message}\n  (${hints.join('; ')})`;
}
