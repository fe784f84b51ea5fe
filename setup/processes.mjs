/**
 * Runs the programs of set-up one at a time, with their output in a log. No program outlives set-up.
 *
 * Each program runs in its own process group, so set-up can end it together with its children. A file names the group
 * while the program runs. If set-up is killed with `kill -9`, the next set-up ends the group.
 */

import { spawn } from 'node:child_process';
import {
  accessSync,
  closeSync,
  constants,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { startTime } from '../workers/processes/start-time.mjs';
import { describeFullDisk, SetupFailure } from './failure.mjs';
import { LOCAL } from './places.mjs';

/** Time between two updates of the progress of a running program. */
const TICK_MS = 250;

/** Size of the end of a log that is searched for the reason of a failure. */
const SEARCHED_BYTES = 20_000;
/** Maximal number of characters of a reason. */
const LONGEST_REASON = 300;

/** Runs programs, and ends the running program on demand. */
export class Processes {
  #record;
  /** @type {number | undefined} */
  #group;

  /** @param {string} [record] the file that names the running program's group */
  constructor(record = path.join(LOCAL, 'setup-child.json')) {
    this.#record = record;
  }

  /** Ends a program that a killed set-up left running, if it is still the same process. Call it under the lock. */
  endLeftovers() {
    if (!existsSync(this.#record)) return;
    try {
      const { group, started } = /** @type {{ group: number, started: string }} */ (
        JSON.parse(readFileSync(this.#record, 'utf8'))
      );
      if (Number.isInteger(group) && group > 1 && startTime(group) === started) endGroup(group);
    } catch {
      // The set-up was killed while it wrote the record, so the record names no group.
    }
    rmSync(this.#record, { force: true });
  }

  /**
   * Kills the running program and its children. Their partial results are deleted, so they need no time to clean up.
   */
  end() {
    if (this.#group !== undefined) endGroup(this.#group);
    rmSync(this.#record, { force: true });
  }

  /**
   * Runs a program to its end and appends its output to a log.
   * @param {string} command
   * @param {readonly string[]} args
   * @param {{ log: string, purpose: string, cwd?: string, env?: NodeJS.ProcessEnv, onTick?: () => void }} options
   *   `purpose` completes "Cannot …"; `onTick` is called a few times a second
   * @returns {Promise<void>}
   * @throws {SetupFailure} if it cannot be started, or exits with another code than 0; with the reason from its log
   */
  async run(command, args, { log, purpose, cwd, env, onTick }) {
    mkdirSync(path.dirname(log), { recursive: true });
    const output = openSync(log, 'a');
    writeFileSync(output, `$ ${[command, ...args].join(' ')}\n`);
    const ticking = setInterval(() => onTick?.(), TICK_MS);
    try {
      const child = spawn(command, args, {
        cwd,
        env: env ?? process.env,
        stdio: ['ignore', output, output],
        detached: true,
      });
      if (child.pid !== undefined) {
        this.#group = child.pid;
        writeFileSync(this.#record, JSON.stringify({ group: child.pid, started: startTime(child.pid) }));
      }
      const ending = await new Promise((resolve, reject) => {
        child.once('error', reject);
        child.once('exit', (code, signal) => resolve(code ?? signal));
      });
      if (ending !== 0) {
        throw new SetupFailure(
          `Cannot ${purpose}: ${findReason(log) ?? `${path.basename(command)} ended with ${String(ending)}`}`,
          { log, advice: describeFullDisk(LOCAL) },
        );
      }
    } catch (error) {
      if (error instanceof SetupFailure) throw error;
      throw new SetupFailure(
        `Cannot ${purpose}: ${command} could not be started (` +
          `${error instanceof Error ? error.message : String(error)})`,
        { log, cause: error },
      );
    } finally {
      clearInterval(ticking);
      closeSync(output);
      this.#group = undefined;
      rmSync(this.#record, { force: true });
    }
  }
}

/** @param {number} group */
function endGroup(group) {
  try {
    process.kill(-group, 'SIGKILL');
  } catch {
    // No process of the group is left.
  }
}

/** Matches error lines of npm, pip, apt, compilers, Python and Node. */
const ERROR_LINE = /^(npm error |ERROR: |E: |(.*: )?(fatal )?error: |(Uncaught )?[\w.]*(Error|Exception): ).*\S/;

/**
 * Matches error lines without a reason: npm prints codes before the reason, and pip prints a heading before a
 * traceback.
 */
const NO_REASON = /^npm error( (code|errno|syscall|path|dest|file)\b.*)?$|^ERROR: Exception:$/;

/**
 * Finds the reason in a log for which the last program failed.
 * @param {string} log
 * @returns {string | undefined} the first error line, else the last line; undefined if the program printed nothing
 */
export function findReason(log) {
  const text = readFileSync(log, 'utf8').slice(-SEARCHED_BYTES);
  const lines = text
    .slice(text.lastIndexOf('\n$ ') + 1)
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('$ '));
  const reason = lines.find((line) => ERROR_LINE.test(line) && !NO_REASON.test(line)) ?? lines.at(-1);
  return reason?.replace(/^(npm error|ERROR:|E:|error:) /, '').slice(0, LONGEST_REASON);
}

/**
 * Finds a program on the PATH, except inside `.local`, where set-up installs its own programs.
 * @param {string} name
 * @returns {string | undefined} its absolute path
 */
export function findOnPath(name) {
  for (const folder of (process.env['PATH'] ?? '').split(path.delimiter)) {
    const candidate = path.join(folder, name);
    if (path.isAbsolute(folder) && !candidate.startsWith(LOCAL + path.sep) && isProgram(candidate)) return candidate;
  }
  return undefined;
}

/** @param {string} file */
function isProgram(file) {
  try {
    accessSync(file, constants.X_OK);
    return statSync(file).isFile();
  } catch {
    return false;
  }
}
