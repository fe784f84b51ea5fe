/**
 * One computing process, from its start to its end.
 */
import type { ChildProcess } from 'node:child_process';
import { ActivityClock } from '../../activities/training/activity-clock.ts';
import { ComputingEnded } from '../../activities/training/computer.ts';
import type { Interrupted, Interruption, Observer, Progress } from '../../activities/training/computer.ts';
import { killGroup, spawnTiedToParent, type TiedOptions } from '../processes/tied-process.ts';
import { decodeFailure, type Answer, type Order, type Request } from './messages.ts';

/** How long an interrupted process may take to come back from a native call. */
const GRACE_MS = 1_000;
/** How long it may store what it has trained, once it does so. */
const STORING_GRACE_MS = 10_000;
const LOOK_EVERY_MS = 200;
/** What is known to take a minute hangs if it takes this many. */
const HANG_FACTOR = 10;

/** The order under way. */
interface Current {
  readonly observer: Observer;
  readonly clock: ActivityClock;
  readonly hangAfterMs: number;
  progress: Progress | undefined;
  /** By this process's clock. */
  interruptedAtMs: number | undefined;
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: Error) => void;
}

export class Computation {
  /** Resolves when it takes orders. */
  readonly ready: Promise<undefined>;
  /** Resolves when the process is gone; completes `it …`. */
  readonly ended: Promise<string>;
  readonly #child: ChildProcess;
  #becomeReady = (): void => undefined;
  #current: Current | undefined;
  #wantsSuccessor = false;
  /** Why it was killed, if it hung. */
  #hung: string | undefined;

  constructor(args: readonly string[], options: Omit<TiedOptions, 'messages'>) {
    this.ready = new Promise((resolve) => (this.#becomeReady = () => resolve(undefined)));
    this.#child = spawnTiedToParent(process.execPath, args, { ...options, messages: true });
    this.#child.on('message', (message) => this.#take(message as Answer));
    // The pipe breaks when the watcher is killed with its group.
    this.#child.stdin?.on('error', () => undefined);
    this.ended = new Promise((resolve) => {
      this.#child.once('error', (error) => resolve(this.#end(`could not be run: ${error.message}`)));
      this.#child.once('exit', (code, signal) => {
        this.kill();
        resolve(this.#end(signal === null ? `ended with code ${code}` : endedBy(signal)));
      });
    });
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  /** It has computed for so long that a fresh one should take the next order. */
  get wantsSuccessor(): boolean {
    return this.#wantsSuccessor;
  }

  /**
   * Gives the process an order and returns the result. If it is interrupted and does not come back in time, or hangs,
   * it is killed.
   *
   * @throws ComputingEnded if the process ends first
   */
  async carryOut(order: Order, observer: Observer, hangAfterMs: number): Promise<unknown> {
    const { interruption } = observer;
    const interrupt = (): void => this.#interrupt(interruption.reason as Interruption);
    const watch = setInterval(() => this.#look(), LOOK_EVERY_MS);
    try {
      return await new Promise<unknown>((resolve, reject) => {
        const clock = new ActivityClock();
        this.#current = {
          observer,
          clock,
          hangAfterMs,
          progress: undefined,
          interruptedAtMs: undefined,
          resolve,
          reject,
        };
        this.#send({ kind: 'order', order });
        if (interruption.aborted) interrupt();
        else interruption.addEventListener('abort', interrupt, { once: true });
      });
    } finally {
      clearInterval(watch);
      interruption.removeEventListener('abort', interrupt);
      this.#current = undefined;
    }
  }

  kill(): void {
    if (this.#child.pid !== undefined) killGroup(this.#child.pid);
  }

  #send(request: Request): void {
    // That nobody reads it is told by the end of the process.
    this.#child.send(request, () => undefined);
  }

  #interrupt(interruption: Interruption): void {
    if (!this.#current) return;
    this.#current.interruptedAtMs = performance.now();
    this.#send({ kind: 'interrupt', interruption });
  }

  #take(answer: Answer): void {
    switch (answer.kind) {
      case 'ready':
        this.#becomeReady();
        break;
      case 'progress':
        if (!this.#current) break;
        this.#current.progress = answer.progress;
        this.#current.clock.note(answer.progress);
        this.#current.observer.progressed(answer.progress);
        break;
      case 'done':
        this.#wantsSuccessor = answer.recycle;
        this.#current?.resolve(answer.result);
        break;
      case 'failed':
        this.#wantsSuccessor = answer.recycle;
        this.#current?.reject(decodeFailure(answer.failure));
        break;
      default:
        answer satisfies never;
    }
  }

  /** Kills the process if it takes too long to come back, or makes no progress for too long. */
  #look(): void {
    if (!this.#current) return;
    const { clock, interruptedAtMs, hangAfterMs, progress } = this.#current;
    if (interruptedAtMs !== undefined) {
      const waitedMs = Math.min(performance.now() - interruptedAtMs, clock.elapsedMs);
      const overdue = performance.now() - interruptedAtMs >= GRACE_MS;
      if (clock.doing === 'storing' ? waitedMs >= STORING_GRACE_MS : overdue) this.kill();
      return;
    }
    const { elapsedMs } = clock;
    if (elapsedMs < Math.max(hangAfterMs, HANG_FACTOR * (progress?.knownMs ?? 0))) return;
    this.#hung = `hung (it made no progress for ${Math.round(elapsedMs / 1000)} s) and was killed`;
    this.kill();
  }

  /** Returns how the process has ended, and ends the order under way. */
  #end(how: string): string {
    const current = this.#current;
    const reason = this.#hung ?? how;
    if (current?.interruptedAtMs !== undefined) current.resolve({ interrupted: true } satisfies Interrupted);
    else if (current) current.reject(new ComputingEnded(`${reason} ${whileDoing(current)}`));
    return reason;
  }
}

/** Such as `while training after step 12`: what is fast is not told step by step. */
function whileDoing({ clock, progress }: Current): string {
  return `while ${clock.doing}${progress === undefined ? '' : ` after step ${progress.step}`}`;
}

function endedBy(signal: NodeJS.Signals): string {
  return `was ended by ${signal}${signal === 'SIGKILL' ? ' (perhaps by the system, for want of memory)' : ''}`;
}
