/**
 * Training of the networks that ship, on images that are made up: it needs no data set, and computes as usual.
 */
import type * as Tfjs from '@tensorflow/tfjs-node-gpu';
import { networkOf, type Model } from '../../activities/tasks/image-classification/models.ts';
import { classificationLoss } from '../../activities/tasks/networks/classification.ts';
import { trainedModel, trainStep, type Recipe } from '../../activities/tasks/networks/training.ts';
import { compile } from '../../activities/tasks/tensorflow/compile.ts';
import type { TensorFlow } from '../../activities/tasks/tensorflow/library.ts';
import { ResidentTensor } from '../../activities/tasks/tensorflow/program.ts';
import { randomStream } from '../../workflows/algorithm/index.ts';

const CLASSES = 10;
const RATES = { learningRate: 0.01, momentum: 0.9, weightDecay: 1e-4 } as const;
const RECIPE: Recipe = { optimizer: 'momentum', parts: 1 };
/** Images that are made up, in batches. */
const BATCHES = 4;

export interface SyntheticCase {
  readonly model: Model;
  /** Height and width of an image of three channels. */
  readonly side: number;
  readonly batchSize: number;
}

export interface SyntheticTraining {
  /** Trains so many steps in one native call and returns their losses. The same calls give the same losses. */
  readonly train: (steps: number) => readonly number[];
  readonly dispose: () => void;
}

/** Compiles the steps of a case. The caller disposes it. */
export function syntheticTraining(tensorflow: TensorFlow, one: SyntheticCase): SyntheticTraining {
  const { tfjs: tf, binding } = tensorflow;
  const { model: kind, side, batchSize } = one;
  const count = BATCHES * batchSize;
  const image = [side, side, 3] as const;
  const pixels = Uint8Array.from({ length: count * side * side * 3 }, (_, index) => (index * 2654435761) >>> 24);
  const resident = {
    images: new ResidentTensor(binding, { shape: [count, ...image], values: pixels }),
    labels: new ResidentTensor(binding, {
      shape: [count],
      values: Int32Array.from({ length: count }, (_, index) => index % CLASSES),
    }),
  };
  const network = networkOf(kind, 'relu', image, CLASSES);
  const context = { seed: 0, worker: 'synthetic', dataDirectory: '', hyperparameters: RATES };
  const model = trainedModel(tf, (name) => randomStream(0, name), network, RECIPE, context);
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
          let loss: Tfjs.Tensor = labels;
          trainStep(tf, network, model, x, RECIPE, at, (logits) => {
            const computed = classificationLoss(tf, logits as Tfjs.Tensor2D, labels, undefined);
            loss = computed;
            return computed;
          });
          return { loss };
        },
      },
    },
  });
  tf.dispose([...Object.values(model.weights), ...Object.values(model.slots)]);
  program.setHyperparameters(RATES);
  return {
    train: (steps) => {
      const rows = Int32Array.from({ length: steps * batchSize }, (_, index) => index % count);
      return [...(program.run('train', { steps, inputs: { rows } }).loss ?? [])];
    },
    dispose: () => {
      for (const disposed of [program, ...Object.values(resident)]) disposed.dispose();
    },
  };
}
