/**
 * Things that are costly to make, lent to one user at a time and kept in between.
 */
export class Kept<T> {
  readonly #most: number;
  readonly #dispose: (thing: T) => void;
  /** Most recently used last; several may share a key while several are in use at once. */
  readonly #idle: { readonly key: string; readonly thing: T }[] = [];

  /** Keeps at most so many idle things; of one too many the longest idle is disposed of. */
  constructor(most: number, dispose: (thing: T) => void) {
    this.#most = most;
    this.#dispose = dispose;
  }

  /** Returns an idle thing, now the caller's alone; undefined where there is none. */
  take(key: string): T | undefined {
    const index = this.#idle.findIndex((idle) => idle.key === key);
    return index < 0 ? undefined : this.#idle.splice(index, 1)[0]?.thing;
  }

  /** Takes a thing back, or in. */
  keep(key: string, thing: T): void {
    this.#idle.push({ key, thing });
    for (const { thing: oldest } of this.#idle.splice(0, this.#idle.length - this.#most)) this.#dispose(oldest);
  }
}
