/**
 * Values that several users share, such as a data set that TensorFlow holds: made once, disposed of when nobody uses
 * them and others have taken their place.
 */

interface Entry<Value> {
  readonly value: Promise<Value>;
  users: number;
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
  /** Least recently released first. */
  readonly #entries = new Map<string, Entry<Value>>();

  /** Keeps up to `mostUnused` values that nobody uses. */
  constructor(mostUnused: number, dispose: (value: Value) => void) {
    this.#mostUnused = mostUnused;
    this.#dispose = dispose;
  }

  /** Returns the value of that key, made if there is none. A failure to make it is not kept. */
  async lease(key: string, make: () => Value | Promise<Value>): Promise<Lease<Value>> {
    const entry = this.#entries.get(key) ?? { value: (async () => make())(), users: 0 };
    this.#entries.set(key, entry);
    entry.users++;
    let value: Value;
    try {
      value = await entry.value;
    } catch (error) {
      if (this.#entries.get(key) === entry) this.#entries.delete(key);
      throw error;
    }
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
    const unused = [...this.#entries].filter(([, { users }]) => users === 0);
    for (const [key, { value }] of unused.slice(0, Math.max(0, unused.length - this.#mostUnused))) {
      this.#entries.delete(key);
      // Whoever leased it has waited for it.
      void value.then(this.#dispose);
    }
  }
}
