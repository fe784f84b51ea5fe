/**
 * What a program does, compiled or eagerly: it holds a state and hyperparameters, and runs functions on them.
 */
import type { InputDefinition, ProgramSignature } from './definition.ts';
import type { Feed, ResidentTensor } from './program.ts';
import type { TensorValues } from './protobuf.ts';
import type { TensorType } from './tracing/trace.ts';
import { sizeOf } from '../shape-size.ts';

export interface TensorProgram {
  /** The variables of the state. */
  readonly variables: ProgramSignature['variables'];
  /** Sets the whole state, values by name; bool as bytes. */
  setState(values: ReadonlyMap<string, TensorValues>): void;
  /** Returns the whole state, values by name. */
  getState(): Map<string, TensorValues>;
  /** Sets all hyperparameters. */
  setHyperparameters(values: Readonly<Record<string, number>>): void;
  /** Returns what the functions take: the values that were set, as float32. */
  getHyperparameters(): Record<string, number>;
  /** Has the functions take from other data sets of the same names, types and shapes. */
  setResident(resident: Readonly<Record<string, ResidentTensor>>): void;
  /**
   * Runs a function. Returns what it returns, [steps, …] if it is repeated; bool as bytes.
   *
   * @throws Error if an input is missing, unknown or of another size
   */
  run(name: string, call?: Call): Record<string, TensorValues>;
  dispose(): void;
}

/** What a call of a function feeds. */
export interface Call {
  /** How often a repeated function runs; 1 if nothing is said. */
  readonly steps?: number;
  /** Number of the first step; 0 if nothing is said. */
  readonly firstStep?: number;
  /** The random key: two int32 numbers. Each step gets its own of it and of its number. */
  readonly key?: readonly [number, number];
  /**
   * Fresh arrays that become TensorFlow's, or tensors that it holds: [steps, …shape] each, or shape if the input is one
   * per call.
   */
  readonly inputs?: Readonly<Record<string, TensorValues | ResidentTensor>>;
}

/** Returns what a call feeds for an input; `steps` is undefined if the function is not repeated. */
export function fedType({ dtype, shape, per }: InputDefinition, steps: number | undefined): TensorType {
  return { dtype, shape: steps !== undefined && per !== 'call' ? [steps, ...shape] : shape };
}

/** Arrays of the values of each dtype. */
export const ARRAYS = { float32: Float32Array, int32: Int32Array, bool: Uint8Array, uint8: Uint8Array };

/** Returns the values as what feeds a tensor of this type. */
export function feedOf(what: string, { dtype, shape }: TensorType, values: TensorValues): Feed {
  const Wanted = ARRAYS[dtype as keyof typeof ARRAYS];
  const size = sizeOf(shape);
  if (!(values instanceof Wanted) || values.length !== size)
    throw new Error(
      `Expected ${what} to be ${size} values in a ${Wanted.name} for [${shape.join(', ')}], ` +
        `got \`${values.length} in a ${values.constructor.name}\``,
    );
  return { shape, values, dtype };
}

/** Throws if names are missing or unknown. */
export function checkNames(what: string, given: readonly string[], wanted: readonly string[]): void {
  const missing = wanted.find((name) => !given.includes(name));
  if (missing !== undefined) throw new Error(`Expected ${what} to have \`${missing}\`, got \`${given.join(', ')}\``);
  const unknown = given.find((name) => !wanted.includes(name));
  if (unknown !== undefined) throw new Error(`Expected ${what} to be ${wanted.join(', ')}, got \`${unknown}\``);
}
