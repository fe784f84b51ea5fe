/**
 * Schema of tasks: what is trained.
 */
import { z } from 'zod';
import { integer, list, listOf, object, oneOf, tag } from '../../workflows/validation/fields.ts';
import { limits } from './limits.ts';

const hiddenWidth = integer(1, limits.layerWidth, 'Units of a layer.');

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
          integer(1, limits.filters, 'Filters of a convolution.'),
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

const imageClassification = object(
  {
    kind: tag(
      'image-classification',
      'Train a network to classify images; the score is the accuracy on held-out training images.',
    ),
    dataset: oneOf(['fashion-mnist'], 'The data set.'),
    model,
    optimizer: oneOf(['momentum', 'adam'], 'Momentum: SGD with `momentum`. Default: momentum.').default('momentum'),
    batchSize: integer(1, limits.batchSize, 'Examples of a training step. Default: 16.').default(16),
    objectiveExamples: integer(
      1,
      limits.trainingImages,
      'Training images held out for the objective, which decisions are made by. Default: 2500.',
    ).default(2500),
    untouchedExamples: integer(
      1,
      limits.trainingImages,
      'Training images that no decision sees, for the final report. Default: 2500.',
    ).default(2500),
  },
  'Image classification.',
);

const toy = object(
  {
    kind: tag('toy', 'A closed-form problem (Chebykin et al., TMLR 2025, §5.2).'),
    variant: oneOf(['plain', 'deceptive'], 'Deceptive: cutting h at once pays now and costs later.'),
  },
  'A toy task.',
);

/** A task with its settings. */
export const task = z.discriminatedUnion('kind', [imageClassification, toy], {
  error: (issue) =>
    issue.code === 'invalid_union'
      ? listOf(['image-classification', 'toy'])
      : 'an object with `kind` image-classification or toy',
});
