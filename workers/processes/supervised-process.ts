/**
 * One process of the stack: started, watched, started again when it ends, stopped.
 */
import { closeSync } from 'node:fs';
import type { ChildProcess } from 'node:child_process';
import { setTimeout as delay } from 'node:timers/promises';
import { UserError } from './user-error.ts';
import { RECYCLE_EXIT_CODE } from './recycling.ts';
import { killGroup, spawnTiedToParent } from './tied-process.ts';
import { lastLines, openLog } from './log-file.ts';

export interface ProcessPlan {
  /** Such as `trainer-0`: names the process in texts and its log. */
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  readonly env: NodeJS.ProcessEnv;
  readonly cwd: string;
  readonly logFile: string;
}

export interface ProcessWatcher {
  /** A line for the person at the terminal. */
  readonly say: (line: string) => void;
  /** The process was started, under this id, or has ended. */
  readonly changed: (name: string, pid: number | undefined) => void;
}

const FIRST_DELAY_MS = 250;
const LONGEST_DELAY_MS = 15_000;
/** A process that ran for so long was well: what ends it is a new trouble. */
const WELL_AFTER_MS = 30_000;
/** Ends in a row, all of its own making or all kills, after which it is told that it does not stop. */
const TOLD_AFTER = 4;
const TOLD_LINES = 8;
const PROBE_INTERVAL_MS = 25;

export class SupervisedProcess {
  readonly name: string;
  readonly #plan: ProcessPlan;
  readonly #watcher: ProcessWatcher;
  /** Until it is ready, its end is a failure of the start; afterwards a reason to start it again. */
  #phase: 'new' | 'starting' | 'running' | 'stopping' = 'new';
  #child: ChildProcess | undefined;
  #ended: Promise<void> = Promise.resolve();
  #endsInARow = 0;
  /** Whether it was killed, by hand or by the system, or ended by itself; and how often it did so in a row. */
  #lastKind: { readonly killed: boolean; readonly times: number } = { killed: false, times: 0 };
  #failedStart: string | undefined;
  #restart: NodeJS.Timeout | undefined;

  constructor(plan: ProcessPlan, watcher: ProcessWatcher) {
    this.name = plan.name;
    this.#plan = plan;
    this.#watcher = watcher;
  }

  /** Process id, also its group's; undefined while it is not running. */
  get pid(): number | undefined {
    return this.#child?.pid;
  }

  /**
   * Starts it and waits until `isReady` says so; from then on it is started again whenever it ends.
   *
   * @throws UserError with the last lines of its log where it ends first or takes longer than `timeoutMs`
   */
  async start(isReady: (pid: number) => Promise<boolean>, timeoutMs: number): Promise<void> {
    this.#phase = 'starting';
    const deadline = Date.now() + timeoutMs;
    this.#spawn();
    for (;;) {
      if (this.#isStopping()) throw new UserError(`Cannot start ${this.name}: it was stopped`);
      if (this.#failedStart !== undefined) throw this.#cannotStart(`it ${this.#failedStart}`);
      if (this.pid !== undefined && (await isReady(this.pid))) break;
      if (Date.now() > deadline) throw this.#cannotStart(`it does not answer after ${Math.round(timeoutMs / 1000)} s`);
      await delay(PROBE_INTERVAL_MS);
    }
    // It may have been told to stop while it was being asked.
    if (!this.#isStopping()) this.#phase = 'running';
  }

  /** Asks it to end, kills it after `graceMs`, and resolves once it and all that it started are gone. */
  async stop(graceMs: number): Promise<void> {
    this.#phase = 'stopping';
    clearTimeout(this.#restart);
    const child = this.#child;
    if (child === undefined) return;
    child.kill('SIGTERM');
    const timer = setTimeout(() => this.kill(), graceMs);
    await this.#ended;
    clearTimeout(timer);
  }

  /** Kills it and all that it started with SIGKILL: unless it is being stopped, it is started again. */
  kill(): void {
    if (this.#child?.pid !== undefined) killGroup(this.#child.pid);
  }

  #isStopping(): boolean {
    return this.#phase === 'stopping';
  }

  #spawn(): void {
    const { command, args, env, cwd, logFile, name } = this.#plan;
    const output = openLog(logFile);
    const startedAt = Date.now();
    const child = spawnTiedToParent(command, args, { env, cwd, output });
    closeSync(output);
    this.#child = child;
    this.#watcher.changed(name, child.pid);
    // The pipe breaks when the watcher is killed with its group.
    child.stdin?.on('error', () => undefined);
    this.#ended = new Promise((resolve) => {
      let over = false;
      const end = (how: string, code: number | null, killed = false): void => {
        if (over) return;
        over = true;
        if (child.pid !== undefined) killGroup(child.pid);
        this.#child = undefined;
        this.#watcher.changed(name, undefined);
        this.#afterEnd(how, code, killed, Date.now() - startedAt);
        resolve();
      };
      child.once('error', (error) => end(`could not be run: ${error.message}`, null));
      child.once('exit', (code, signal) =>
        end(signal ? `was ended by ${signal}` : `ended with code ${code}`, code, signal === 'SIGKILL'),
      );
    });
  }

  #afterEnd(how: string, code: number | null, killed: boolean, ranMs: number): void {
    if (this.#phase === 'stopping') return;
    if (this.#phase === 'starting') {
      this.#failedStart = how;
      return;
    }
    if (code === RECYCLE_EXIT_CODE) {
      this.#spawn();
      return;
    }
    const newTrouble = ranMs > WELL_AFTER_MS;
    this.#endsInARow = newTrouble ? 1 : this.#endsInARow + 1;
    this.#lastKind = { killed, times: newTrouble || killed !== this.#lastKind.killed ? 1 : this.#lastKind.times + 1 };
    const delayMs = Math.min(LONGEST_DELAY_MS, FIRST_DELAY_MS * 2 ** (this.#endsInARow - 1));
    this.#watcher.say(this.#describeEnd(how, delayMs));
    this.#restart = setTimeout(() => this.#spawn(), delayMs);
  }

  /** What a killed process wrote last says nothing of why: its log is shown only where it ended by itself. */
  #describeEnd(how: string, delayMs: number): string {
    const { killed, times } = this.#lastKind;
    if (times < TOLD_AFTER) return `${this.name} ${how}: starting it again`;
    const next = `${times} times in a row. Next try in ${delayMs / 1000} s.`;
    if (killed)
      return `${this.name} keeps being killed: it ${how}, by somebody or by the system for want of memory, ${next}`;
    return `${this.name} keeps ending: it ${how}, ${next}${this.#quoteLog()}`;
  }

  #cannotStart(why: string): UserError {
    return new UserError(`Cannot start ${this.name}: ${why}.${this.#quoteLog()}`);
  }

  #quoteLog(): string {
    const lines = lastLines(this.#plan.logFile, TOLD_LINES);
    return lines.length === 0
      ? ''
      : ` The end of ${this.#plan.logFile}:\n${lines.map((line) => `  ${line}`).join('\n')}`;
  }
}
