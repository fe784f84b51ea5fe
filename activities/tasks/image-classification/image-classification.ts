/**
 * Image classification: the objective is a score on training images held out for it.
 */
import type * as Tfjs from '@tensorflow/tfjs-node-gpu';
import { randomStream } from '../../../workflows/algorithm/index.ts';
import {
  classificationLoss,
  classificationScoreOf,
  CLASSIFICATION_SCORES,
  measureClassification,
} from '../networks/classification.ts';
import { sortHyperparameters } from '../networks/hyperparameters.ts';
import { endTrainStep, trainedModel, trainStep, type Recipe, type TrainedModel } from '../networks/training.ts';
import { imageDataSetLabel } from '../datasets/image-data-sets.ts';
import { defineTask } from '../define-task.ts';
import type { ExportedFile, Session, SessionContext } from '../task.ts';
import { loadTensorFlow } from '../tensorflow/library.ts';
import type { TrainedNetwork } from '../tensorflow/network-definition.ts';
import { openNetwork } from '../tensorflow/network-session.ts';
import { split } from '../tensorflow/random.ts';
import { describeNetwork, exportLayers } from '../networks/export.ts';
import type { Network } from '../networks/network.ts';
import { augment, augments } from './augmentation.ts';
import { checkImages } from './check-images.ts';
import { estimateCheckpointBytes } from './checkpoint-size.ts';
import { runImages, type CropsOf, type RunImages } from './images.ts';
import { measuredAtOnce, networkOf } from './models.ts';
import { hyperparametersOf, settings, type ImageClassification } from './settings.ts';

/** Trains a network to classify images. */
export const imageClassification = defineTask<ImageClassification>({
  kind: 'image-classification',
  description: 'Train a network to classify images; the score is measured on held-out training images.',
  settings,
  hyperparameters: hyperparametersOf,
  label: ({ dataset }) => imageDataSetLabel(dataset),
  score: ({ score }) => score,
  check: checkImages,
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
  const { standardisation, dataOf, image, classes } = images;
  const network = networkOf(task.model, activation, image, classes);
  const { optimizer, warmUp, imagesAtOnce = batchSize } = task;
  const originals = originalCropsOf(task, context);
  const recipe: Recipe = { optimizer, warmUp, parts: partsOf(batchSize, imagesAtOnce) };
  return openNetwork<TrainedModel>(context, {
    key: JSON.stringify(['image-classification', task, standardisation, image, classes]),
    data: dataOf(originals?.cropsOf),
    batchSize,
    parts: recipe.parts,
    measuredAtOnce: measuredAtOnce(task.model, image),
    hyperparameters: originals ? names.filter((name) => name !== 'smallestCrop') : names,
    constants,
    ...(originals ? { rowHyperparameters: { smallestCrop: originals.smallest } } : {}),
    prepare: (tf, rows) => ({ images: standardise(tf, rows['images']!, standardisation), labels: rows['labels']! }),
    model: (tf, stream) => trainedModel(tf, stream, network, recipe, context),
    step: (tf, model, { images: input, labels }, at) => {
      const { labelSmoothing, shift, smallestCrop } = at.hyperparameters;
      const augmentation = { flip: task.flip === true, shift, smallestCrop };
      const isAugmented = augments(augmentation);
      const [own, rest] = isAugmented ? split(tf, at.key, 2) : [at.key, at.key];
      const seen = isAugmented ? augment(tf, input!, augmentation, own!) : input!;
      trainStep(tf, network, model, seen, recipe, { ...at, key: rest! }, (logits) =>
        classificationLoss(tf, logits as Tfjs.Tensor2D, labels as Tfjs.Tensor1D, labelSmoothing),
      );
    },
    ...(recipe.parts > 1 ? { endStep: (tf, model, at) => endTrainStep(tf, model, recipe, at) } : {}),
    measure: (tf, { weights }, { images: input, labels }) =>
      measureClassification(tf, network.apply(tf, input!, weights) as Tfjs.Tensor2D, labels as Tfjs.Tensor1D, [
        task.score,
      ]),
    score: (sums, rows) => classificationScoreOf(task.score, sums, rows),
    exports: (trained) => exportsOf(network, images, trained),
  });
}

/** Returns how originals are cropped, in streams of their own; undefined if crops are cut from what is measured. */
function originalCropsOf(
  { dataset }: ImageClassification,
  { seed, worker, hyperparameters }: SessionContext,
): { readonly smallest: number; readonly cropsOf: CropsOf } | undefined {
  const { smallestCrop } = hyperparameters;
  if (typeof dataset === 'string' || dataset.kind !== 'folder' || dataset.cropFrom !== 'original') return undefined;
  if (smallestCrop === undefined) return undefined;
  const smallest = Math.fround(Number(smallestCrop));
  return {
    smallest,
    cropsOf: (part) => ({ smallest, stream: (place) => randomStream(seed, 'crops', worker, part, place) }),
  };
}

/** Returns the lowest number of equal parts of a batch that have at most so many images each. */
function partsOf(batchSize: number, most: number): number {
  let parts = Math.ceil(batchSize / most);
  while (batchSize % parts !== 0) parts++;
  return parts;
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
  const { image, standardisation, normalisation, classes, classNames, skipped, areBytes } = images;
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
      ...(skipped ? { skipped } : {}),
      testScores: scores ? Object.fromEntries(scores) : 'diverged',
    }),
  ];
}
