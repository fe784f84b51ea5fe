/**
 * Threads in which environments are stepped, beside the one that asks for it. They stay from session to session.
 *
 * Data is in shared memory; messages only say what to do, and that it is done. So a thread that ends, or an error in
 * one, is told like any other error.
 */
import { Worker } from 'node:worker_threads';
import type { EnvironmentArrays, SliceCommand, SlicePlan } from './environment-slice.ts';
import type { EnvironmentChoice } from './shipped.ts';

/** To a thread. */
export type ThreadOrder =
  | {
      readonly kind: 'open';
      readonly slice: number;
      readonly choice: EnvironmentChoice;
      readonly plan: SlicePlan;
      readonly arrays: EnvironmentArrays;
    }
  | { readonly kind: 'carry-out'; readonly slice: number; readonly command: SliceCommand }
  | { readonly kind: 'dispose'; readonly slice: number };

/** From a thread: the order is carried out, or has failed. */
export interface ThreadAnswer {
  readonly slice: number;
  readonly error?: { readonly message: string; readonly stack: string };
}

/** Environments in a thread of their own. */
export interface ThreadSlice {
  /** @throws what an environment throws; Error if the thread has ended */
  carryOut(command: SliceCommand): Promise<void>;
  /** @throws Error if the thread has ended */
  dispose(): Promise<void>;
}

let most = 1;
/** What a thread runs. */
let script = '';
let running: EnvironmentThread[] = [];
let slices = 0;

/**
 * Sets in how many threads environments are stepped, at most; default: 1, only in the one that asks. Results do not
 * depend on it. `file` is the module of a thread: it imports environment-thread.ts.
 */
export function useEnvironmentThreads(count: number, file: string): void {
  [most, script] = [count, file];
  for (const thread of running.splice(Math.max(count - 1, 0))) thread.end();
}

/** Returns into how many slices so many environments are divided: one for each thread. */
export function threadsFor(environments: number): number {
  return Math.min(most, environments);
}

/**
 * Makes environments in a thread other than this one. Two numbers may be the same thread's.
 *
 * @throws Error if they cannot be made there
 */
export async function openInThread(
  number: number,
  choice: EnvironmentChoice,
  plan: SlicePlan,
  arrays: EnvironmentArrays,
): Promise<ThreadSlice> {
  running = running.filter(({ isRunning }) => isRunning);
  const thread = (running[number - 1] ??= new EnvironmentThread());
  const slice = slices++;
  await thread.order({ kind: 'open', slice, choice, plan, arrays });
  return {
    carryOut: (command) => thread.order({ kind: 'carry-out', slice, command }),
    dispose: () => thread.order({ kind: 'dispose', slice }),
  };
}

interface Waiting {
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

class EnvironmentThread {
  readonly #worker: Worker;
  /** By slice: each has one order at a time. */
  readonly #waiting = new Map<number, Waiting>();
  /** Why it ended. */
  #ended: string | undefined;

  constructor() {
    this.#worker = new Worker(script);
    // It keeps the process only while somebody waits.
    this.#worker.unref();
    this.#worker.on('message', (answer: ThreadAnswer) => this.#take(answer));
    this.#worker.on('error', (error) => this.#end(error.message));
    this.#worker.on('exit', (code) => this.#end(`it ended with code ${code}`));
  }

  get isRunning(): boolean {
    return this.#ended === undefined;
  }

  order(order: ThreadOrder): Promise<void> {
    return new Promise((resolve, reject) => {
      if (this.#ended !== undefined) return reject(this.#lost());
      this.#waiting.set(order.slice, { resolve, reject });
      this.#worker.ref();
      this.#worker.postMessage(order);
    });
  }

  end(): void {
    void this.#worker.terminate();
  }

  #take({ slice, error }: ThreadAnswer): void {
    const waiting = this.#waiting.get(slice);
    this.#waiting.delete(slice);
    if (this.#waiting.size === 0) this.#worker.unref();
    if (error) waiting?.reject(Object.assign(new Error(error.message), { stack: error.stack }));
    else waiting?.resolve();
  }

  #end(how: string): void {
    this.#ended ??= how;
    for (const { reject } of this.#waiting.values()) reject(this.#lost());
    this.#waiting.clear();
  }

  #lost(): Error {
    return new Error(`Cannot step the environments of a thread: ${this.#ended}`);
  }
}
