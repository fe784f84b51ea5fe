/**
 * Holds: a worker that cannot continue by itself waits for the operator, and says so in the log and to the root.
 */
import { condition, isCancellation, log } from '@temporalio/workflow';
import { reasonOf } from './activities.ts';

/** One worker that waits for the operator, and the reason. */
export interface Hold {
  /** Such as `P1/member-3`, `P2/evaluator-0` or `report`. */
  readonly worker: string;
  readonly reason: string;
}

/** All holds of one workflow. */
export class Holds {
  #current: readonly Hold[] = [];
  readonly #publish: (holds: readonly Hold[]) => Promise<void> | void;
  #published: Promise<void> = Promise.resolve();

  /** `publish` is called with all current holds when one begins or ends. */
  constructor(publish: (holds: readonly Hold[]) => Promise<void> | void) {
    this.#publish = publish;
  }

  get current(): readonly Hold[] {
    return this.#current;
  }

  /** Holds until `outcome` returns something, and returns that. */
  async until<Outcome>(hold: Hold, outcome: () => Outcome | undefined): Promise<Outcome> {
    log.error(`${hold.worker} holds: ${hold.reason}`);
    await this.#change([...this.#current, hold]);
    let ended: Outcome | undefined;
    await condition(() => (ended = outcome()) !== undefined);
    await this.#change(this.#current.filter((one) => one !== hold));
    return ended as Outcome;
  }

  /**
   * Does work of the worker and returns its result. If it fails for good, holds until the operator resumes, and does it
   * again. `doing` names the work, `resumes` returns how often the operator resumed.
   */
  async untilDone<T>(
    { worker, doing }: { readonly worker: string; readonly doing: string },
    work: () => Promise<T>,
    resumes: () => number,
  ): Promise<T> {
    for (;;) {
      try {
        return await work();
      } catch (error) {
        if (isCancellation(error)) throw error;
        const before = resumes();
        const reason = `${doing}: ${reasonOf(error)}`;
        await this.until({ worker, reason }, () => (resumes() > before ? true : undefined));
      }
    }
  }

  async #change(holds: readonly Hold[]): Promise<void> {
    this.#current = holds;
    // Signals that are sent at the same time may arrive in another order, and the last one counts.
    const published = this.#published.then(() => this.#publish(this.#current));
    this.#published = published.catch(() => undefined);
    await published;
  }
}
