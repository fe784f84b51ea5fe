/**
 * Numbers of JavaScript as tensors of a checkpoint, in double precision.
 */
import { expectTensor, type NamedTensor } from '../../storage/safetensors.ts';
import type { State } from '../task.ts';

/** Returns numbers, row by row, as a tensor of that shape. */
export function savedNumbers(numbers: Iterable<number>, shape: readonly number[]): NamedTensor {
  return { dtype: 'F64', shape, data: new Uint8Array(Float64Array.from(numbers).buffer) };
}

/**
 * Returns the numbers of a tensor.
 *
 * @throws Error if there is none, or it has another type or shape
 */
export function readNumbers(state: State, name: string, shape: readonly number[]): Float64Array {
  return new Float64Array(expectTensor(state.get(name), name, 'F64', shape).data.slice().buffer);
}
