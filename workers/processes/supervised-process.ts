/**
 * Supervises one process of the stack: starts it, restarts it when it ends, and stops it.
 */
import { closeSync } from 'node:fs';
import type { ChildProcess } from 'node:child_process';
import { setTimeout as delay } from 'node:timers/promises';
import { reasonOf, UserError } from './user-error.ts';
import { killGroup, spawnTiedToParent } from './tied-process.ts';
import { lastLines, openLog } from './log-file.ts';

export interface ProcessPlan {
  /** Names the process in messages and its log, for example `trainer-0`. */
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  readonly env: NodeJS.ProcessEnv;
  readonly cwd: string;
  readonly logFile: string;
  /** Is called before each start, while the process is not running. */
  readonly prepare?: () => void;
}

export interface ProcessWatcher {
  /** Receives a line for the person at the terminal. */
  readonly say: (line: string) => void;
  /** Is called when the process has started with this id, or has ended (undefined). */
  readonly changed: (name: string, pid: number | undefined) => void;
}

const FIRST_DELAY_MS = 250;
const LONGEST_DELAY_MS = 15_000;
/** A killed process did nothing wrong: it starts again soon, however often it is killed. */
const LONGEST_DELAY_AFTER_KILL_MS = 4_000;
/** A process that ran this long was healthy. Its next end does not count as one of the same series. */
const HEALTHY_AFTER_MS = 30_000;
/** Number of consecutive ends of the same kind (exits or kills) after which a message describes the series. */
const REPORTED_AFTER = 4;
const QUOTED_LINES = 8;
const PROBE_INTERVAL_MS = 25;

export class SupervisedProcess {
  readonly name: string;
  readonly #plan: ProcessPlan;
  readonly #watcher: ProcessWatcher;
  /** While it is `starting`, its end fails the start. While it is `running`, its end causes a restart. */
  #phase: 'new' | 'starting' | 'running' | 'stopping' = 'new';
  #child: ChildProcess | undefined;
  #ended: Promise<void> = Promise.resolve();
  #consecutiveEnds = 0;
  /** The newest ends of the same kind: whether something killed it, and how often in a row. */
  #lastKind: { readonly killed: boolean; readonly times: number } = { killed: false, times: 0 };
  #failedStart: string | undefined;
  #restart: NodeJS.Timeout | undefined;

  constructor(plan: ProcessPlan, watcher: ProcessWatcher) {
    this.name = plan.name;
    this.#plan = plan;
    this.#watcher = watcher;
  }

  /** Process id, which is also the id of its group; undefined while it is not running. */
  get pid(): number | undefined {
    return this.#child?.pid;
  }

  /**
   * Starts the process and waits until `isReady` returns true. From then on it is restarted whenever it ends.
   *
   * @throws UserError with the last lines of its log if it ends first or takes longer than `timeoutMs`
   */
  async start(isReady: (pid: number) => Promise<boolean>, timeoutMs: number): Promise<void> {
    this.#phase = 'starting';
    const deadline = Date.now() + timeoutMs;
    this.#spawn();
    for (;;) {
      if (this.#isStopping()) throw new UserError(`Cannot start ${this.name}: it was stopped`);
      if (this.#failedStart !== undefined) throw this.#cannotStart(`it ${this.#failedStart}`);
      if (this.pid !== undefined && (await isReady(this.pid))) break;
      if (Date.now() > deadline) throw this.#cannotStart(`it did not answer within ${Math.round(timeoutMs / 1000)} s`);
      await delay(PROBE_INTERVAL_MS);
    }
    // `stop` may have been called during `isReady`.
    if (!this.#isStopping()) this.#phase = 'running';
  }

  /** Sends SIGTERM, kills the process after `graceMs`, and resolves when it and all its children have ended. */
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

  /** Kills the process and its children with SIGKILL, and never restarts it. */
  killForGood(): void {
    this.#phase = 'stopping';
    clearTimeout(this.#restart);
    this.kill();
  }

  /** Kills the process and its children with SIGKILL. It is restarted unless `stop` was called. */
  kill(): void {
    if (this.#child?.pid !== undefined) killGroup(this.#child.pid);
  }

  #isStopping(): boolean {
    return this.#phase === 'stopping';
  }

  #spawn(): void {
    const { command, args, env, cwd, logFile, name } = this.#plan;
    this.#prepare();
    const output = openLog(logFile);
    const startedAt = Date.now();
    const child = spawnTiedToParent(command, args, { env, cwd, output });
    closeSync(output);
    this.#child = child;
    this.#watcher.changed(name, child.pid);
    // The pipe breaks when the watcher is killed together with its group.
    child.stdin?.on('error', () => undefined);
    this.#ended = new Promise((resolve) => {
      let over = false;
      const end = (how: string, killed = false): void => {
        if (over) return;
        over = true;
        if (child.pid !== undefined) killGroup(child.pid);
        this.#child = undefined;
        this.#watcher.changed(name, undefined);
        this.#afterEnd(how, killed, Date.now() - startedAt);
        resolve();
      };
      child.once('error', (error) => end(`could not be started: ${error.message}`));
      child.once('exit', (code, signal) =>
        end(signal ? `was ended by ${signal}` : `ended with code ${code}`, signal === 'SIGKILL'),
      );
    });
  }

  /** Nothing that fails here keeps the process from starting. */
  #prepare(): void {
    try {
      this.#plan.prepare?.();
    } catch (error) {
      this.#watcher.say(`${this.name} starts without its preparation: ${reasonOf(error)}`);
    }
  }

  #afterEnd(how: string, killed: boolean, ranMs: number): void {
    if (this.#phase === 'stopping') return;
    if (this.#phase === 'starting') {
      this.#failedStart = how;
      return;
    }
    const wasHealthy = ranMs > HEALTHY_AFTER_MS;
    this.#consecutiveEnds = wasHealthy ? 1 : this.#consecutiveEnds + 1;
    this.#lastKind = { killed, times: wasHealthy || killed !== this.#lastKind.killed ? 1 : this.#lastKind.times + 1 };
    const longestMs = killed ? LONGEST_DELAY_AFTER_KILL_MS : LONGEST_DELAY_MS;
    const delayMs = Math.min(longestMs, FIRST_DELAY_MS * 2 ** (this.#consecutiveEnds - 1));
    this.#watcher.say(this.#describeEnd(how, delayMs));
    this.#restart = setTimeout(() => this.#spawn(), delayMs);
  }

  /** Quotes the log only if the process ended by itself. The log of a killed process does not name the reason. */
  #describeEnd(how: string, delayMs: number): string {
    const { killed, times } = this.#lastKind;
    if (times < REPORTED_AFTER) return `${this.name} ${how}: restarting it`;
    const next = `${times} times in a row. Next restart in ${delayMs / 1000} s.`;
    if (killed)
      return `${this.name} ${how}, ${next} Somebody kills it, or the system kills it because memory is short.`;
    return `${this.name} ${how}, ${next}${this.#quoteLog()}`;
  }

  #cannotStart(why: string): UserError {
    return new UserError(`Cannot start ${this.name}: ${why}.${this.#quoteLog()}`);
  }

  #quoteLog(): string {
    const lines = lastLines(this.#plan.logFile, QUOTED_LINES);
    return lines.length === 0
      ? ''
      : ` Last lines of ${this.#plan.logFile}:\n${lines.map((line) => `  ${line}`).join('\n')}`;
  }
}
