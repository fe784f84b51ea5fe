/**
 * A graph that TensorFlow has loaded, with its variables: fed and fetched by name.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { withTemporaryFolder } from '../temporary-folder.ts';
import type { NativeBinding } from './library.ts';
import { DTYPE_NUMBERS, type Dtype, type TensorValues } from './protobuf.ts';

/**
 * Values for one call. TensorFlow may keep the array as its own memory: hand over a fresh one and never write to it
 * again.
 */
export interface Feed {
  readonly shape: readonly number[];
  readonly values: TensorValues;
  /** Bytes are uint8 if nothing else is said; bool is the other choice. */
  readonly dtype?: Dtype;
}

/** A tensor that stays with TensorFlow and is fed again and again without being copied. */
export class ResidentTensor {
  readonly id: number;
  readonly shape: readonly number[];
  readonly dtype: Dtype;
  readonly sizeBytes: number;
  readonly #binding: NativeBinding;

  constructor(binding: NativeBinding, feed: Feed) {
    this.#binding = binding;
    this.shape = feed.shape;
    this.dtype = dtypeOf(feed);
    this.sizeBytes = feed.values.byteLength;
    this.id = createTensor(binding, feed);
  }

  dispose(): void {
    this.#binding.deleteTensor(this.id);
  }
}

export class Program {
  readonly #binding: NativeBinding;
  readonly #session: number;

  /**
   * Loads the content of a `saved_model.pb`: tens of milliseconds, and as much again for each new set of fetched names
   * when first run.
   */
  constructor(binding: NativeBinding, savedModel: Uint8Array) {
    this.#binding = binding;
    this.#session = withTemporaryFolder('fire-pbt-graph-', (directory) => {
      writeFileSync(join(directory, 'saved_model.pb'), savedModel);
      return binding.loadSavedModel(directory, 'serve');
    });
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
        const id = createTensor(this.#binding, feed);
        temporary.push(id);
        return id;
      });
      // With a port: the binding would read a name that begins with a digit as one.
      const ports = (all: readonly string[]) => all.map((name) => (name.includes(':') ? name : `${name}:0`)).join(',');
      const outputs = this.#binding.runSavedModel(this.#session, inputs, ports(names), ports(fetches));
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

function createTensor(binding: NativeBinding, feed: Feed): number {
  return binding.createTensor(feed.shape, DTYPE_NUMBERS[dtypeOf(feed)], feed.values);
}

function dtypeOf({ values, dtype }: Feed): Dtype {
  if (values instanceof Float32Array) return 'float32';
  return values instanceof Int32Array ? 'int32' : (dtype ?? 'uint8');
}
