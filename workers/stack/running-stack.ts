/**
 * Allows one stack per state directory, publishes its addresses, and finds the processes of an earlier stack.
 *
 * The lock of the directory ends with its process, even after `kill -9`. A file in the directory has the addresses.
 */
import { chmodSync, existsSync, readFileSync, realpathSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { makeDirectory } from '../processes/directories.ts';
import { isLocked, takeLock } from '../processes/socket-lock.mjs';
import { startTime } from '../processes/start-time.mjs';
import { killGroup } from '../processes/tied-process.ts';

const LOCK_PURPOSE = 'stack';

/**
 * The addresses of a running stack, without credentials. `s3.folder` has the objects of the stack's own server as
 * files, `<bucket>/<key>`.
 */
export interface StackRecord {
  readonly pid: number;
  readonly queue: string;
  readonly trainers: number;
  readonly threads: number;
  /** Files with tasks of the user, absolute. */
  readonly tasks: readonly string[];
  readonly temporal: {
    readonly address: string;
    readonly namespace: string;
    readonly webUi: string | null;
    readonly own: boolean;
  };
  readonly s3: {
    readonly endpoint: string | null;
    readonly credentialsFile: string | null;
    readonly folder: string | null;
    readonly own: boolean;
  };
  /** Address of the pages of all runs. */
  readonly pages: string;
}

export interface StackLock {
  /** Writes the addresses for other processes. Call it when the stack is ready. */
  readonly publish: (record: StackRecord) => void;
  readonly release: () => Promise<void>;
}

/**
 * Locks the directory, or returns undefined if another process has locked it.
 *
 * @throws UserError if it cannot be created or used
 */
export async function lockStack(stateDirectory: string): Promise<StackLock | undefined> {
  makeDirectory(stateDirectory, 'the state of a stack');
  chmodSync(stateDirectory, 0o700);
  const lock = await takeLock(LOCK_PURPOSE, realpathSync(stateDirectory));
  if (lock === undefined) return undefined;
  lock.unref();
  const file = recordFile(stateDirectory);
  rmSync(file, { force: true });
  return {
    publish: (record) => writeJson(file, record),
    release: async () => {
      rmSync(file, { force: true });
      await new Promise<void>((resolve) => lock.close(() => resolve()));
    },
  };
}

/** Tells whether a stack runs or starts in the directory; false if the directory does not exist. */
export async function isStackRunning(stateDirectory: string): Promise<boolean> {
  return existsSync(stateDirectory) && isLocked(LOCK_PURPOSE, realpathSync(stateDirectory));
}

/** Returns the addresses of the directory's stack; undefined if none runs. Waits while the stack starts. */
export async function findRunningStack(stateDirectory: string, timeoutMs: number): Promise<StackRecord | undefined> {
  const deadline = Date.now() + timeoutMs;
  while (await isStackRunning(stateDirectory)) {
    const record = readJson<StackRecord>(recordFile(stateDirectory));
    if (record !== undefined) return record;
    if (Date.now() > deadline)
      throw new Error(`The stack in ${stateDirectory} did not start within ${timeoutMs / 1000} s`);
    await delay(100);
  }
  return undefined;
}

/** Notes which processes belong to the stack, and stops those that an earlier stack left running. */
export class ProcessLedger {
  readonly #file: string;
  readonly #entries: Record<string, { readonly pid: number; readonly startedAt: string }> = {};

  constructor(stateDirectory: string) {
    this.#file = join(stateDirectory, 'processes.json');
  }

  /** Notes that the process has started with this id, or has ended (undefined). */
  note(name: string, pid: number | undefined): void {
    delete this.#entries[name];
    const startedAt = pid === undefined ? undefined : startTime(pid);
    if (pid !== undefined && startedAt !== undefined) this.#entries[name] = { pid, startedAt };
    writeJson(this.#file, this.#entries);
  }

  /** Stops the processes that an earlier stack noted and that still run. Returns their names. */
  async stopLeftovers(graceMs: number): Promise<string[]> {
    const noted = Object.entries(readJson<Record<string, { pid: number; startedAt: string }>>(this.#file) ?? {});
    const alive = (): typeof noted => noted.filter(([, { pid, startedAt }]) => startTime(pid) === startedAt);
    const found = alive();
    for (const [, { pid }] of found) process.kill(pid, 'SIGTERM');
    const deadline = Date.now() + graceMs;
    while (alive().length > 0 && Date.now() < deadline) await delay(50);
    for (const [, { pid }] of alive()) killGroup(pid);
    return found.map(([name]) => name);
  }
}

function recordFile(stateDirectory: string): string {
  return join(stateDirectory, 'stack.json');
}

function writeJson(file: string, value: unknown): void {
  const staged = `${file}.${process.pid}`;
  writeFileSync(staged, `${JSON.stringify(value, null, 2)}\n`, { mode: 0o600 });
  renameSync(staged, file);
}

function readJson<T>(file: string): T | undefined {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as T;
  } catch {
    return undefined;
  }
}
