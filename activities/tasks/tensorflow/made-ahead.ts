/**
 * Values that are made one after the other, some of them ahead of their use: while a native call keeps this thread,
 * other threads go on with what the next calls need.
 */
import { setImmediate as nextTurn } from 'node:timers/promises';

export class MadeAhead<Value> {
  readonly #make: (index: number) => Promise<Value>;
  readonly #ahead: number;
  readonly #begun = new Map<number, Promise<Value>>();
  #end: number;
  #waitedMs = 0;

  /** `ahead` values are in the making besides the one that is taken; their numbers are below `end`. */
  constructor(make: (index: number) => Promise<Value>, ahead: number, end = Infinity) {
    this.#make = make;
    this.#ahead = ahead;
    this.#end = end;
  }

  /** Begins to make the values from `index` on, of those below `end`: they will be taken next. */
  expect(index: number, end: number): void {
    this.#end = end;
    this.#beginFrom(index);
  }

  /** Milliseconds for which takers have waited. */
  get waitedMs(): number {
    return this.#waitedMs;
  }

  /**
   * Returns a value, and begins to make those after it. Values from elsewhere than before are made anew.
   *
   * @throws what making it throws
   */
  async take(index: number): Promise<Value> {
    this.#beginFrom(index);
    const value = this.#begun.get(index)!;
    this.#begun.delete(index);
    const before = performance.now();
    try {
      return await value;
    } finally {
      // What is made in several turns must get its turn also if this value was there already.
      await nextTurn();
      this.#waitedMs += performance.now() - before;
    }
  }

  #beginFrom(index: number): void {
    const last = Math.max(index, Math.min(index + this.#ahead, this.#end - 1));
    for (const known of this.#begun.keys()) if (known < index || known > last) this.#begun.delete(known);
    for (let next = index; next <= last; next++) if (!this.#begun.has(next)) this.#begin(next);
  }

  #begin(index: number): void {
    const value = this.#make(index);
    // Whoever takes it gets its error; nobody may.
    value.catch(() => undefined);
    this.#begun.set(index, value);
  }
}
