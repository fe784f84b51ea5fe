/**
 * Collects what each iteration of a loop gives into one tensor [iterations, …].
 */
import type { Graph, Value } from '../graph.ts';
import type { TensorType } from './trace.ts';

export class ResultArray {
  readonly #graph: Graph;
  readonly #type: TensorType;
  readonly #handle: Value;
  readonly #length: Value;
  /** What orders writes and reads: carried from one iteration to the next. */
  readonly start: Value;

  /** To be made outside of the loop; `length` is the number of iterations. */
  constructor(graph: Graph, type: TensorType, length: Value) {
    this.#graph = graph;
    this.#type = type;
    this.#length = length;
    const [handle, start] = graph.values('TensorArrayV3', [length], ['resource', 'float32'], {
      dtype: { type: type.dtype },
      element_shape: { shape: type.shape },
      dynamic_size: false,
      clear_after_read: true,
      identical_element_shapes: true,
      tensor_array_name: '',
    }) as [Value, Value];
    this.#handle = handle;
    this.start = start;
  }

  /** Writes the result of an iteration; returns what to carry on. */
  write(index: Value, value: Value, flow: Value): Value {
    const attributes = { T: { type: this.#type.dtype } };
    return this.#graph.value('TensorArrayWriteV3', [this.#handle, index, value, flow], 'float32', attributes);
  }

  /** Returns all results, after the loop. */
  read(flow: Value): Value {
    const [zero, one] = [0, 1].map((number) => this.#graph.constant(Int32Array.of(number), [])) as [Value, Value];
    const all = this.#graph.value('Range', [zero, this.#length, one], 'int32', { Tidx: { type: 'int32' } });
    return this.#graph.value('TensorArrayGatherV3', [this.#handle, all, flow], this.#type.dtype, {
      dtype: { type: this.#type.dtype },
      element_shape: { shape: this.#type.shape },
    });
  }
}
