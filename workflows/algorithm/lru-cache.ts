/**
 * A cache of what can be computed again: when it is full, the least recently used values go.
 */

/** Keeps values up to a total weight; by default each weighs 1. */
export class LruCache<Key, Value> {
  readonly #maxWeight: number;
  readonly #weigh: (value: Value) => number;
  readonly #dispose: (value: Value) => void;
  /** Least recently used first. */
  readonly #values = new Map<Key, Value>();
  #weight = 0;

  /** `dispose` frees a value that the cache drops. */
  constructor(
    maxWeight: number,
    weigh: (value: Value) => number = () => 1,
    dispose: (value: Value) => void = () => undefined,
  ) {
    this.#maxWeight = maxWeight;
    this.#weigh = weigh;
    this.#dispose = dispose;
  }

  /** Returns a value, which stays in the cache; undefined if there is none. */
  get(key: Key): Value | undefined {
    const value = this.take(key);
    if (value !== undefined) this.set(key, value);
    return value;
  }

  /** Returns a value and removes it from the cache: the caller's alone until it is set again. */
  take(key: Key): Value | undefined {
    const value = this.#values.get(key);
    if (value === undefined) return undefined;
    this.#values.delete(key);
    this.#weight -= this.#weigh(value);
    return value;
  }

  /**
   * Adds a value, in place of one of that key. Drops the least recently used values beyond the weight; a value that
   * alone exceeds it is dropped at once.
   */
  set(key: Key, value: Value): void {
    const replaced = this.take(key);
    if (replaced !== undefined && replaced !== value) this.#dispose(replaced);
    if (this.#weigh(value) > this.#maxWeight) return this.#dispose(value);
    this.#values.set(key, value);
    this.#weight += this.#weigh(value);
    for (const [oldest, dropped] of this.#values) {
      if (this.#weight <= this.#maxWeight) break;
      this.take(oldest);
      this.#dispose(dropped);
    }
  }
}
