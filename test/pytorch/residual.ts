/**
 * Compares residual networks with torchvision's, given the same values:
 *
 *     python3 -m venv /tmp/pytorch && /tmp/pytorch/bin/pip install -r test/pytorch/requirements.txt
 *     node --import tsx test/pytorch/residual.ts /tmp/pytorch/bin/python
 *
 * ResNet-50 answers to images of 224²: its logits may differ by 1e-4 of the largest, and it must have as many trained
 * values. ResNet-18 trains for ten steps on batches of images of 64²: its losses may differ by 1e-3 of themselves.
 * Exits with 1 if they differ by more.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type * as Tfjs from '@tensorflow/tfjs-node-gpu';
import { encodeSafetensors, type NamedTensor } from '../../activities/storage/safetensors.ts';
import { networkOf } from '../../activities/tasks/image-classification/models.ts';
import { classificationLoss } from '../../activities/tasks/networks/classification.ts';
import { trainedModel, trainStep, type Recipe } from '../../activities/tasks/networks/training.ts';
import { compile } from '../../activities/tasks/tensorflow/compile.ts';
import { loadTensorFlow } from '../../activities/tasks/tensorflow/library.ts';
import { randomStream, type RandomStream } from '../../workflows/algorithm/index.ts';

process.env['TF_NUM_INTRAOP_THREADS'] = '1';
process.env['TF_NUM_INTEROP_THREADS'] = '1';
process.env['TF_CPP_MIN_LOG_LEVEL'] = '2';

const SCRIPT = fileURLToPath(new URL('residual.py', import.meta.url));
const RATES = { learningRate: 0.05, momentum: 0.9, weightDecay: 1e-4 } as const;
const STEPS = 10;
const BATCH = 16;
const SIDE = 64;
const CLASSES = 10;

const [, , python] = process.argv;
if (python === undefined) throw new Error('Expected the path of a Python that has torch and torchvision');

const { tfjs: tf } = loadTensorFlow();
const directory = mkdtempSync(join(tmpdir(), 'fire-pbt-pytorch-'));
try {
  const failed = [compareAnswers(python), compareTraining(python)].includes(false);
  process.exitCode = failed ? 1 : 0;
} finally {
  rmSync(directory, { recursive: true });
}

/** Returns whether logits and the number of trained values are torchvision's. */
function compareAnswers(program: string): boolean {
  const network = networkOf({ kind: 'resnet', depth: 50, stem: 'imagenet', width: 64 }, 'relu', [224, 224, 3], 1000);
  const variables = network.variables(tf, (name) => randomStream(1, name));
  for (const [name, variable] of Object.entries(variables)) disturb(name, variable);
  const images = normal([2, 224, 224, 3], randomStream(1, 'images'));
  const ours = network.apply(tf, images, variables).dataSync();
  const { logits, trained } = ask<{ logits: number[][]; trained: number }>(program, 'answer', { ...variables, images });
  const theirs = logits.flat();
  const largest = Math.max(...theirs.map(Math.abs));
  const off = Math.max(...theirs.map((value, index) => Math.abs(value - (ours[index] ?? NaN)))) / largest;
  const own = Object.values(network.trained(variables)).reduce((sum, { size }) => sum + size, 0);
  console.log(`ResNet-50: ${own} trained values, torchvision ${trained}; logits differ by ${off.toExponential(1)}`);
  return off <= 1e-4 && own === trained;
}

/** Returns whether ten losses are PyTorch's. */
function compareTraining(program: string): boolean {
  const image = [SIDE, SIDE, 3] as const;
  const network = networkOf({ kind: 'resnet', depth: 18, stem: 'imagenet', width: 64 }, 'relu', image, CLASSES);
  const recipe: Recipe = { optimizer: 'nesterov', parts: 1 };
  const context = { seed: 1, worker: 'w', dataDirectory: '', hyperparameters: RATES };
  const model = trainedModel(tf, (name) => randomStream(1, name), network, recipe, context);
  const stream = randomStream(2, 'batches');
  const images = normal([STEPS, BATCH, ...image], stream);
  const classes = tf.tensor2d(
    Int32Array.from({ length: STEPS * BATCH }, () => stream.integer(CLASSES)),
    [STEPS, BATCH],
    'int32',
  );
  const { losses } = ask<{ losses: number[] }>(program, 'train', { ...model.weights, images, classes }, RATES);
  const training = compile(loadTensorFlow(), {
    variables: { ...model.weights, ...model.slots },
    hyperparameters: ['learningRate', 'momentum', 'weightDecay'],
    resident: {},
    functions: {
      train: {
        repeats: true,
        inputs: {
          batch: { dtype: 'float32', shape: [BATCH, ...image] },
          labels: { dtype: 'int32', shape: [BATCH] },
        },
        run: ({ batch, labels }, at) => {
          const seen: Tfjs.Scalar[] = [];
          trainStep(tf, network, model, batch, recipe, at, (logits) => {
            const loss = classificationLoss(tf, logits as Tfjs.Tensor2D, labels as Tfjs.Tensor1D, undefined);
            seen.push(loss);
            return loss;
          });
          return { loss: seen[0]! };
        },
      },
    },
  });
  training.setHyperparameters(RATES);
  const { loss } = training.run('train', {
    steps: STEPS,
    inputs: { batch: Float32Array.from(images.dataSync()), labels: Int32Array.from(classes.dataSync()) },
  });
  const off = Math.max(...losses.map((value, step) => Math.abs((loss?.[step] ?? NaN) / value - 1)));
  const [first, last] = [losses[0] ?? NaN, losses.at(-1) ?? NaN];
  console.log(
    `ResNet-18: the losses of ${STEPS} steps, from ${first.toFixed(4)} to ${last.toFixed(4)}, differ by ` +
      off.toExponential(1),
  );
  return off <= 1e-3;
}

/** Gives values that begin as 0 or 1 others, as training does: each must have its effect. */
function disturb(name: string, variable: Tfjs.Variable): void {
  const stream = randomStream(3, name);
  const range = /moving-variance$/.test(name) ? [0.5, 1.5] : /scale$/.test(name) ? [0.2, 0.6] : [-0.1, 0.1];
  if (!/(scale|offset|moving-mean|moving-variance|bias)$/.test(name)) return;
  const [from = 0, to = 0] = range;
  const values = Float32Array.from({ length: variable.size }, () => from + (to - from) * stream.next());
  variable.assign(tf.tensor(values, variable.shape));
}

function normal(shape: readonly number[], stream: RandomStream): Tfjs.Tensor {
  const size = shape.reduce((product, length) => product * length, 1);
  return tf.tensor(
    Float32Array.from({ length: size }, () => stream.normal()),
    [...shape],
  );
}

/** Has the script work on tensors. */
function ask<Answer>(
  program: string,
  what: string,
  tensors: Readonly<Record<string, Tfjs.Tensor>>,
  numbers: Readonly<Record<string, number>> = {},
): Answer {
  const named = Object.entries(tensors).map(([name, tensor]): [string, NamedTensor] => {
    const values = tensor.dataSync();
    const data = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
    return [name, { dtype: tensor.dtype === 'int32' ? 'I32' : 'F32', shape: tensor.shape, data }];
  });
  const metadata = Object.fromEntries(Object.entries(numbers).map(([name, value]) => [name, String(value)]));
  const file = join(directory, `${what}.safetensors`);
  writeFileSync(file, encodeSafetensors(new Map(named), metadata));
  const options = { encoding: 'utf8', maxBuffer: 2 ** 26 } as const;
  return JSON.parse(execFileSync(program, [SCRIPT, what, file], options)) as Answer;
}
