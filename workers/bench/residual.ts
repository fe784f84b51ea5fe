/**
 * Measures the CPU time of a training step of residual networks: compiled TensorFlow.js, and eager PyTorch.
 */
import type * as Tfjs from '@tensorflow/tfjs-node-gpu';
import { networkOf } from '../../activities/tasks/image-classification/models.ts';
import { classificationLoss } from '../../activities/tasks/networks/classification.ts';
import { trainedModel, trainStep, type Recipe } from '../../activities/tasks/networks/training.ts';
import { compile } from '../../activities/tasks/tensorflow/compile.ts';
import type { TensorFlow } from '../../activities/tasks/tensorflow/library.ts';
import { ResidentTensor } from '../../activities/tasks/tensorflow/program.ts';
import { randomStream } from '../../workflows/algorithm/index.ts';
import { measurePytorch, median, medianCpuMs, prepareTraining } from './cpu-time.ts';

const CASES = [
  { depth: 18, stem: 'small', side: 32, batchSize: 8, steps: 4 },
  { depth: 50, stem: 'imagenet', side: 224, batchSize: 8, steps: 1 },
] as const;
const CLASSES = 10;
const RATES = { learningRate: 0.01, momentum: 0.9, weightDecay: 1e-4 } as const;

type Case = (typeof CASES)[number];

/**
 * Prints the CPU time of a step in ms, on one thread, and the ratio of compiled steps to PyTorch's, in the better of
 * its memory formats. Both take turns for so many rounds (odd), so a busy machine slows down both. PyTorch is measured
 * if the Python has it.
 */
export function benchResidual(python: string, rounds: number): void {
  const { tensorflow, hasPytorch } = prepareTraining(python);
  console.log('CPU time of a training step, ms      compiled  PyTorch  compiled : PyTorch');
  for (const one of CASES) {
    const { depth, side, batchSize, steps } = one;
    const { run, dispose } = prepare(tensorflow, one);
    const measured = Array.from({ length: rounds }, () => [
      (medianCpuMs([run], 1)[0] ?? NaN) / steps,
      hasPytorch ? measurePytorch(python, 'pytorch_residual.py', [depth, side, batchSize, steps]) : NaN,
    ]);
    dispose();
    const [compiled = NaN, pytorch = NaN] = [0, 1].map((way) => median(measured.map((times) => times[way] ?? NaN)));
    const times = [compiled, pytorch].map((ms) => (Number.isNaN(ms) ? '–' : ms.toFixed(1)).padStart(8));
    const ratio = hasPytorch ? (compiled / pytorch).toFixed(2) : '–';
    console.log(`${`ResNet-${depth}, ${side}², batch ${batchSize}`.padEnd(36)} ${times.join(' ')}  ${ratio}`);
  }
}

/** Returns what runs the steps of a case, and what frees them. */
function prepare(tensorflow: TensorFlow, one: Case): { readonly run: () => void; readonly dispose: () => void } {
  const { tfjs: tf, binding } = tensorflow;
  const { depth, stem, side, batchSize, steps } = one;
  const count = 4 * batchSize;
  const image = [side, side, 3] as const;
  const pixels = Uint8Array.from({ length: count * side * side * 3 }, (_, index) => (index * 2654435761) >>> 24);
  const resident = {
    images: new ResidentTensor(binding, { shape: [count, ...image], values: pixels }),
    labels: new ResidentTensor(binding, {
      shape: [count],
      values: Int32Array.from({ length: count }, (_, index) => index % CLASSES),
    }),
  };
  const network = networkOf({ kind: 'resnet', depth, stem, width: 64 }, 'relu', image, CLASSES);
  const recipe: Recipe = { optimizer: 'momentum', parts: 1 };
  const context = { seed: 0, worker: 'bench', dataDirectory: '', hyperparameters: RATES };
  const model = trainedModel(tf, (name) => randomStream(0, name), network, recipe, context);
  const program = compile(tensorflow, {
    variables: { ...model.weights, ...model.slots },
    hyperparameters: ['learningRate', 'momentum', 'weightDecay'],
    resident,
    functions: {
      train: {
        repeats: true,
        inputs: { rows: { dtype: 'int32', shape: [batchSize] } },
        run: ({ rows }, at) => {
          const x = at.resident.images
            .gather(rows)
            .mul(1 / 90)
            .add(-0.8);
          const labels = at.resident.labels.gather(rows) as Tfjs.Tensor1D;
          trainStep(tf, network, model, x, recipe, at, (logits) =>
            classificationLoss(tf, logits as Tfjs.Tensor2D, labels, undefined),
          );
        },
      },
    },
  });
  tf.dispose([...Object.values(model.weights), ...Object.values(model.slots)]);
  program.setHyperparameters(RATES);
  const rows = (): Int32Array => Int32Array.from({ length: steps * batchSize }, (_, index) => index % count);
  return {
    run: () => void program.run('train', { steps, inputs: { rows: rows() } }),
    dispose: () => {
      for (const disposed of [program, ...Object.values(resident)]) disposed.dispose();
    },
  };
}
