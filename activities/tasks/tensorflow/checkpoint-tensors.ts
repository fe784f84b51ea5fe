/**
 * Variables of a program as tensors of a checkpoint.
 */
import { expectTensor, type NamedTensor, type TensorDtype } from '../../storage/safetensors.ts';
import type { Dtype, TensorValues } from './protobuf.ts';
import { sizeOf } from '../shape-size.ts';

/** A variable's name and type. */
export interface VariableType {
  readonly name: string;
  readonly dtype: Dtype;
  readonly shape: readonly number[];
}

const CHECKPOINT_DTYPES: Readonly<Partial<Record<Dtype, TensorDtype>>> = { float32: 'F32', int32: 'I32', bool: 'BOOL' };

/** Returns a variable's values as a checkpoint has them. */
export function tensorOf({ name, dtype, shape }: VariableType, values: TensorValues): NamedTensor {
  const stored = CHECKPOINT_DTYPES[dtype];
  if (!stored) throw new Error(`Expected variable \`${name}\` to be of float32, int32 or bool, got \`${dtype}\``);
  return { dtype: stored, shape, data: new Uint8Array(values.buffer, values.byteOffset, values.byteLength) };
}

/** Returns zeros of a variable's type. */
export function zerosOf({ dtype, shape }: VariableType): TensorValues {
  const size = sizeOf(shape);
  if (dtype === 'float32') return new Float32Array(size);
  return dtype === 'int32' ? new Int32Array(size) : new Uint8Array(size);
}

/**
 * Returns a variable's values from a tensor of a checkpoint.
 *
 * @throws Error if there is none, or it has another type
 */
export function readTensor({ name, dtype, shape }: VariableType, tensor: NamedTensor | undefined): TensorValues {
  const stored = CHECKPOINT_DTYPES[dtype];
  // A copy: TensorFlow may keep the memory.
  const { buffer } = expectTensor(tensor, name, stored, shape).data.slice();
  if (stored === 'F32') return new Float32Array(buffer);
  return stored === 'I32' ? new Int32Array(buffer) : new Uint8Array(buffer);
}
