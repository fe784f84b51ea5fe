/**
 * A network's program with its data: trains on batches of rows and measures rows, each in one native call.
 */
import type * as Tfjs from '@tensorflow/tfjs-node-gpu';
import { randomStream, type RandomStream } from '../../../workflows/algorithm/index.ts';
import { compile } from './compile.ts';
import type { InputDefinitions, ProgramDefinition } from './definition.ts';
import { EagerProgram } from './eager-program.ts';
import type { TensorFlow } from './library.ts';
import type { Feeds, NetworkDefinition, NetworkModel, Tensors } from './network-definition.ts';
import type { Parameters } from './optimizers.ts';
import { ResidentTensor } from './program.ts';
import type { Dtype, TensorValues } from './protobuf.ts';
import { exampleOf, trainedInputs } from './row-streams.ts';
import { disposeAll, leaseData, residentTensors, type MeasuredBatch, type ResidentTensors } from './shared-data.ts';
import type { Lease } from './shared-values.ts';
import type { TensorProgram } from './tensor-program.ts';
import { residentData } from './tracing/step-context.ts';

type Prepare = NonNullable<NetworkDefinition['prepare']>;

/** Rows measured in one native call if the definition says nothing. */
const MEASURED_AT_ONCE = 1000;

export class CompiledNetwork {
  readonly program: TensorProgram;
  /** Names of the variables that answers need. */
  readonly weights: readonly string[];
  /** Names of the variables that belong to no checkpoint. */
  readonly scratch: ReadonlySet<string>;
  /** Bytes of its state. */
  readonly stateBytes: number;
  readonly #tensorflow: TensorFlow;
  /** Undefined if rows are streamed, or while no session has the network. */
  #data: Lease<ResidentTensors> | undefined;
  #prepare: Prepare;
  /** Rows of a measured batch. */
  readonly chunk: number;

  /**
   * Compiles a network, and loads its data if no other network has it loaded.
   *
   * @throws TraceRefused if a function of the network does what compiled steps cannot repeat
   */
  static async create(tensorflow: TensorFlow, definition: NetworkDefinition): Promise<CompiledNetwork> {
    const { key, load } = definition.data;
    if (typeof load !== 'function') return new CompiledNetwork(tensorflow, definition, undefined);
    const data = await leaseData(tensorflow, key, load);
    try {
      return new CompiledNetwork(tensorflow, definition, data);
    } catch (error) {
      data.release();
      throw error;
    }
  }

  private constructor(tensorflow: TensorFlow, definition: NetworkDefinition, data: Lease<ResidentTensors> | undefined) {
    const { tfjs: tf } = tensorflow;
    const objective = definition.data.objective.length;
    const { measuredAtOnce = MEASURED_AT_ONCE } = definition;
    const isResident = data !== undefined;
    this.#tensorflow = tensorflow;
    this.#data = data;
    this.#prepare = definition.prepare ?? asTheyAre;
    this.chunk = Math.ceil(objective / Math.ceil(objective / measuredAtOnce));
    // What the variables hold is replaced before it is used.
    const model = makeModel(tf, definition, (name) => randomStream(0, name));
    const variables = allVariables(model);
    this.weights = Object.keys(model.weights);
    this.scratch = new Set(Object.keys(model.scratch ?? {}));
    this.stateBytes = 4 * Object.values(variables).reduce((sum, { size }) => sum + size, 0);
    this.program = programOf(tensorflow, definition, {
      variables,
      hyperparameters: definition.hyperparameters,
      resident: data?.value ?? {},
      functions: {
        train: {
          repeats: true,
          inputs: trainedInputs(definition),
          run: ({ rows, ...streamed }, at) => {
            const gathered = Object.entries(at.resident).map(([name, one]) => [name, one.gather(rows!)] as const);
            const batch = isResident ? Object.fromEntries(gathered) : streamed;
            definition.step(tf, model, this.#prepare(tf, batch), at);
          },
        },
        ...endStepFunction(tf, model, definition),
        measure: this.#measureFunction(model, definition.measure, this.#measuredInputs(definition)),
      },
    });
  }

  /** Compiles other measurements of the same network; the caller disposes of the program. */
  compileMeasurement(definition: NetworkDefinition, values: NetworkDefinition['measure']): TensorProgram {
    const { tfjs: tf } = this.#tensorflow;
    const model = makeModel(tf, definition, (name) => randomStream(0, name));
    tf.dispose([...Object.values(model.slots), ...Object.values(model.scratch ?? {})]);
    return programOf(this.#tensorflow, definition, {
      variables: { ...model.weights },
      hyperparameters: [],
      resident: {},
      functions: { measure: this.#measureFunction(model, values, this.#measuredInputs(definition)) },
    });
  }

  /**
   * Prepares rows of the data to be measured, batch by batch; the caller disposes of the batches.
   *
   * @throws Error if rows are streamed
   */
  prepareRows(rows: Uint32Array): Iterable<MeasuredBatch> {
    if (!this.#data) throw new Error('Cannot prepare rows that are streamed');
    return this.#prepareOf(this.#data.value, rows);
  }

  /** Prepares rows of other data to be measured, all of them, batch by batch; the caller disposes of the batches. */
  *prepareFeeds(feeds: Feeds, rows: number): Iterable<MeasuredBatch> {
    const tensors = residentTensors(this.#tensorflow, feeds);
    try {
      yield* this.#prepareOf(
        tensors,
        Uint32Array.from({ length: rows }, (_, row) => row),
      );
    } finally {
      disposeAll(tensors);
    }
  }

  /**
   * Takes up the data of another session, whose definition has the same key: loaded if nobody has them any more. If
   * that fails, the network is disposed of.
   */
  async resume(definition: NetworkDefinition): Promise<void> {
    const { key, load } = definition.data;
    this.#prepare = definition.prepare ?? asTheyAre;
    if (typeof load !== 'function') return;
    try {
      this.#data = await leaseData(this.#tensorflow, key, load);
    } catch (error) {
      this.dispose();
      throw error;
    }
    this.program.setResident(this.#data.value);
  }

  /** Keeps the program, but nothing of its data, until a session resumes it. */
  suspend(): void {
    this.#data?.release();
    this.#data = undefined;
    // It may have the images of the session that made it.
    this.#prepare = asTheyAre;
  }

  dispose(): void {
    this.program.dispose();
    this.suspend();
  }

  #measureFunction(model: NetworkModel, values: NetworkDefinition['measure'], inputs: InputDefinitions) {
    const { tfjs: tf } = this.#tensorflow;
    return {
      repeats: false,
      inputs,
      run: (batch: Tensors) => measured(tf, model, batch, values),
    };
  }

  #measuredInputs({ data: { load } }: NetworkDefinition): InputDefinitions {
    const own = typeof load === 'function' ? undefined : residentTensors(this.#tensorflow, exampleOf(load));
    const example = this.#prepared(own ?? this.#data!.value, Int32Array.of(0));
    if (own) disposeAll(own);
    const inputs = Object.entries(example).map(([name, { dtype, shape }]) => {
      return [name, { dtype: inputDtype(dtype), shape: [this.chunk, ...shape.slice(1)] }] as const;
    });
    disposeAll(example);
    return { ...Object.fromEntries(inputs), counts: { dtype: 'float32', shape: [this.chunk] } };
  }

  *#prepareOf(data: ResidentTensors, rows: Uint32Array): Iterable<MeasuredBatch> {
    const length = this.chunk;
    for (let first = 0; first < rows.length; first += length) {
      const own = rows.subarray(first, first + length);
      const filled = Int32Array.from({ length }, (_value, place) => own[place] ?? own[0]!);
      const counts = Float32Array.from({ length }, (_value, place) => (place < own.length ? 1 : 0));
      yield { ...this.#prepared(data, filled), counts: this.#resident([length], counts, 'float32') };
    }
  }

  #prepared(data: ResidentTensors, rows: Int32Array): ResidentTensors {
    const { tfjs: tf, backend, binding } = this.#tensorflow;
    const batch = tf.tidy(() => {
      const indices = tf.tensor1d(rows, 'int32');
      const gathered = Object.entries(residentData(tf, data)).map(
        ([name, one]) => [name, one.gather(indices)] as const,
      );
      return { ...this.#prepare(tf, Object.fromEntries(gathered)) };
    });
    const prepared = Object.entries(batch).map(([name, tensor]) => {
      const [id] = backend.getInputTensorIds([tensor]);
      // A copy in the memory of the host, where feeds are.
      return [name, this.#resident(tensor.shape, binding.tensorDataSync(id!), tensor.dtype as Dtype)] as const;
    });
    tf.dispose(batch);
    return Object.fromEntries(prepared);
  }

  #resident(shape: readonly number[], values: TensorValues, dtype: Dtype): ResidentTensor {
    return new ResidentTensor(this.#tensorflow.binding, { shape, values, dtype });
  }
}

function asTheyAre(_: typeof Tfjs, rows: Tensors): Tensors {
  return rows;
}

function endStepFunction(
  tf: typeof Tfjs,
  model: NetworkModel,
  { endStep }: NetworkDefinition,
): ProgramDefinition['functions'] {
  if (!endStep) return {};
  return { endStep: { repeats: false, inputs: {}, run: (_, at) => endStep(tf, model, at) } };
}

/** Makes a program that owns its variables. */
function programOf(
  tensorflow: TensorFlow,
  { eager = false }: NetworkDefinition,
  definition: ProgramDefinition,
): TensorProgram {
  if (eager) return new EagerNetwork(tensorflow, definition);
  try {
    return compile(tensorflow, definition);
  } finally {
    tensorflow.tfjs.dispose({ ...definition.variables });
  }
}

class EagerNetwork extends EagerProgram {
  readonly #dispose: () => void;

  constructor(tensorflow: TensorFlow, definition: ProgramDefinition) {
    super(tensorflow, definition);
    this.#dispose = () => tensorflow.tfjs.dispose({ ...definition.variables });
  }

  override dispose(): void {
    this.#dispose();
  }
}

/** Makes a model's variables, and leaves nothing else behind. The caller disposes of them. */
export function makeModel(
  tf: typeof Tfjs,
  definition: NetworkDefinition,
  stream: (name: string) => RandomStream,
): NetworkModel {
  const made: NetworkModel[] = [];
  tf.tidy(() => {
    made.push(definition.model(tf, stream));
  });
  return made[0]!;
}

/** Returns all variables of a model, by name. */
export function allVariables({ weights, slots, scratch }: NetworkModel): Parameters {
  return { ...weights, ...slots, ...scratch };
}

/** Sums values over the rows that count, and says whether all of them and all weights are finite. */
function measured(
  tf: typeof Tfjs,
  model: NetworkModel,
  { counts, ...batch }: Tensors,
  measure: NetworkDefinition['measure'],
): Tensors {
  const values = Object.entries(measure(tf, model, batch)).map(
    ([name, value]) => [name, value.cast('float32')] as const,
  );
  const sums = values.map(([name, value]) => {
    const weights = counts!.reshape([-1, ...Array<number>(value.rank - 1).fill(1)]);
    return [name, value.mul(weights).sum(0)] as const;
  });
  const floats = Object.values(model.weights).filter(({ dtype }) => dtype === 'float32');
  const finite = [...values.map(([, value]) => value), ...floats]
    .map((tensor) => tf.isFinite(tensor).all())
    .reduce((one, other) => tf.logicalAnd(one, other));
  return { ...Object.fromEntries(sums), finite: finite.cast('int32') };
}

function inputDtype(dtype: Dtype): 'float32' | 'int32' | 'bool' {
  if (dtype === 'float32' || dtype === 'int32' || dtype === 'bool') return dtype;
  throw new Error(`Expected a batch to have tensors of float32, int32 or bool, got \`${dtype}\``);
}
