/**
 * Image classification: the objective is a score on training images held out for it.
 */
import type * as Tfjs from '@tensorflow/tfjs-node-gpu';
import {
  classificationLoss,
  classificationScoreOf,
  CLASSIFICATION_SCORES,
  measureClassification,
} from '../networks/classification.ts';
import { sortHyperparameters } from '../networks/hyperparameters.ts';
import { trainedModel, trainStep, type TrainedModel } from '../networks/training.ts';
import { imageDataSetLabel } from '../datasets/image-data-sets.ts';
import { defineTask } from '../define-task.ts';
import type { ExportedFile, Session, SessionContext } from '../task.ts';
import { loadTensorFlow } from '../tensorflow/library.ts';
import type { TrainedNetwork } from '../tensorflow/network-definition.ts';
import { openNetwork } from '../tensorflow/network-session.ts';
import { describeNetwork, exportLayers } from '../networks/export.ts';
import type { Network } from '../networks/network.ts';
import { estimateCheckpointBytes } from './checkpoint-size.ts';
import { runImages, type RunImages } from './images.ts';
import { networkOf } from './models.ts';
import { hyperparametersOf, settings, type ImageClassification } from './settings.ts';

/** Images measured in one native call: bounds what the activations of convolutions take. */
const MEASURED_AT_ONCE = { perceptron: 10_000, convolutional: 500 } as const;

/** Trains a network to classify images. */
export const imageClassification = defineTask<ImageClassification>({
  kind: 'image-classification',
  description: 'Train a network to classify images; the score is measured on held-out training images.',
  settings,
  hyperparameters: hyperparametersOf,
  label: ({ dataset }) => imageDataSetLabel(dataset),
  score: ({ score }) => score,
  checkpointBytes: estimateCheckpointBytes,
  open: openSession,
});

async function openSession(task: ImageClassification, context: SessionContext): Promise<Session> {
  const { names, constants, activation, batchSize } = sortHyperparameters(
    hyperparametersOf(task),
    context.hyperparameters,
    task.batchSize,
  );
  const images = await runImages(task, batchSize, context);
  const { standardisation, data, image, classes } = images;
  const network = networkOf(task.model, activation, image, classes);
  return openNetwork<TrainedModel>(context, {
    key: JSON.stringify(['image-classification', task, standardisation, image, classes]),
    data,
    batchSize,
    measuredAtOnce: MEASURED_AT_ONCE[task.model.kind],
    hyperparameters: names,
    constants,
    prepare: (tf, rows) => ({ images: standardise(tf, rows['images']!, standardisation), labels: rows['labels']! }),
    model: (tf, stream) => trainedModel(tf, stream, network, task.optimizer, context),
    step: (tf, model, { images: input, labels }, at) => {
      const { labelSmoothing } = at.hyperparameters;
      trainStep(tf, network, model, input!, at, (logits) =>
        classificationLoss(tf, logits as Tfjs.Tensor2D, labels as Tfjs.Tensor1D, labelSmoothing),
      );
    },
    measure: (tf, { weights }, { images: input, labels }) =>
      measureClassification(tf, network.apply(tf, input!, weights) as Tfjs.Tensor2D, labels as Tfjs.Tensor1D, [
        task.score,
      ]),
    score: (sums, rows) => classificationScoreOf(task.score, sums, rows),
    exports: (trained) => exportsOf(network, images, trained),
  });
}

/** byte · scale + offset, as the exported model does it. */
function standardise(
  tf: typeof Tfjs,
  images: Tfjs.Tensor,
  { scale, offset }: RunImages['standardisation'],
): Tfjs.Tensor {
  const constant = (values: Float32Array): Tfjs.Tensor =>
    values.length === 1 ? tf.scalar(values[0]!) : tf.tensor1d(values);
  return images.mul(constant(scale)).add(constant(offset));
}

async function exportsOf(network: Network, images: RunImages, trained: TrainedNetwork): Promise<ExportedFile[]> {
  const { image, standardisation, normalisation, classes, classNames, areBytes } = images;
  const measured = await trained.measure((tf, { weights }, { images: input, labels }) =>
    measureClassification(
      tf,
      network.apply(tf, input!, weights) as Tfjs.Tensor2D,
      labels as Tfjs.Tensor1D,
      CLASSIFICATION_SCORES,
    ),
  );
  const scores =
    measured &&
    CLASSIFICATION_SCORES.map((name) => [name, classificationScoreOf(name, measured.sums, measured.rows)] as const);
  return [
    ...(await exportLayers(loadTensorFlow().tfjs, network, image, trained.weights, { input: standardisation })),
    describeNetwork({
      input: {
        shape: image,
        values: areBytes ? 'bytes from 0 to 255' : 'floats as in the data set',
        normalisation: {
          ...normalisation,
          rule: areBytes ? '(value / 255 − mean) / deviation' : '(value − mean) / deviation',
        },
      },
      output: { logits: classes, ...(classNames ? { classes: classNames } : {}) },
      testScores: scores ? Object.fromEntries(scores) : 'diverged',
    }),
  ];
}
