/**
 * Holds: a worker that cannot continue by itself waits for the operator, and says so in the log and to the root.
 */
import { condition, log } from '@temporalio/workflow';

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

  async #change(holds: readonly Hold[]): Promise<void> {
    this.#current = holds;
    await this.#publish(holds);
  }
}
