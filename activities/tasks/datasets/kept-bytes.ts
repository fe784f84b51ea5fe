/**
 * Arrays of bytes that are kept as far as there is room: the first ones. An epoch goes through all in another order, so
 * the newest are not needed sooner than others.
 */
export class KeptBytes {
  readonly #mostBytes: number;
  readonly #arrays = new Map<number, Uint8Array>();
  #bytes = 0;

  constructor(mostBytes: number) {
    this.#mostBytes = mostBytes;
  }

  get(key: number): Uint8Array | undefined {
    return this.#arrays.get(key);
  }

  /** Keeps an array if it fits beside those that are kept. Nobody may write to it. */
  keep(key: number, bytes: Uint8Array): void {
    if (this.#arrays.has(key) || this.#bytes + bytes.byteLength > this.#mostBytes) return;
    this.#arrays.set(key, bytes);
    this.#bytes += bytes.byteLength;
  }
}
