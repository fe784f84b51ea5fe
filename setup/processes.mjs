/**
 * The programs that set-up runs: one at a time, output to a log, and none outlives it.
 *
 * Each runs in a process group of its own, so that it can be ended with everything it has started. Which group that is
 * stands in a file for as long as it runs: a set-up that is killed with -9 cannot end its own, so the next one does.
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
import { scarcity, SetupFailure } from './failure.mjs';
import { LOCAL } from './places.mjs';

/** How often a running program's progress is looked at. */
const TICK_MS = 250;

/** How much of a log's end is searched for the reason of a failure. */
const LAST_WORDS_BYTES = 20_000;
const LONGEST_COMPLAINT = 300;

/** Runs programs, and ends the running one on demand. */
export class Processes {
  #record;
  /** @type {number | undefined} */
  #group;

  /** @param {string} [record] the file that names the running program's group */
  constructor(record = path.join(LOCAL, 'setup-child.json')) {
    this.#record = record;
  }

  /** Ends what a killed set-up has left running, if it is still the same process. Call it under the lock. */
  endLeftOvers() {
    if (!existsSync(this.#record)) return;
    try {
      const { group, started } = /** @type {{ group: number, started: string }} */ (
        JSON.parse(readFileSync(this.#record, 'utf8'))
      );
      if (Number.isInteger(group) && group > 1 && startTime(group) === started) endGroup(group);
    } catch {
      // A record that was being written when the set-up was killed names nothing.
    }
    rmSync(this.#record, { force: true });
  }

  /** Ends the running program and all that it has started, at once: whatever it was writing is thrown away anyway. */
  end() {
    if (this.#group !== undefined) endGroup(this.#group);
    rmSync(this.#record, { force: true });
  }

  /**
   * Runs a program to its end, with its output appended to a log.
   * @param {string} command
   * @param {readonly string[]} args
   * @param {{ log: string, purpose: string, cwd?: string, env?: NodeJS.ProcessEnv, onTick?: () => void }} options
   *   `purpose` completes "Cannot …"; `onTick` is called a few times a second
   * @returns {Promise<void>}
   * @throws {SetupFailure} where it cannot be started or exits with anything but 0, with the last thing it said
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
          `Cannot ${purpose}: ${lastWords(log) ?? `${path.basename(command)} ended with ${String(ending)}`}`,
          { log, advice: scarcity(LOCAL) },
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
    // Nothing is left of it.
  }
}

/** How the programs that set-up runs begin a line that says what is wrong: npm, pip, apt, compilers, Python, Node. */
const COMPLAINT = /^(npm error |ERROR: |E: |(.*: )?(fatal )?error: |(Uncaught )?[\w.]*(Error|Exception): ).*\S/;

/**
 * Lines that look like a complaint and say nothing: npm's codes, which come before its sentence, and pip's heading of a
 * traceback.
 */
const NO_COMPLAINT = /^npm error( (code|errno|syscall|path|dest|file)\b.*)?$|^ERROR: Exception:$/;

/**
 * Finds the sentence in a log that says why the last program failed.
 * @param {string} log
 * @returns {string | undefined} the first line that calls itself an error, else the last one at all; undefined where it
 *   said nothing
 */
export function lastWords(log) {
  const text = readFileSync(log, 'utf8').slice(-LAST_WORDS_BYTES);
  const lines = text
    .slice(text.lastIndexOf('\n$ ') + 1)
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('$ '));
  const words = lines.find((line) => COMPLAINT.test(line) && !NO_COMPLAINT.test(line)) ?? lines.at(-1);
  return words?.replace(/^(npm error|ERROR:|E:|error:) /, '').slice(0, LONGEST_COMPLAINT);
}

/**
 * Looks a program up on the PATH.
 * @param {string} name
 * @returns {string | undefined} its absolute path; never one inside `.local`, which set-up itself has made
 */
export function onPath(name) {
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
