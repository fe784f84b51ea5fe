/**
 * One stack per state directory: who holds it, what it serves, and what an earlier one may have left running.
 *
 * The hold is a lock that ends with its process, however that ends. A file beside it says where the stack's parts are.
 */
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { isLocked, takeLock } from '../processes/socket-lock.mjs';
import { startTime } from '../processes/start-time.mjs';
import { killGroup } from '../processes/tied-process.ts';

const LOCK_PURPOSE = 'stack';

/**
 * Where a running stack's parts are; never a credential. In `s3.folder` the stack's own server keeps objects as files,
 * `<bucket>/<key>`.
 */
export interface StackRecord {
  readonly pid: number;
  readonly queue: string;
  readonly trainers: number;
  readonly threads: number;
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
}

export interface Hold {
  /** Says where things are, once they are. */
  readonly publish: (record: StackRecord) => void;
  readonly release: () => Promise<void>;
}

/** Takes hold of the directory, or returns undefined if another process holds it. */
export async function takeHold(stateDirectory: string): Promise<Hold | undefined> {
  mkdirSync(stateDirectory, { recursive: true });
  chmodSync(stateDirectory, 0o700);
  const lock = await takeLock(LOCK_PURPOSE, realpathSync(stateDirectory));
  if (lock === undefined) return undefined;
  lock.unref();
  const file = recordFile(stateDirectory);
  rmSync(file, { force: true });
  return {
    publish: (record) => writeWhole(file, record),
    release: async () => {
      rmSync(file, { force: true });
      await new Promise<void>((resolve) => lock.close(() => resolve()));
    },
  };
}

/** Returns whether some process holds the directory; a missing directory is held by nobody. */
export async function isHeld(stateDirectory: string): Promise<boolean> {
  return existsSync(stateDirectory) && isLocked(LOCK_PURPOSE, realpathSync(stateDirectory));
}

/** Returns what the stack that holds the directory serves, waiting while it starts; undefined where none holds it. */
export async function findRunningStack(stateDirectory: string, timeoutMs: number): Promise<StackRecord | undefined> {
  const deadline = Date.now() + timeoutMs;
  while (await isHeld(stateDirectory)) {
    const record = readWhole<StackRecord>(recordFile(stateDirectory));
    if (record !== undefined) return record;
    if (Date.now() > deadline)
      throw new Error(`The stack in ${stateDirectory} does not say within ${timeoutMs / 1000} s where its parts are`);
    await delay(100);
  }
  return undefined;
}

/** Notes which processes belong to the stack, and ends those that an earlier stack left behind. */
export class ProcessLedger {
  readonly #file: string;
  readonly #entries: Record<string, { readonly pid: number; readonly startedAt: string }> = {};

  constructor(stateDirectory: string) {
    this.#file = join(stateDirectory, 'processes.json');
  }

  /** Notes that the process was started, or has ended. */
  note(name: string, pid: number | undefined): void {
    delete this.#entries[name];
    const startedAt = pid === undefined ? undefined : startTime(pid);
    if (pid !== undefined && startedAt !== undefined) this.#entries[name] = { pid, startedAt };
    writeWhole(this.#file, this.#entries);
  }

  /** Ends what the last stack noted and is still the same process; returns the names. */
  async clearLeftovers(graceMs: number): Promise<string[]> {
    const left = Object.entries(readWhole<Record<string, { pid: number; startedAt: string }>>(this.#file) ?? {});
    const alive = (): typeof left => left.filter(([, { pid, startedAt }]) => startTime(pid) === startedAt);
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

function writeWhole(file: string, value: unknown): void {
  const staged = `${file}.${process.pid}`;
  writeFileSync(staged, `${JSON.stringify(value, null, 2)}\n`, { mode: 0o600 });
  renameSync(staged, file);
}

function readWhole<T>(file: string): T | undefined {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as T;
  } catch {
    return undefined;
  }
}
