/**
 * Settings of image classification: the data set, the network, the optimiser, how the training images are split.
 */
import { z } from 'zod';
import type { HyperparameterDefinition } from '../../contracts/task.ts';
import { countAt } from '../../specification/draft.ts';
import { at, report } from '../../../workflows/validation/draft.ts';
import { integer, list, listOf, object, oneOf, tag } from '../../../workflows/validation/fields.ts';

const TRAINING_IMAGES = 60_000;
const MOST_UNITS = 4096;
const MOST_FILTERS = 512;
const LARGEST_BATCH = 4096;

const hiddenWidth = integer(1, MOST_UNITS, 'Units of a layer.');

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
          'Units of each hidden layer, first to last; ReLU between them.',
        ),
      },
      'A multilayer perceptron.',
    ),
    object(
      {
        kind: tag(
          'convolutional',
          '3×3 convolutions, each followed by ReLU and 2×2 max pooling; then one hidden dense layer.',
        ),
        filters: list(
          integer(1, MOST_FILTERS, 'Filters of a convolution.'),
          1,
          4,
          'filter counts',
          'Filters of each convolution, first to last.',
        ),
        dense: hiddenWidth.describe('Units of the dense layer before the output.'),
      },
      'A small convolutional network.',
    ),
  ],
  {
    error: (issue) =>
      issue.code === 'invalid_union'
        ? listOf(['perceptron', 'convolutional'])
        : 'an object with `kind` perceptron or convolutional',
  },
);

/** Schema of the settings. */
export const settings = object(
  {
    dataset: oneOf(['fashion-mnist'], 'The data set.'),
    model,
    optimizer: oneOf(['momentum', 'adam'], 'Momentum: SGD with `momentum`. Default: momentum.').default('momentum'),
    batchSize: integer(1, LARGEST_BATCH, 'Examples of a training step. Default: 16.').default(16),
    objectiveExamples: integer(
      1,
      TRAINING_IMAGES,
      'Training images held out for the objective, which decisions are made by. Default: 2500.',
    ).default(2500),
    untouchedExamples: integer(
      1,
      TRAINING_IMAGES,
      'Training images that no decision sees, for the final report. Default: 2500.',
    ).default(2500),
  },
  'Image classification.',
).superRefine(checkExamples, { when: () => true });

/** The settings, defaults filled in. */
export type ImageClassification = DeepReadonly<z.output<typeof settings>>;

type DeepReadonly<T> = T extends object ? { readonly [Key in keyof T]: DeepReadonly<T[Key]> } : T;

const LEARNING_RATE: HyperparameterDefinition = {
  kind: 'number',
  name: 'learningRate',
  description: 'Learning rate of the optimiser.',
  above: 0,
};
const MOMENTUM: HyperparameterDefinition = {
  kind: 'number',
  name: 'momentum',
  description: 'Share of the last step that the next one keeps. Default: 0.9.',
  minimum: 0,
  below: 1,
  default: 0.9,
};
const WEIGHT_DECAY: HyperparameterDefinition = {
  kind: 'number',
  name: 'weightDecay',
  description: 'Weight decay of kernels, added to their gradients. Default: 0.',
  minimum: 0,
  default: 0,
};

/** Returns the hyperparameters of the optimiser that the settings name. */
export function hyperparametersOf({ optimizer }: ImageClassification): readonly HyperparameterDefinition[] {
  return optimizer === 'adam' ? [LEARNING_RATE, WEIGHT_DECAY] : [LEARNING_RATE, MOMENTUM, WEIGHT_DECAY];
}

function checkExamples(draft: unknown, context: z.core.$RefinementCtx): void {
  const objective = countAt(draft, 'objectiveExamples');
  const untouched = countAt(draft, 'untouchedExamples');
  if (!objective || !untouched) return;
  const left = TRAINING_IMAGES - objective - untouched;
  if (left <= 0) {
    report(
      context,
      ['objectiveExamples'],
      `below ${TRAINING_IMAGES} together with \`task.untouchedExamples\` (${untouched})`,
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
