/**
 * Values that several users share, such as a data set that TensorFlow holds: made once, disposed of when nobody uses
 * them and others have taken their place.
 */

interface Entry<Value> {
  readonly value: Promise<Value>;
  users: number;
  weight: number;
}

/** The right to use a shared value. */
export interface Lease<Value> {
  readonly value: Value;
  /** Ends it. Safe to call twice. */
  release(): void;
}

export class SharedValues<Value> {
  readonly #mostUnused: number;
  readonly #dispose: (value: Value) => void;
  readonly #maxWeight: number;
  readonly #weigh: (value: Value) => number;
  /** Least recently released first. */
  readonly #entries = new Map<string, Entry<Value>>();

  /**
   * Keeps up to `mostUnused` values that nobody uses, whatever they weigh, and more if all of these together weigh up
   * to `maxWeight`.
   */
  constructor(
    mostUnused: number,
    dispose: (value: Value) => void,
    maxWeight = 0,
    weigh: (value: Value) => number = () => 1,
  ) {
    this.#mostUnused = mostUnused;
    this.#dispose = dispose;
    this.#maxWeight = maxWeight;
    this.#weigh = weigh;
  }

  /** Returns the value of that key, made if there is none. A failure to make it is not kept. */
  async lease(key: string, make: () => Value | Promise<Value>): Promise<Lease<Value>> {
    const entry = this.#entries.get(key) ?? { value: (async () => make())(), users: 0, weight: 0 };
    this.#entries.set(key, entry);
    entry.users++;
    let value: Value;
    try {
      value = await entry.value;
    } catch (error) {
      if (this.#entries.get(key) === entry) this.#entries.delete(key);
      throw error;
    }
    entry.weight = this.#weigh(value);
    let released = false;
    return {
      value,
      release: () => {
        if (released) return;
        released = true;
        entry.users--;
        this.#entries.delete(key);
        this.#entries.set(key, entry);
        this.#drop();
      },
    };
  }

  #drop(): void {
    const newestFirst = [...this.#entries].filter(([, { users }]) => users === 0).reverse();
    let kept = 0;
    let keptWeight = 0;
    for (const [key, { value, weight }] of newestFirst) {
      kept++;
      keptWeight += weight;
      if (kept <= this.#mostUnused || keptWeight <= this.#maxWeight) continue;
      this.#entries.delete(key);
      // Whoever leased it has waited for it.
      void value.then(this.#dispose);
    }
  }
}
