/**
 * TensorFlow's C library, through the binding of `@tensorflow/tfjs-node-gpu`: loaded on first use, native or not at
 * all.
 *
 * Whoever starts the process sets TF_NUM_INTRAOP_THREADS, TF_NUM_INTEROP_THREADS and TF_CPP_MIN_LOG_LEVEL before: the
 * library reads them once.
 */
import { fileURLToPath } from 'node:url';
import type * as Tfjs from '@tensorflow/tfjs-node-gpu';
import { firstLineOf } from '../first-line.ts';
import { RUN_SET_UP } from '../run-set-up.ts';
import { requireTensorFlow } from './require-tensorflow.mjs';

/** A tensor as the binding describes it; `id` counts up over the life of the process. */
export interface NativeTensorInfo {
  readonly id: number;
  readonly shape: readonly number[];
  readonly dtype: number;
}

/** An attribute of an operation as the binding takes it. */
export interface NativeAttribute {
  readonly name: string;
  /** One of TF_ATTR_…. */
  readonly type: number;
  readonly value: boolean | number | string | readonly number[];
}

/** What of the binding is used here; its whole interface is in the package's tfjs_binding.d.ts. */
export interface NativeBinding {
  readonly TF_INT32: number;
  readonly TF_ATTR_STRING: number;
  readonly TF_ATTR_INT: number;
  readonly TF_ATTR_FLOAT: number;
  readonly TF_ATTR_BOOL: number;
  readonly TF_ATTR_TYPE: number;
  readonly TF_ATTR_SHAPE: number;
  /** May keep the array as the tensor's memory: never write to it afterwards. */
  createTensor(shape: readonly number[], dtype: number, values: Float32Array | Int32Array | Uint8Array): number;
  deleteTensor(id: number): void;
  /** A copy of the tensor's values. */
  tensorDataSync(id: number): Float32Array | Int32Array | Uint8Array;
  /** Runs one operation on tensors, by id. */
  executeOp(
    name: string,
    attributes: readonly NativeAttribute[],
    inputs: readonly number[],
    outputs: number,
  ): NativeTensorInfo[];
  /** Tensors alive now. */
  getNumOfTensors(): number;
  /** Makes a session of a graph on disk; `tags` and the names below are separated by commas. */
  loadSavedModel(directory: string, tags: string): number;
  runSavedModel(
    session: number,
    inputs: readonly number[],
    inputNames: string,
    outputNames: string,
  ): NativeTensorInfo[];
  deleteSavedModel(session: number): void;
}

/** TensorFlow.js's backend: between its tensors and the binding's. */
export interface Backend {
  binding: NativeBinding;
  readonly isUsingGpuDevice: boolean;
  /** Ids of tensors, made native if they are not yet. */
  getInputTensorIds(tensors: readonly Tfjs.TensorInfo[]): number[];
  createOutputTensor(info: NativeTensorInfo): Tfjs.Tensor;
  read(dataId: object): Promise<unknown>;
}

export interface TensorFlow {
  readonly tfjs: typeof Tfjs;
  readonly backend: Backend;
  readonly binding: NativeBinding;
}

/** TensorFlow is missing or is not the native one; the message is one line and says what to run. */
export class TensorFlowUnavailable extends Error {
  constructor(state: string, cause?: unknown) {
    super(`Cannot load native TensorFlow: ${state}. ${RUN_SET_UP}`, cause === undefined ? {} : { cause });
    this.name = 'TensorFlowUnavailable';
  }
}

/**
 * Tensor ids are int32 and wrap after 2^31, from where on nothing is freed any more: a process should end well before.
 */
const MOST_TENSOR_IDS = 2 ** 30;

let loaded: TensorFlow | undefined;

/** Where set-up puts the binding in a clone. */
let bindingFile = fileURLToPath(new URL('../../../.local/tfjs_binding.node', import.meta.url));

/** Sets the file of the native binding, before TensorFlow is loaded; default: the one of this clone. */
export function useBinding(file: string): void {
  bindingFile = file;
}

/**
 * Returns TensorFlow, loading it on the first call, which takes seconds.
 *
 * @throws TensorFlowUnavailable if it is not installed or only pure-JS tensors are: those are hundreds of times
 *   slower
 */
export function loadTensorFlow(): TensorFlow {
  loaded ??= load();
  return loaded;
}

/**
 * Returns whether this process has used so many tensor ids that it should be replaced by a fresh one between two
 * activities.
 */
export function processShouldRecycle(): boolean {
  return loaded !== undefined && tensorIdsUsed(loaded.binding) > MOST_TENSOR_IDS;
}

/** Returns how many tensors the process has ever made: the binding counts only live ones, but ids count up. */
export function tensorIdsUsed(binding: NativeBinding): number {
  const id = binding.createTensor([], binding.TF_INT32, new Int32Array(1));
  binding.deleteTensor(id);
  return id;
}

function load(): TensorFlow {
  let tfjs: typeof Tfjs;
  try {
    tfjs = requireTensorFlow(bindingFile) as typeof Tfjs;
  } catch (error) {
    throw new TensorFlowUnavailable(firstLine(error), error);
  }
  const name = tfjs.getBackend();
  if (name !== 'tensorflow')
    throw new TensorFlowUnavailable(`expected the backend to be \`tensorflow\`, got \`${name}\``);
  const backend = backendOf(tfjs);
  return { tfjs, backend, binding: backend.binding };
}

/**
 * Returns the backend of a loaded TensorFlow.js.
 *
 * @throws TensorFlowUnavailable if it is not the native one
 */
export function backendOf(tfjs: typeof Tfjs): Backend {
  const backend: unknown = tfjs.backend();
  if (!isNative(backend)) throw new TensorFlowUnavailable('its backend has no native binding');
  return backend;
}

function isNative(backend: unknown): backend is Backend {
  return (
    typeof backend === 'object' &&
    backend !== null &&
    'binding' in backend &&
    typeof backend.binding === 'object' &&
    backend.binding !== null
  );
}

function firstLine(error: unknown): string {
  return firstLineOf(error).trim().replace(/\.$/, '');
}
