/**
 * Measures the CPU time of a training step: compiled TensorFlow.js, a graph written by hand, eager TensorFlow.js, and
 * eager PyTorch.
 */
import type * as Tfjs from '@tensorflow/tfjs-node-gpu';
import { compile } from '../../activities/tasks/tensorflow/compile.ts';
import type { ProgramDefinition, StepContext } from '../../activities/tasks/tensorflow/definition.ts';
import { EagerProgram } from '../../activities/tasks/tensorflow/eager-program.ts';
import { gradientsOf } from '../../activities/tasks/tensorflow/gradients.ts';
import * as kernels from '../../activities/tasks/tensorflow/kernels.ts';
import type { TensorFlow } from '../../activities/tasks/tensorflow/library.ts';
import { adam, momentum, type Parameters } from '../../activities/tasks/tensorflow/optimizers.ts';
import { Program, ResidentTensor } from '../../activities/tasks/tensorflow/program.ts';
import type { TensorProgram } from '../../activities/tasks/tensorflow/tensor-program.ts';
import { medianCpuMs, prepareTraining } from './cpu-time.ts';
import { handWrittenTraining, type Optimizer } from './hand-written-training.ts';
import { measurePytorch } from './python.ts';

const IMAGES = 6000;
const RATES = { momentum: { learningRate: 0.01, momentum: 0.9 }, adam: { learningRate: 0.01 } } as const;
const MODELS = {
  perceptron: { batchSize: 16, steps: 500, eagerSteps: 50 },
  convolutional: { batchSize: 64, steps: 20, eagerSteps: 3 },
} as const;

type Model = keyof typeof MODELS;

/**
 * Prints the CPU time of a step in ms, on one thread, and the ratios of compiled steps to the others. The ways in this
 * process take turns for so many rounds (odd), so a busy machine slows down all of them. PyTorch is measured if the
 * Python has it.
 */
export function benchTraining(python: string, rounds: number): void {
  const { tensorflow, hasPytorch } = prepareTraining(python);
  console.log('CPU time of a training step, ms      compiled  by hand    eager  PyTorch  compiled : hand : PyTorch');
  for (const model of ['perceptron', 'convolutional'] as const)
    for (const optimizer of ['momentum', 'adam'] as const) {
      const [compiled, byHand, eager] = measureHere(tensorflow, model, optimizer, rounds);
      const { batchSize, steps } = MODELS[model];
      const args = [model, optimizer, batchSize, steps];
      const pytorch = hasPytorch ? measurePytorch(python, 'pytorch_training.py', args) : undefined;
      const times = [compiled, byHand, eager, pytorch].map((ms) => (ms?.toFixed(3) ?? '–').padStart(8));
      const ratios = [byHand, pytorch].map((ms) => (ms === undefined ? '–' : (compiled / ms).toFixed(2)));
      console.log(
        `${`${model}, batch ${batchSize}, ${optimizer}`.padEnd(36)} ${times.join(' ')}  ${ratios.join(' : ')}`,
      );
    }
}

function measureHere(
  tensorflow: TensorFlow,
  model: Model,
  optimizer: Optimizer,
  rounds: number,
): readonly [compiled: number, byHand: number, eager: number] {
  const { batchSize, steps, eagerSteps } = MODELS[model];
  const pixels = Uint8Array.from({ length: IMAGES * 784 }, (_, index) => (index * 2654435761) >>> 24);
  const labels = Int32Array.from({ length: IMAGES }, (_, index) => index % 10);
  const resident = {
    images: new ResidentTensor(tensorflow.binding, { shape: [IMAGES, 784], values: pixels }),
    labels: new ResidentTensor(tensorflow.binding, { shape: [IMAGES], values: labels }),
  };
  const definition = definitionOf(tensorflow.tfjs, model, optimizer, batchSize, resident);
  const compiled = compile(tensorflow, definition);
  const eager = new EagerProgram(tensorflow, definition);
  for (const program of [compiled, eager]) program.setHyperparameters(RATES[optimizer]);
  const byHand = new Program(tensorflow.binding, handWrittenTraining(model === 'convolutional', optimizer, batchSize));
  byHand.run({}, ['start']);
  const indices = (count: number) =>
    Int32Array.from({ length: count * batchSize }, (_, index) => (index * 7919) % IMAGES);
  const run = (program: TensorProgram, count: number) => () =>
    program.run('train', { steps: count, inputs: { indices: indices(count) } });
  const runByHand = () => {
    const chosen = indices(steps);
    const images = new Uint8Array(chosen.length * 784);
    chosen.forEach((image, index) => images.set(pixels.subarray(image * 784, (image + 1) * 784), index * 784));
    byHand.run(
      {
        images: { shape: [steps, batchSize, 784], values: images },
        labels: { shape: [steps, batchSize], values: chosen.map((image) => image % 10) },
        steps: { shape: [], values: Int32Array.of(steps) },
      },
      ['trained'],
    );
  };
  const ways = [run(compiled, steps), runByHand, run(eager, eagerSteps)];
  const [first = NaN, second = NaN, third = NaN] = medianCpuMs(ways, rounds);
  tensorflow.tfjs.dispose(Object.values(definition.variables));
  for (const disposed of [compiled, byHand, ...Object.values(resident)]) disposed.dispose();
  return [first / steps, second / steps, third / eagerSteps];
}

function definitionOf(
  tf: typeof Tfjs,
  model: Model,
  optimizer: Optimizer,
  batchSize: number,
  resident: { readonly images: ResidentTensor; readonly labels: ResidentTensor },
): ProgramDefinition {
  const weight = (...shape: number[]) => tf.variable(tf.randomNormal(shape, 0, 0.05, 'float32', 1));
  const dense = {
    hidden: weight(model === 'convolutional' ? 1568 : 784, 64),
    hiddenBias: weight(64),
    output: weight(64, 10),
    outputBias: weight(10),
  };
  const convolutions = {
    first: weight(3, 3, 1, 16),
    firstBias: weight(16),
    second: weight(3, 3, 16, 32),
    secondBias: weight(32),
  };
  const forward = (x: Tfjs.Tensor): Tfjs.Tensor => {
    const pooled = (input: Tfjs.Tensor, kernel: Tfjs.Variable, bias: Tfjs.Variable) => {
      const strongest = tf.maxPool(kernels.conv2d(tf, input, kernel), 2, 2, 'valid');
      return kernels.relu(tf, kernels.biasAdd(tf, strongest, bias));
    };
    const { first, firstBias, second, secondBias } = convolutions;
    const features =
      model === 'convolutional'
        ? pooled(pooled(x.reshape([batchSize, 28, 28, 1]), first, firstBias), second, secondBias)
        : x;
    const flat = features.reshape([batchSize, -1]);
    const hidden = kernels.relu(tf, kernels.biasAdd(tf, kernels.matMul(tf, flat, dense.hidden), dense.hiddenBias));
    return kernels.biasAdd(tf, kernels.matMul(tf, hidden, dense.output), dense.outputBias);
  };
  const parameters: Parameters = model === 'convolutional' ? { ...convolutions, ...dense } : dense;
  const { slots, apply } = optimizer === 'adam' ? adam(tf, parameters) : momentum(tf, parameters);
  const train = (
    { indices }: { readonly indices: Tfjs.Tensor },
    at: StepContext<'learningRate' | 'momentum', 'images' | 'labels'>,
  ) => {
    const x = at.resident.images
      .gather(indices)
      .mul(1 / 90)
      .add(-0.8);
    const y = at.resident.labels.gather(indices);
    const { gradients } = gradientsOf(tf, parameters, () =>
      kernels.sparseSoftmaxCrossEntropy(tf, forward(x), y).mean(),
    );
    apply(gradients, at.hyperparameters);
  };
  const inputs = { indices: { dtype: 'int32', shape: [batchSize] } } as const;
  const functions = { train: { repeats: true, inputs, run: train } };
  return {
    variables: { ...parameters, ...slots },
    hyperparameters: Object.keys(RATES[optimizer]),
    resident,
    functions,
  } as unknown as ProgramDefinition;
}
