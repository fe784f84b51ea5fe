/**
 * A graph that TensorFlow has loaded, with its variables: fed and fetched by name.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { NativeBinding } from './library.ts';
import type { Graph } from './graph.ts';

export type TensorValues = Float32Array | Int32Array | Uint8Array;

/**
 * Values for one call. TensorFlow may keep the array as its own memory: hand over a fresh one and never write to it
 * again.
 */
export interface Feed {
  readonly shape: readonly number[];
  readonly values: TensorValues;
}

/** A tensor that stays with TensorFlow and is fed again and again without being copied. */
export class ResidentTensor {
  readonly id: number;
  readonly #binding: NativeBinding;

  constructor(binding: NativeBinding, { shape, values }: Feed) {
    this.#binding = binding;
    this.id = createTensor(binding, shape, values);
  }

  dispose(): void {
    this.#binding.deleteTensor(this.id);
  }
}

export class Program {
  readonly #binding: NativeBinding;
  readonly #session: number;

  /** Loads the graph: tens of milliseconds, and as much again for each new set of fetched names when first run. */
  constructor(binding: NativeBinding, graph: Graph) {
    this.#binding = binding;
    const directory = mkdtempSync(join(tmpdir(), 'fire-pbt-graph-'));
    try {
      writeFileSync(join(directory, 'saved_model.pb'), graph.encode());
      this.#session = binding.loadSavedModel(directory, 'serve');
    } finally {
      rmSync(directory, { recursive: true, force: true });
    }
  }

  /**
   * Feeds inputs by name, runs what the fetched values need, and returns these, copies of the caller's own, in order.
   *
   * @throws Error of TensorFlow's, naming the node, if shapes or names do not fit
   */
  run(feeds: Readonly<Record<string, Feed | ResidentTensor>>, fetches: readonly string[]): TensorValues[] {
    const names = Object.keys(feeds);
    const temporary: number[] = [];
    try {
      const inputs = Object.values(feeds).map((feed) => {
        if (feed instanceof ResidentTensor) return feed.id;
        const id = createTensor(this.#binding, feed.shape, feed.values);
        temporary.push(id);
        return id;
      });
      const outputs = this.#binding.runSavedModel(this.#session, inputs, names.join(','), fetches.join(','));
      for (const { id } of outputs) temporary.push(id);
      return outputs.map(({ id }) => this.#binding.tensorDataSync(id));
    } finally {
      for (const id of temporary) this.#binding.deleteTensor(id);
    }
  }

  /** Frees the graph and its variables. */
  dispose(): void {
    this.#binding.deleteSavedModel(this.#session);
  }
}

function createTensor(binding: NativeBinding, shape: readonly number[], values: TensorValues): number {
  const dtype =
    values instanceof Float32Array
      ? binding.TF_FLOAT
      : values instanceof Int32Array
        ? binding.TF_INT32
        : binding.TF_UINT8;
  return binding.createTensor(shape, dtype, values);
}
