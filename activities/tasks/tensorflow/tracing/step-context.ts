/**
 * What a function gets besides its inputs, as tensors: eagerly, and while it is traced.
 */
import type * as Tfjs from '@tensorflow/tfjs-node-gpu';
import type { InputDefinition, InputDefinitions, ProgramDefinition, ResidentData, StepContext } from '../definition.ts';
import { backendOf } from '../library.ts';
import type { ResidentTensor } from '../program.ts';
import { nativeAttributes, type Attributes } from '../native.ts';
import type { Dtype } from '../protobuf.ts';
import type { NamedTensors } from './trace-function.ts';

/** Indices are 0 and floats 1: what any data set has, and nothing divides by zero. */
export function makeExamples(
  tf: typeof Tfjs,
  inputs: InputDefinitions,
  hyperparameters: readonly string[],
): NamedTensors {
  const example = ({ dtype, shape }: InputDefinition) =>
    dtype === 'int32' || dtype === 'bool' ? tf.zeros([...shape], dtype) : tf.ones([...shape]);
  return {
    ...Object.fromEntries(Object.entries(inputs).map(([name, input]) => [`inputs/${name}`, example(input)])),
    ...Object.fromEntries(hyperparameters.map((name) => [`hyperparameters/${name}`, tf.scalar(1)])),
    step: tf.scalar(1, 'int32'),
    key: tf.tensor1d([1, 2], 'int32'),
  };
}

/** Returns the context of one step that the example tensors stand for. */
export function contextOf(tf: typeof Tfjs, { resident }: ProgramDefinition, examples: NamedTensors): StepContext {
  return {
    hyperparameters: pick(examples, 'hyperparameters/') as Record<string, Tfjs.Scalar>,
    step: examples['step'] as Tfjs.Scalar,
    key: examples['key'] as Tfjs.Tensor1D,
    resident: residentData(tf, resident),
  };
}

/** Makes data sets accessible to functions: eagerly, and while they are traced. */
export function residentData(
  tf: typeof Tfjs,
  tensors: Readonly<Record<string, ResidentTensor>>,
): Record<string, ResidentData> {
  return Object.fromEntries(
    Object.entries(tensors).map(([name, tensor]) => [
      name,
      {
        shape: tensor.shape,
        gather: (indices: Tfjs.Tensor) => gatherRows(tf, tensor, indices),
        rows: (first: Tfjs.Tensor, count: number) => sliceRows(tf, tensor, first, count),
      },
    ]),
  );
}

/** Returns a tensor that TensorFlow holds; bytes as float32. */
export function wholeTensor(tf: typeof Tfjs, { id, dtype }: ResidentTensor): Tfjs.Tensor {
  return fromBytes(tf, 'Identity', { T: { type: dtype } }, [id], dtype);
}

function gatherRows(tf: typeof Tfjs, { id, dtype }: ResidentTensor, indices: Tfjs.Tensor): Tfjs.Tensor {
  const axis = tf.scalar(0, 'int32');
  const attributes = { Tparams: { type: dtype }, Tindices: { type: 'int32' }, Taxis: { type: 'int32' } } as const;
  return fromBytes(tf, 'GatherV2', attributes, [id, ...idsOf(tf, [indices, axis])], dtype);
}

function sliceRows(
  tf: typeof Tfjs,
  { id, dtype, shape }: ResidentTensor,
  first: Tfjs.Tensor,
  count: number,
): Tfjs.Tensor {
  const begin = tf.concat([first.reshape([1]), tf.zeros([shape.length - 1], 'int32')]);
  const size = tf.tensor1d([count, ...shape.slice(1)], 'int32');
  const attributes = { T: { type: dtype }, Index: { type: 'int32' } } as const;
  return fromBytes(tf, 'Slice', attributes, [id, ...idsOf(tf, [begin, size])], dtype);
}

/** Runs an operation on a native tensor; TensorFlow.js has no bytes, so they become floats. */
function fromBytes(
  tf: typeof Tfjs,
  name: string,
  attributes: Attributes,
  inputs: readonly number[],
  dtype: Dtype,
): Tfjs.Tensor {
  const backend = backendOf(tf);
  const { binding } = backend;
  const [rows] = binding.executeOp(name, nativeAttributes(binding, attributes), inputs, 1);
  if (dtype !== 'uint8') return backend.createOutputTensor(rows!);
  const cast = { SrcT: { type: 'uint8' }, DstT: { type: 'float32' } } as const;
  const [floats] = binding.executeOp('Cast', nativeAttributes(binding, cast), [rows!.id], 1);
  binding.deleteTensor(rows!.id);
  return backend.createOutputTensor(floats!);
}

function idsOf(tf: typeof Tfjs, tensors: readonly Tfjs.Tensor[]): number[] {
  return backendOf(tf).getInputTensorIds(tensors);
}

/** Returns the tensors whose name begins with the prefix, by the rest of it. */
export function pick(tensors: NamedTensors, prefix: string): Record<string, Tfjs.Tensor> {
  return Object.fromEntries(
    Object.entries(tensors)
      .filter(([name]) => name.startsWith(prefix))
      .map(([name, tensor]) => [name.slice(prefix.length), tensor]),
  );
}
