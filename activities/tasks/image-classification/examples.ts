/**
 * Which images train, which measure, and in what order batches come: all determined by the seed.
 */
import { randomStream, shuffled } from '../../../workflows/algorithm/index.ts';
import { LruCache } from '../../../workflows/algorithm/lru-cache.ts';
import type { ByteImages } from '../datasets/data-set.ts';
import type { NativeBinding } from '../tensorflow/library.ts';
import { ResidentTensor } from '../tensorflow/program.ts';
import type { ImageShape } from './models.ts';

/**
 * Networks see pixels standardised by mean and standard deviation of Fashion-MNIST's training images: byte · scale +
 * offset, in float32.
 */
export const PIXEL_SCALE = Math.fround(1 / (255 * 0.353));
export const PIXEL_OFFSET = Math.fround(-0.286 / 0.353);
/** By byte. Rounded after each operation, as in the graph. */
const STANDARDISED = Float32Array.from({ length: 256 }, (_, byte) => Math.fround(byte * PIXEL_SCALE) + PIXEL_OFFSET);

/** The parts of the training images, as their indices. */
export interface Split {
  /** What decisions are made by. */
  readonly objective: Uint32Array;
  /** Looked at only in the final report. */
  readonly untouched: Uint32Array;
  readonly training: Uint32Array;
}

/**
 * Splits the images at random, the same for all workers of a run.
 *
 * @throws Error if fewer than one batch is left to train on
 */
export function split(
  images: number,
  objectiveExamples: number,
  untouchedExamples: number,
  batchSize: number,
  seed: number,
): Split {
  const held = objectiveExamples + untouchedExamples;
  if (images - held < batchSize) {
    throw new Error(
      'Expected `task.objectiveExamples` and `task.untouchedExamples` to leave at least one batch ' +
        `(${batchSize}) of the ${images} training images, got \`${held}\``,
    );
  }
  const order = shuffled(images, randomStream(seed, 'split'));
  return {
    objective: order.slice(0, objectiveExamples),
    untouched: order.slice(objectiveExamples, held),
    training: order.slice(held),
  };
}

/** Returns the images with these indices, as copies. */
export function select({ pixels, labels }: ByteImages, indices: Uint32Array): ByteImages {
  const size = pixels.length / labels.length;
  const chosen = {
    count: indices.length,
    pixels: new Uint8Array(indices.length * size),
    labels: new Int32Array(indices.length),
  };
  indices.forEach((index, position) => {
    chosen.pixels.set(pixels.subarray(index * size, (index + 1) * size), position * size);
    chosen.labels[position] = labels[index]!;
  });
  return chosen;
}

/** Examples measured in one native call. */
export interface ResidentBatch {
  /** [count, H, W, C], standardised. */
  readonly images: ResidentTensor;
  /** [count] */
  readonly labels: ResidentTensor;
}

/** Examples that measurements are made on, kept by TensorFlow in batches of at most `atOnce`. */
export class ResidentExamples {
  readonly count: number;
  readonly batches: readonly ResidentBatch[];

  constructor(binding: NativeBinding, { pixels, labels, count }: ByteImages, image: ImageShape, atOnce: number) {
    this.count = count;
    this.batches = Array.from({ length: Math.ceil(count / atOnce) }, (_, index) => {
      const [from, to] = [index * atOnce, Math.min((index + 1) * atOnce, count)];
      const size = pixels.length / count;
      return {
        images: new ResidentTensor(binding, {
          shape: [to - from, ...image],
          values: Float32Array.from(pixels.subarray(from * size, to * size), (pixel) => STANDARDISED[pixel]!),
        }),
        labels: new ResidentTensor(binding, { shape: [to - from], values: Int32Array.from(labels.subarray(from, to)) }),
      };
    });
  }

  dispose(): void {
    for (const { images, labels } of this.batches) {
      images.dispose();
      labels.dispose();
    }
  }
}

/** Orders kept: a trainer serves the same workers every round, and an epoch lasts many rounds. */
const MOST_ORDERS = 128;

/**
 * The order in which one worker sees the training images: a new permutation each epoch, without its last, incomplete
 * batch. The step alone determines the batch.
 */
export class BatchOrder {
  readonly #seed: number;
  readonly #worker: string;
  readonly #training: Uint32Array;
  readonly #batchSize: number;
  static readonly #orders = new LruCache<string, Uint32Array>(MOST_ORDERS);

  constructor(seed: number, worker: string, training: Uint32Array, batchSize: number) {
    this.#seed = seed;
    this.#worker = worker;
    this.#training = training;
    this.#batchSize = batchSize;
  }

  /** Returns the indices of the images of a step's batch. */
  batch(step: number): Uint32Array {
    const batches = Math.floor(this.#training.length / this.#batchSize);
    const order = this.#order(Math.floor(step / batches));
    const start = (step % batches) * this.#batchSize;
    return order.subarray(start, start + this.#batchSize).map((position) => this.#training[position]!);
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
