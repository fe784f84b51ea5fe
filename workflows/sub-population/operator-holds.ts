/**
 * What of a sub-population waits for the operator: the run is resumed or stopped, or a command settles the matter.
 */
import { Holds, tellHolds } from '../run/holds.ts';
import type { Hold } from '../run/holds.ts';
import type { Addresses } from './addresses.ts';
import type { Mail } from './mail.ts';

/** All holds of a sub-population, as its root and its page in the Web UI know them. */
export class OperatorHolds {
  readonly #mail: Mail;
  readonly #addresses: Addresses;
  readonly #changed: () => number;
  readonly #holds = new Holds((holds) => this.#publish(holds));

  /** `changed` is called whenever a hold begins or ends, and returns the round. */
  constructor(mail: Mail, addresses: Addresses, changed: () => number) {
    this.#mail = mail;
    this.#addresses = addresses;
    this.#changed = changed;
  }

  /** Each as a text. */
  get current(): readonly string[] {
    return this.#holds.current.map(({ worker, reason }) => `${worker}: ${reason}`);
  }

  /** Waits until the operator acts; `isSettled` tells whether a command settles the matter. Returns what ended it. */
  async until(hold: Hold, isSettled: () => boolean): Promise<'command' | 'resumed' | 'run-stopped'> {
    const { resumes } = this.#mail.steering;
    return this.#holds.until(hold, () => {
      if (isSettled()) return 'command';
      if (this.#mail.steering.resumes > resumes) return 'resumed';
      return this.#mail.steering.stop === null ? undefined : 'run-stopped';
    });
  }

  /** Does work without which no round can go on: if it fails for good, it is done again once the run is resumed. */
  async untilDone<T>(work: { readonly worker: string; readonly doing: string }, run: () => Promise<T>): Promise<T> {
    return this.#holds.untilDone(work, run, () => this.#mail.steering.resumes);
  }

  async #publish(holds: readonly Hold[]): Promise<void> {
    const round = this.#changed();
    await this.#addresses.publishHolds(round, tellHolds(holds, round));
  }
}
