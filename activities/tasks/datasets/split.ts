/**
 * Which rows of a data set train and which measure, and in what order batches come: all determined by the seed.
 */
import { randomStream, shuffled } from '../../../workflows/algorithm/index.ts';
import { LruCache } from '../../../workflows/algorithm/lru-cache.ts';

/**
 * Splits rows 0 … rows − 1 at random, the same for all workers of a run: parts of these sizes, and the rest.
 *
 * @throws Error if the parts are larger than the whole
 */
export function splitRows<Part extends string>(
  rows: number,
  sizes: Readonly<Record<Part, number>>,
  seed: number,
): { readonly parts: Readonly<Record<Part, Uint32Array>>; readonly rest: Uint32Array } {
  const order = shuffled(rows, randomStream(seed, 'split'));
  let first = 0;
  const parts = Object.entries<number>(sizes).map(([part, size]) => {
    if (first + size > rows) throw new Error(`Expected parts of at most ${rows} rows, got \`${first + size}\``);
    return [part, order.slice(first, (first += size))] as const;
  });
  return { parts: Object.fromEntries(parts) as Record<Part, Uint32Array>, rest: order.slice(first) };
}

/**
 * Splits rows 0 … rows − 1 at random, the same for all workers of a run: parts of these sizes, and the rest for
 * training.
 *
 * @throws Error if the parts are larger than the whole
 */
export function splitData<Part extends 'objective' | 'untouched' | 'test'>(
  rows: number,
  sizes: Readonly<Record<Part, number>>,
  seed: number,
): Readonly<Record<Part | 'training', Uint32Array>> {
  const { parts, rest } = splitRows(rows, sizes, seed);
  return { ...parts, training: rest };
}

/** Orders kept: a trainer serves the same workers every round, and an epoch lasts many rounds. */
const MOST_ORDERS = 128;

/**
 * The order in which one worker sees the training rows: a new permutation each epoch, without its last, incomplete
 * batch. The step and the batch size alone determine the batch.
 */
export class BatchOrder {
  readonly #seed: number;
  readonly #worker: string;
  readonly #training: Uint32Array;
  readonly #batchSize: number;
  static readonly #orders = new LruCache<string, Uint32Array>(MOST_ORDERS);

  /** @throws Error if there are fewer rows than a batch has */
  constructor(seed: number, worker: string, training: Uint32Array, batchSize: number) {
    if (training.length < batchSize)
      throw new Error(`Expected at least one batch (${batchSize}) of training rows, got \`${training.length}\``);
    this.#seed = seed;
    this.#worker = worker;
    this.#training = training;
    this.#batchSize = batchSize;
  }

  /** Returns the rows of the batches of steps fromStep … toStep − 1, one batch after the other. */
  batches(fromStep: number, toStep: number): Int32Array {
    const rows = new Int32Array((toStep - fromStep) * this.#batchSize);
    const perEpoch = Math.floor(this.#training.length / this.#batchSize);
    for (let step = fromStep; step < toStep; step++) {
      const order = this.#order(Math.floor(step / perEpoch));
      const first = (step % perEpoch) * this.#batchSize;
      const start = (step - fromStep) * this.#batchSize;
      for (let place = 0; place < this.#batchSize; place++)
        rows[start + place] = this.#training[order[first + place]!]!;
    }
    return rows;
  }

  #order(epoch: number): Uint32Array {
    const key = `${this.#seed} ${this.#worker} ${epoch} ${this.#training.length}`;
    const known = BatchOrder.#orders.get(key);
    if (known) return known;
    const order = shuffled(this.#training.length, randomStream(this.#seed, 'batches', this.#worker, epoch));
    BatchOrder.#orders.set(key, order);
    return order;
  }
}
