/**
 * A binding that runs operations as the real one does and records them: TensorFlow.js runs on it unchanged, gradients
 * included, because it differentiates by calling kernels.
 *
 * Ids of native tensors are never reused, so the record is in single-assignment form by itself.
 */
import type * as Tfjs from '@tensorflow/tfjs-node-gpu';
import type { NativeAttribute, NativeBinding, NativeTensorInfo } from '../library.ts';
import { dtypeOfNumber, runUpdate, type HeldVariable, type UpdateRecorder } from '../native.ts';
import type { Attribute, Dtype, TensorValues } from '../protobuf.ts';
import { TraceRefused } from './refusal.ts';
import type { Source, TensorType, TracedOperation } from './trace.ts';
import { sizeOf } from '../../shape-size.ts';

/** Random operations that keep their state in TensorFlow, where no checkpoint sees it. */
const STATEFUL_RANDOM = /^(Random|TruncatedNormal|ParameterizedTruncatedNormal|Multinomial)/;
/** The shape of what they return depends on values. */
const VALUE_SHAPED = /^(Where|Unique|ListDiff|DynamicPartition|NonMaxSuppression)/;
/** Attributes that an eager call infers and TensorFlow.js leaves out; a graph needs them. */
const INFERRED: Readonly<Record<string, (inputs: readonly Source[]) => Record<string, Attribute>>> = {
  ExpandDims: ([input, axis]) => ({ T: { type: input!.dtype }, Tdim: { type: axis!.dtype } }),
};
/** Elements of a result that depends on constants alone, up to which it becomes a constant itself. */
const MOST_FOLDED = 2 ** 20;
/** A constant beyond is a data set. */
const MOST_CONSTANT_BYTES = 2 ** 26;

/** What tensors are known before the function runs, by id. */
export interface KnownTensors {
  /** Names of the program's variables. */
  readonly variables: ReadonlyMap<Tfjs.Variable, string>;
  readonly sources: ReadonlyMap<number, Source>;
  /** Names of variables that the program does not list. */
  readonly foreignVariables: ReadonlyMap<number, string>;
  /** The trace before this one. */
  readonly previous: Recorder | undefined;
}

export class Recorder implements UpdateRecorder {
  readonly operations: TracedOperation[] = [];
  /** The first thing that was refused, also if the function caught the error. */
  refusal: TraceRefused | undefined;
  readonly #binding: NativeBinding;
  readonly #known: KnownTensors;
  readonly #sources: Map<number, Source>;
  /** Tensors with lower ids were made before. */
  readonly #firstId: number;

  constructor(binding: NativeBinding, known: KnownTensors, firstId: number) {
    this.#binding = binding;
    this.#known = known;
    this.#sources = new Map(known.sources);
    this.#firstId = firstId;
  }

  /** Returns the binding to run on. */
  asBinding(): NativeBinding {
    const overridden: UpdateRecorder & Partial<NativeBinding> = {
      createTensor: (shape, dtype, values) => this.#createTensor(shape, dtype, values),
      executeOp: (name, attributes, inputs, outputs) => this.#execute(name, attributes, inputs, outputs),
      tensorDataSync: (id) => this.#readValues(id),
      update: (name, attributes, variables, inputs) => this.update(name, attributes, variables, inputs),
    };
    return Object.create(this.#binding, Object.getOwnPropertyDescriptors(overridden)) as NativeBinding;
  }

  /** Refuses the function: throws, and remembers it in case that the function catches. */
  refuse(found: string, instead: string, site: Error = new Error()): never {
    this.refusal ??= new TraceRefused(found, site, instead);
    throw this.refusal;
  }

  /** Returns where a tensor that was made in this trace came from; undefined for others. */
  madeHere(id: number): Source | undefined {
    return id >= this.#firstId ? this.#sources.get(id) : undefined;
  }

  /** Returns where the tensor came from. */
  source(id: number): Source {
    const known = this.#sources.get(id);
    if (known) return known;
    const captured = this.#capture(id);
    this.#sources.set(id, captured);
    return captured;
  }

  update(
    name: string,
    attributes: readonly NativeAttribute[],
    variables: readonly HeldVariable[],
    inputs: readonly number[],
  ): NativeTensorInfo[] {
    const updates = variables.map(({ variable, id }) => ({
      name:
        this.#known.variables.get(variable) ??
        this.refuse(
          `${name} updates the variable \`${variable.name}\`, which the program does not list`,
          'List it under `variables`',
        ),
      before: this.source(id),
    }));
    const sources = inputs.map((id) => this.source(id));
    const ids = variables.map(({ id }) => id);
    const infos = runUpdate(this.#binding, name, attributes, ids, inputs);
    this.#record(name, attributes, sources, infos, updates);
    return infos;
  }

  #createTensor(shape: readonly number[], dtype: number, values: TensorValues): number {
    const type = dtypeOfNumber(dtype);
    if (type === undefined) this.refuse('it makes a tensor of text', 'Use float32, int32 and bool tensors');
    const id = this.#binding.createTensor(shape, dtype, values);
    this.#sources.set(id, { kind: 'constant', dtype: type, shape: [...shape], values: values.slice() });
    return id;
  }

  #execute(
    name: string,
    attributes: readonly NativeAttribute[],
    inputs: readonly number[],
    outputs: number,
  ): NativeTensorInfo[] {
    if (STATEFUL_RANDOM.test(name))
      this.refuse(
        `${name} keeps its random state in TensorFlow`,
        'Use the functions of random.ts with the key `at.key`',
      );
    if (VALUE_SHAPED.test(name))
      this.refuse(
        `the shape of the result of ${name} depends on values`,
        'Compute on all elements, and choose between results with tf.where or multiply by a mask',
      );
    const sources = inputs.map((id) => this.source(id));
    const infos = this.#binding.executeOp(name, attributes, inputs, outputs);
    if (!this.#fold(sources, infos)) this.#record(name, attributes, sources, infos, []);
    return infos;
  }

  #record(
    name: string,
    attributes: readonly NativeAttribute[],
    inputs: readonly Source[],
    infos: readonly NativeTensorInfo[],
    updates: TracedOperation['updates'],
  ): void {
    const operation = this.operations.length;
    const types = infos.map((info) => this.#typeOf(name, info));
    this.operations.push({
      name,
      attributes: {
        ...INFERRED[name]?.(inputs),
        ...Object.fromEntries(attributes.map((attribute) => [attribute.name, this.#attribute(name, attribute)])),
      },
      inputs,
      outputs: types,
      updates,
      site: new Error(),
    });
    infos.forEach(({ id }, port) => this.#sources.set(id, { kind: 'operation', operation, port, ...types[port]! }));
  }

  /** Makes results that depend on constants alone constants themselves; returns whether they are. */
  #fold(inputs: readonly Source[], infos: readonly NativeTensorInfo[]): boolean {
    if (inputs.length === 0 || !inputs.every(({ kind }) => kind === 'constant')) return false;
    const types = infos.map(({ dtype, shape }) => ({ dtype: dtypeOfNumber(dtype), shape }));
    if (!types.every(({ dtype, shape }) => isReadable(dtype) && sizeOf(shape) <= MOST_FOLDED)) return false;
    infos.forEach(({ id }, port) =>
      this.#sources.set(id, {
        kind: 'constant',
        values: this.#binding.tensorDataSync(id),
        dtype: types[port]!.dtype!,
        shape: types[port]!.shape,
      }),
    );
    return true;
  }

  /** Returns a tensor made before the function ran as a constant. */
  #capture(id: number): Source {
    const foreign = this.#known.foreignVariables.get(id);
    if (foreign !== undefined) this.refuseForeign(foreign);
    const before = this.#known.previous?.madeHere(id);
    if (before?.kind === 'constant') return before;
    if (before !== undefined || id >= this.#firstId)
      this.refuse(
        'a tensor of an earlier step is kept in JavaScript',
        'Keep it in a variable that the program lists under `variables`',
      );
    const [info] = this.#binding.executeOp('Identity', [], [id], 1);
    try {
      const { dtype, shape } = this.#typeOf('a tensor from outside', info!);
      if (!isReadable(dtype) || sizeOf(shape) * 4 > MOST_CONSTANT_BYTES)
        this.refuse(
          `it uses a ${dtype} tensor [${shape.join(', ')}] from outside of the function`,
          'List it under `resident`, and take from it by index',
        );
      return { kind: 'constant', values: this.#binding.tensorDataSync(id), dtype, shape };
    } finally {
      this.#binding.deleteTensor(info!.id);
    }
  }

  /** Numbers of JavaScript may be read back, what is computed may not. */
  #readValues(id: number): TensorValues {
    if (!this.#known.foreignVariables.has(id) && this.source(id).kind === 'constant')
      return this.#binding.tensorDataSync(id);
    return this.refuseReading();
  }

  refuseReading(): never {
    return this.refuse(
      'it reads values of a tensor (dataSync, data, arraySync, print, or a condition on values), which exist only ' +
        'while compiled steps run',
      'Compute with tensors (tf.where for a condition), and return what is to be seen outside',
    );
  }

  refuseForeign(variable: string): never {
    return this.refuse(
      `it uses the variable \`${variable}\`, which the program does not list`,
      'List it under `variables`',
    );
  }

  #typeOf(name: string, { dtype: number, shape }: NativeTensorInfo): TensorType {
    const dtype = dtypeOfNumber(number);
    if (dtype === undefined)
      this.refuse(`${name} gives a tensor of type ${number}, such as text`, 'Use float32, int32 and bool tensors');
    return { dtype, shape };
  }

  #attribute(operation: string, { name, type, value }: NativeAttribute): Attribute {
    const { TF_ATTR_TYPE, TF_ATTR_FLOAT, TF_ATTR_SHAPE } = this.#binding;
    if (typeof value === 'boolean' || typeof value === 'string') return value;
    if (typeof value === 'object') {
      if (type === TF_ATTR_SHAPE) return { shape: value };
      if (type === this.#binding.TF_ATTR_INT) return { ints: value };
    } else if (type === TF_ATTR_TYPE) {
      const dtype = dtypeOfNumber(value);
      if (dtype !== undefined) return { type: dtype };
    } else return type === TF_ATTR_FLOAT ? { float: value } : { int: value };
    return this.refuse(
      `the attribute ${name} of ${operation} has a value that no graph can be given`,
      'Use another operation, on float32, int32 and bool tensors',
    );
  }
}

function isReadable(dtype: Dtype | undefined): dtype is Dtype {
  return dtype === 'float32' || dtype === 'int32' || dtype === 'bool';
}
