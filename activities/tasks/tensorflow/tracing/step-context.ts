/**
 * What a function gets besides its inputs, as tensors: eagerly, and while it is traced.
 */
import type * as Tfjs from '@tensorflow/tfjs-node-gpu';
import type { InputDefinition, InputDefinitions, ProgramDefinition, ResidentData, StepContext } from '../definition.ts';
import { backendOf } from '../library.ts';
import type { ResidentTensor } from '../program.ts';
import { DTYPE_NUMBERS, type Dtype } from '../protobuf.ts';
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
      { shape: tensor.shape, gather: (indices: Tfjs.Tensor) => gatherRows(tf, tensor, indices) },
    ]),
  );
}

/** TensorFlow.js has no bytes: gathers them natively and makes floats of them. */
function gatherRows(tf: typeof Tfjs, { id, dtype }: ResidentTensor, indices: Tfjs.Tensor): Tfjs.Tensor {
  const backend = backendOf(tf);
  const { binding } = backend;
  const type = (name: string, value: Dtype) => ({ name, type: binding.TF_ATTR_TYPE, value: DTYPE_NUMBERS[value] });
  const axis = tf.scalar(0, 'int32');
  const [rows] = binding.executeOp(
    'GatherV2',
    [type('Tparams', dtype), type('Tindices', 'int32'), type('Taxis', 'int32')],
    [id, ...backend.getInputTensorIds([indices, axis])],
    1,
  );
  axis.dispose();
  if (dtype !== 'uint8') return backend.createOutputTensor(rows!);
  const [floats] = binding.executeOp('Cast', [type('SrcT', 'uint8'), type('DstT', 'float32')], [rows!.id], 1);
  binding.deleteTensor(rows!.id);
  return backend.createOutputTensor(floats!);
}

/** Returns the tensors whose name begins with the prefix, by the rest of it. */
export function pick(tensors: NamedTensors, prefix: string): Record<string, Tfjs.Tensor> {
  return Object.fromEntries(
    Object.entries(tensors)
      .filter(([name]) => name.startsWith(prefix))
      .map(([name, tensor]) => [name.slice(prefix.length), tensor]),
  );
}
