/**
 * Settings of image classification: the data set, the network, the optimiser, how the training images are split.
 */
import { z } from 'zod';
import { at, report } from '../../../workflows/validation/draft.ts';
import {
  finite,
  flag,
  integer,
  list,
  listOf,
  number,
  object,
  oneOf,
  tag,
} from '../../../workflows/validation/fields.ts';
import type { HyperparameterDefinition } from '../../contracts/task.ts';
import { countAt } from '../../specification/draft.ts';
import { imageDataSet } from '../datasets/image-data-sets.ts';
import { classificationScore } from '../networks/classification.ts';
import { LABEL_SMOOTHING, networkHyperparameters, optimizerSetting } from '../networks/hyperparameters.ts';
import { RESIDUAL_DEPTHS } from '../networks/residual.ts';
import { AUGMENTATION } from './augmentation.ts';

const LARGEST_BATCH = 4096;
const LARGEST_WIDTH = 4096;
const MOST_FILTERS = 512;
const LARGEST_RESIDUAL_WIDTH = 256;
const MOST_WARM_UP_STEPS = 10_000_000;
const MOST_CHANNELS = 1024;
/** Held out for each purpose. */
const MOST_EXAMPLES = 10_000_000;
/** Of Fashion-MNIST: of other data sets only trainers know. */
const FASHION_MNIST_IMAGES = 60_000;

const hiddenWidth = integer(1, LARGEST_WIDTH, 'Units of a layer.');
const batchNormalisation = flag(
  'Batch normalisation before each hidden activation; it takes the place of the biases. Default: false.',
).default(false);

const model = z.discriminatedUnion(
  'kind',
  [
    object(
      {
        kind: tag('perceptron', 'Fully connected layers.'),
        hidden: list(
          hiddenWidth,
          1,
          8,
          'layer widths',
          'Units of each hidden layer, first to last; the hyperparameter `activation` between them.',
        ),
        batchNormalisation,
      },
      'A multilayer perceptron.',
    ),
    object(
      {
        kind: tag(
          'convolutional',
          '3×3 convolutions, each followed by the activation and 2×2 max pooling; then one hidden dense layer.',
        ),
        filters: list(
          integer(1, MOST_FILTERS, 'Filters of a convolution.'),
          1,
          4,
          'filter counts',
          'Filters of each convolution, first to last.',
        ),
        dense: hiddenWidth.describe('Units of the dense layer before the output.'),
        batchNormalisation,
      },
      'A small convolutional network.',
    ),
    object(
      {
        kind: tag('resnet', 'A residual network (He et al., arXiv 1512.03385), version 1.5.'),
        depth: z
          .literal([...RESIDUAL_DEPTHS], { error: `one of ${RESIDUAL_DEPTHS.join(', ')}` })
          .describe(`Layers: one of ${RESIDUAL_DEPTHS.join(', ')}.`),
        stem: oneOf(
          ['imagenet', 'small'],
          'How it begins. imagenet: 7×7 convolution with stride 2, then 3×3 max pooling with stride 2; small: 3×3 ' +
            'convolution, for images of about 32 × 32. Default: imagenet.',
        ).default('imagenet'),
        width: integer(
          1,
          LARGEST_RESIDUAL_WIDTH,
          'Filters of the first of four stages; each other one has twice as many as the one before it. Default: 64.',
        ).default(64),
      },
      'ResNet-18, ResNet-34 or ResNet-50.',
    ),
  ],
  {
    error: (issue) =>
      issue.code === 'invalid_union'
        ? listOf(['perceptron', 'convolutional', 'resnet'])
        : 'an object with `kind` perceptron, convolutional or resnet',
  },
);

const normalisation = object(
  {
    mean: list(finite('A mean.'), 1, MOST_CHANNELS, 'numbers', 'One a channel; bytes count as parts of 255.'),
    deviation: list(
      number(1e-6, 1e6, 'A standard deviation.'),
      1,
      MOST_CHANNELS,
      'numbers',
      'One a channel; bytes count as parts of 255.',
    ),
  },
  'What images are standardised by: (value − mean) / deviation. Default: what the training images have; for ' +
    'fashion-mnist what is published.',
);

const warmUp = object(
  {
    steps: integer(1, MOST_WARM_UP_STEPS, 'Steps from the first one of the run on.'),
    from: number(0, 1, 'Share of the learning rate that it begins at. Default: 0.').default(0),
  },
  'Linear warm-up: in its steps, the hyperparameter `learningRate` is multiplied by a share that rises to 1.',
);

/** Schema of the settings. */
export const settings = object(
  {
    dataset: imageDataSet.describe('The data set: `fashion-mnist`, or where your own is.'),
    model,
    optimizer: optimizerSetting,
    batchSize: integer(
      1,
      LARGEST_BATCH,
      'Examples of a training step, unless the hyperparameter `batchSize` is given. Default: 16.',
    ).default(16),
    imagesAtOnce: integer(
      1,
      LARGEST_BATCH,
      'Most images of a batch that are computed at once. A larger batch is computed in equal parts, whose gradients ' +
        'are averaged; batch normalisation sees each part alone. Default: all.',
    ).optional(),
    warmUp: warmUp.optional(),
    flip: flag('Whether training mirrors images at random, left to right. Default: false.').optional(),
    objectiveExamples: integer(
      1,
      MOST_EXAMPLES,
      'Training images held out for the objective, which decisions are made by. Default: 2500.',
    ).default(2500),
    untouchedExamples: integer(
      1,
      MOST_EXAMPLES,
      'Training images that no decision sees, for the final report. Default: 2500.',
    ).default(2500),
    score: classificationScore,
    normalisation: normalisation.optional(),
  },
  'Image classification.',
).superRefine(checkExamples, { when: () => true });

/** The settings, defaults filled in. */
export type ImageClassification = DeepReadonly<z.output<typeof settings>>;

type DeepReadonly<T> = T extends object ? { readonly [Key in keyof T]: DeepReadonly<T[Key]> } : T;

/** Returns the hyperparameters of the network that the settings describe. */
export function hyperparametersOf({ optimizer, model }: ImageClassification): readonly HyperparameterDefinition[] {
  const all = [...networkHyperparameters(optimizer, LARGEST_BATCH), LABEL_SMOOTHING, ...AUGMENTATION];
  // A residual network has no hidden dense layers.
  return model.kind === 'resnet' ? all.filter(({ name }) => name !== 'dropout') : all;
}

function checkExamples(draft: unknown, context: z.core.$RefinementCtx): void {
  const [mean, deviation] = [at(at(draft, 'normalisation'), 'mean'), at(at(draft, 'normalisation'), 'deviation')];
  if (Array.isArray(mean) && Array.isArray(deviation) && mean.length !== deviation.length)
    report(context, ['normalisation', 'deviation'], `as long as \`task.normalisation.mean\` (${mean.length})`, {
      got: String(deviation.length),
    });
  const objective = countAt(draft, 'objectiveExamples');
  const untouched = countAt(draft, 'untouchedExamples');
  if (!objective || !untouched || at(draft, 'dataset') !== 'fashion-mnist') return;
  const left = FASHION_MNIST_IMAGES - objective - untouched;
  if (left <= 0) {
    report(
      context,
      ['objectiveExamples'],
      `below ${FASHION_MNIST_IMAGES} together with \`task.untouchedExamples\` (${untouched})`,
      { got: String(objective) },
    );
    return;
  }
  const batchSize = countAt(draft, 'batchSize');
  if (batchSize && batchSize > left)
    report(context, ['batchSize'], `at most the ${left} training images that the held-out ones leave`, {
      got: String(at(draft, 'batchSize')),
    });
}
