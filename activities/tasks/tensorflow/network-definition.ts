/**
 * What an author says of a network, so that it can be trained: plain TensorFlow.js.
 */
import type * as Tfjs from '@tensorflow/tfjs-node-gpu';
import type { RandomStream } from '../../../workflows/algorithm/index.ts';
import type { HyperparameterValues } from '../../../workflows/algorithm/hyperparameters.ts';
import type { ExportedFile, State } from '../task.ts';
import type { StepContext } from './definition.ts';
import type { Parameters } from './optimizers.ts';
import type { Feed } from './program.ts';
import type { TensorValues } from './protobuf.ts';

type Tf = typeof Tfjs;

/** Tensors by name. */
export type Tensors<Name extends string = string> = Readonly<Record<Name, Tfjs.Tensor>>;

/** All that a network has learned; variables by their name in checkpoints. */
export interface NetworkModel {
  /** What answers need: parameters, moving averages. A report keeps these alone. */
  readonly weights: Parameters;
  /** What only training needs: the optimiser's slots. */
  readonly slots: Parameters;
  /** What is 0 before and after every step, such as sums of the gradients of its parts: in no checkpoint. */
  readonly scratch?: Parameters;
}

/** Rows of data, and what each is for. Indices count rows from 0. */
export interface NetworkData<Column extends string = string> {
  /** Names the values: data of one key are the same. They are loaded once, and again if nobody has them any more. */
  readonly key: string;
  /**
   * Returns values by name: [rows, …]. Bytes arrive as floats in a batch. Or it makes some rows at a time, if all do
   * not fit in memory.
   */
  readonly load: (() => Feeds<Column> | Promise<Feeds<Column>>) | RowStream<Column>;
  readonly training: Uint32Array;
  /** What decisions are made by. */
  readonly objective: Uint32Array;
  /** What no decision sees. */
  readonly untouched?: Uint32Array;
  /** What only the report looks at: rows of these data, or rows of their own. */
  readonly test?:
    | Uint32Array
    | {
        readonly rows: number;
        readonly load: (() => Feeds<Column> | Promise<Feeds<Column>>) | MeasuredStream<Column>;
      };
}

/** Rows that are made when they are needed, such as images that are decoded while a network trains on others. */
export interface RowStream<Column extends string = string> extends MeasuredStream<Column> {
  /** Dtype and shape of one row, by name. */
  readonly columns: Readonly<
    Record<Column, { readonly dtype: 'uint8' | 'float32' | 'int32'; readonly shape: readonly number[] }>
  >;
  /**
   * Returns these rows to train on, all of them. `part` counts batches, or their parts: what is random follows from the
   * seed, the worker and it. The arrays become TensorFlow's.
   */
  readonly batch: (rows: Int32Array, part: number) => Promise<Readonly<Record<Column, TensorValues>>>;
}

/** Rows that are made to be measured. */
export interface MeasuredStream<Column extends string = string> {
  /** Returns these rows, [rows, …], perhaps without some that cannot be used. */
  readonly measured: (rows: Uint32Array) => Promise<Feeds<Column>>;
}

/** Values by name. */
export type Feeds<Name extends string = string> = Readonly<Record<Name, Feed>>;

/** Sums over rows, by name: numbers, or one for each element of what was returned for a row. */
export type Sums<Name extends string = string> = Readonly<Record<Name, readonly [number, ...number[]]>>;

export interface NetworkDefinition<
  Model extends NetworkModel = NetworkModel,
  Column extends string = string,
  Input extends string = Column,
  Hyperparameter extends string = string,
  Measured extends string = string,
> {
  /**
   * Names all that the functions below depend on besides the tensors they get: settings, sizes, categories. Compiled
   * programs are shared by definitions of the same key.
   */
  readonly key: string;
  readonly data: NetworkData<Column>;
  /** Rows of a step. */
  readonly batchSize: number;
  /**
   * In how many parts of equal size a batch is computed, one after the other, so that a large one needs little memory:
   * `step` gets one part at a time, and `endStep` ends the step. Default: 1, without `endStep`.
   */
  readonly parts?: number;
  /**
   * Runs the functions below one operation at a time, many times slower. For what cannot be compiled, such as a step
   * that reads values. What they keep in JavaScript is in no checkpoint. Default: false.
   */
  readonly eager?: boolean;
  /** Rows measured in one native call: bounds what activations take. Default: 1000. */
  readonly measuredAtOnce?: number;
  /** Names of the hyperparameters that are tensors in a step. */
  readonly hyperparameters: readonly Hyperparameter[];
  /** Hyperparameters that the functions below have by value: they belong to the key. Default: none. */
  readonly constants?: HyperparameterValues;
  /** Hyperparameters that only the rows of a stream depend on, as they are in effect. Default: none. */
  readonly rowHyperparameters?: HyperparameterValues;
  /** Makes a batch of rows, [batch, …] each, such as standardised images. Default: the rows. */
  readonly prepare?: (tf: Tf, rows: Tensors<Column>) => Tensors<Input>;
  /**
   * Makes the variables as they begin. Every tensor should draw from a stream of its own, by name, and from nothing
   * else.
   */
  readonly model: (tf: Tf, stream: (name: string) => RandomStream) => Model;
  /** Changes the variables by one batch, or by a part of one: then `at.step` counts parts. */
  readonly step: (tf: Tf, model: Model, batch: Tensors<Input>, at: StepContext<Hyperparameter>) => void;
  /** Changes the variables after the parts of a batch. */
  readonly endStep?: (tf: Tf, model: Model, at: StepContext<Hyperparameter>) => void;
  /**
   * Returns values for each row of a batch: [batch] or [batch, …]. They are summed over all rows. If one is not finite,
   * or a weight is not, the worker has diverged.
   */
  readonly measure: (tf: Tf, model: Model, batch: Tensors<Input>) => Tensors<Measured>;
  /** Returns the score of what was measured on so many rows; higher is better. */
  readonly score: (sums: Sums<Measured>, rows: number) => number;
  /** Describes and exports a trained network. Default: nothing. */
  readonly exports?: (trained: TrainedNetwork) => Promise<readonly ExportedFile[]> | readonly ExportedFile[];
}

/** What is known of a network in a report. */
export interface TrainedNetwork {
  readonly weights: State;
  /**
   * Measures values on the test rows, or on the objective if there are none, as for the score; undefined if one is not
   * finite.
   */
  readonly measure: (
    values: NetworkDefinition['measure'],
  ) => Promise<{ readonly sums: Sums; readonly rows: number } | undefined>;
}
