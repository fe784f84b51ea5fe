/**
 * Holds: a worker that cannot continue by itself waits for the operator, and says so in the log and to the root.
 */
import { condition, isCancellation, log } from '@temporalio/workflow';
import type { HoldNotice } from '../../activities/contracts/messages.ts';
import { reasonOf } from './activities.ts';

/** Number of holds of one part of a run that its root is told in full. */
const TOLD_HOLDS = 10;

/** Longest reason that the root is told, half from its begin, half from its end, which says what to do. */
const TOLD_CHARACTERS = 1000;

/** One worker that waits for the operator, and the reason. */
export interface Hold {
  /** Such as `P1/member-3`, `P2/evaluator-0` or `report`. */
  readonly worker: string;
  readonly reason: string;
}

/**
 * Returns what the root of a run is told of the holds of one of its parts. It is told when a hold begins or ends, and
 * the histories of both have all of it. So it stays small however many workers hold, and whatever their errors say.
 */
export function tellHolds(holds: readonly Hold[], round: number): Pick<HoldNotice, 'reasons' | 'more'> {
  const told = holds.slice(0, TOLD_HOLDS);
  return {
    reasons: told.map(({ worker, reason }) => `${worker} in round ${round}: ${shorten(reason)}`),
    more: holds.length - told.length,
  };
}

function shorten(reason: string): string {
  if (reason.length <= TOLD_CHARACTERS) return reason;
  const half = TOLD_CHARACTERS / 2;
  return `${reason.slice(0, half)} … ${reason.slice(-half)}`;
}

/** All holds of one workflow. */
export class Holds {
  #current: readonly Hold[] = [];
  readonly #publish: (holds: readonly Hold[]) => Promise<void>;

  /** `publish` is called with all current holds when some begin or end. */
  constructor(publish: (holds: readonly Hold[]) => Promise<void> | void) {
    this.#publish = newestInTurn(publish);
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
    await this.#publish(holds);
  }
}

/**
 * Returns a function that publishes values one after the other: signals that are sent at the same time may arrive in
 * another order, and the last one counts. Of the values that come while one is being published only the newest is.
 */
export function newestInTurn<T>(publish: (value: T) => Promise<void> | void): (value: T) => Promise<void> {
  let newest: T | undefined;
  let published: Promise<void> = Promise.resolve();
  return async (value) => {
    newest = value;
    const turn = published.then(() => (value === newest ? publish(value) : undefined));
    published = turn.catch(() => undefined);
    await turn;
  };
}
