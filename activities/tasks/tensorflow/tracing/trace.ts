/**
 * What one run of a function did to tensors: the operations in their order, in single-assignment form.
 */
import type { Attribute, Dtype, TensorValues } from '../protobuf.ts';

/** Shape and dtype of a tensor. */
export interface TensorType {
  readonly dtype: Dtype;
  readonly shape: readonly number[];
}

/** Where a tensor came from. */
export type Source = TensorType &
  (
    | { readonly kind: 'input'; readonly name: string }
    /** What a variable held when the function began. */
    | { readonly kind: 'variable'; readonly name: string }
    /** Made from numbers of JavaScript. */
    | { readonly kind: 'constant'; readonly values: TensorValues }
    | { readonly kind: 'operation'; readonly operation: number; readonly port: number }
  );

export interface TracedOperation {
  readonly name: string;
  readonly attributes: Readonly<Record<string, Attribute>>;
  readonly inputs: readonly Source[];
  /** For an update: the new values of the variables, in order. */
  readonly outputs: readonly TensorType[];
  /** The variables that the operation changes in place, with what they held before; they precede its inputs. */
  readonly updates: readonly { readonly name: string; readonly before: Source }[];
  /** Where it was called. */
  readonly site: Error;
}

export interface Trace {
  readonly operations: readonly TracedOperation[];
  /** What the function returned. */
  readonly outputs: Readonly<Record<string, Source>>;
  /** What all variables hold in the end. */
  readonly assigned: Readonly<Record<string, Source>>;
}

export function isSameSource(one: Source, other: Source): boolean {
  if (one.kind === 'operation')
    return other.kind === 'operation' && one.operation === other.operation && one.port === other.port;
  if (one.kind === 'constant') return other.kind === 'constant' && isSameConstant(one, other);
  return one.kind === other.kind && 'name' in other && one.name === other.name;
}

type Constant = TensorType & { readonly values: TensorValues };

function isSameConstant(one: Constant, other: Constant): boolean {
  return one.dtype === other.dtype && one.shape.join() === other.shape.join() && isSameBits(one.values, other.values);
}

function isSameBits(one: TensorValues, other: TensorValues): boolean {
  const bytes = ({ buffer, byteOffset, byteLength }: TensorValues) => Buffer.from(buffer, byteOffset, byteLength);
  return bytes(one).equals(bytes(other));
}
