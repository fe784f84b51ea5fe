/**
 * What an author gives to be compiled: the state, the hyperparameters, the data, and functions of tensors.
 */
import type * as Tfjs from '@tensorflow/tfjs-node-gpu';
import type { ResidentTensor } from './program.ts';
import type { TensorType } from './tracing/trace.ts';

/** A tensor that a call feeds. */
export interface InputDefinition {
  /** uint8 arrives as float32: feed bytes as bytes. */
  readonly dtype: 'float32' | 'int32' | 'bool' | 'uint8';
  /** Of what the function gets. */
  readonly shape: readonly number[];
  /**
   * `step` (the default): a call feeds [steps, …shape], and each step gets its own. `call`: a call feeds one for all
   * its steps.
   */
  readonly per?: 'step' | 'call';
}

/** A data set that stays with TensorFlow. */
export interface ResidentData {
  readonly shape: readonly number[];
  /** Returns the rows with these indices, as a tensor [...indices' shape, ...row's shape]; bytes as float32. */
  gather(indices: Tfjs.Tensor): Tfjs.Tensor;
  /** Returns so many rows from the first on, int32 scalar, without copying them; bytes as float32. */
  rows(first: Tfjs.Tensor, count: number): Tfjs.Tensor;
}

/** What a function gets besides its inputs: all as tensors, so that one program serves all values. */
export interface StepContext<Hyperparameter extends string = string, Resident extends string = string> {
  readonly hyperparameters: Readonly<Record<Hyperparameter, Tfjs.Scalar>>;
  /** Number of the step, int32: `firstStep` of the call, then one more for each step. */
  readonly step: Tfjs.Scalar;
  /** A random key, int32 [2], another one for each step: for the functions of random.ts. */
  readonly key: Tfjs.Tensor1D;
  readonly resident: Readonly<Record<Resident, ResidentData>>;
}

export type InputDefinitions = Readonly<Record<string, InputDefinition>>;

/** An ordinary function of TensorFlow.js that changes variables, returns tensors, or both. */
export interface FunctionDefinition<
  Inputs extends InputDefinitions = InputDefinitions,
  Hyperparameter extends string = string,
  Resident extends string = string,
> {
  /** Whether a call runs it for many steps, and gives what it returns as [steps, …]. */
  readonly repeats: boolean;
  readonly inputs: Inputs;
  readonly run: (
    inputs: { readonly [Name in keyof Inputs]: Tfjs.Tensor },
    at: StepContext<Hyperparameter, Resident>,
  ) => Readonly<Record<string, Tfjs.Tensor>> | void;
}

export interface ProgramDefinition<
  Functions extends Readonly<Record<string, InputDefinitions>> = Readonly<Record<string, InputDefinitions>>,
  Hyperparameter extends string = string,
  Resident extends string = string,
> {
  /** The whole state by its name in checkpoints: parameters, optimiser's slots, moving averages, counters. */
  readonly variables: Readonly<Record<string, Tfjs.Variable>>;
  /** Numbers that `setHyperparameters` sets. */
  readonly hyperparameters: readonly Hyperparameter[];
  readonly resident: Readonly<Record<Resident, ResidentTensor>>;
  readonly functions: {
    readonly [Name in keyof Functions]: FunctionDefinition<Functions[Name], Hyperparameter, Resident>;
  };
}

/** What a compiled program needs besides its graph. */
export interface ProgramSignature {
  /** Variables in the order of their nodes. */
  readonly variables: readonly (TensorType & { readonly name: string })[];
  readonly hyperparameters: readonly string[];
  readonly functions: Readonly<Record<string, FunctionSignature>>;
}

export interface FunctionSignature {
  readonly repeats: boolean;
  readonly inputs: InputDefinitions;
  readonly outputs: readonly string[];
  /** Names of the data sets that it takes from. */
  readonly resident: readonly string[];
}

/** A program as bytes and plain data: to be kept, or made by another process. */
export interface EncodedProgram {
  /** The content of a `saved_model.pb`. */
  readonly graph: Uint8Array;
  readonly signature: ProgramSignature;
}
