/**
 * Settings of the tabular task: the file, what is predicted, the network, how the rows are split.
 */
import { z } from 'zod';
import { report } from '../../../workflows/validation/draft.ts';
import {
  between,
  flag,
  integer,
  list,
  listOf,
  object,
  oneOf,
  tag,
  text,
} from '../../../workflows/validation/fields.ts';
import type { HyperparameterDefinition } from '../../contracts/task.ts';
import { classificationScore } from '../networks/classification.ts';
import { LABEL_SMOOTHING, networkHyperparameters, optimizerSetting } from '../networks/hyperparameters.ts';
import { regressionScore } from '../networks/regression.ts';

const LARGEST_BATCH = 4096;
const LARGEST_WIDTH = 4096;
const PATH_CHARACTERS = 4096;
const NAME_CHARACTERS = 1000;
const MOST_COLUMNS = 10_000;

const path = (description: string) =>
  text(1, PATH_CHARACTERS, `${description} A relative path begins at the working directory of the trainers.`);
const columnName = text(1, NAME_CHARACTERS, 'Name of a column, as in the first line.');
const columns = (description: string) => list(columnName, 0, MOST_COLUMNS, 'names of columns', description).default([]);

const shared = {
  file: path('CSV file in UTF-8, plain or compressed by gzip: a row is an example.'),
  testFile: path('CSV file with the same columns for the final report. Default: none; see testShare.').optional(),
  target: columnName.describe('Name of the column that is predicted.'),
  separator: oneOf([',', ';', '\t', '|'], 'What stands between two fields. Default: a comma.').default(','),
  decimal: oneOf(['.', ','], 'What numbers have before their fraction. Default: a point.').default('.'),
  header: flag(
    'Whether the first line names the columns; else they are `column-1`, `column-2` … Default: true.',
  ).default(true),
  missing: list(
    text(0, NAME_CHARACTERS, 'A field.'),
    0,
    100,
    'texts',
    'Fields that mean that there is no value. Default: the empty one, NA, N/A, NaN, nan, null and ?.',
  ).default(['', 'NA', 'N/A', 'NaN', 'nan', 'null', '?']),
  categories: columns('Columns of categories although all their values are numbers, such as codes. Default: none.'),
  ignore: columns('Columns that are left out. Default: none.'),
  hidden: list(
    integer(1, LARGEST_WIDTH, 'Units of a layer.'),
    1,
    8,
    'layer widths',
    'Units of each hidden layer, first to last. Default: [64, 64].',
  ).default([64, 64]),
  batchNormalisation: flag(
    'Batch normalisation before each hidden activation; it takes the place of the biases. Default: false.',
  ).default(false),
  optimizer: optimizerSetting,
  batchSize: integer(
    1,
    LARGEST_BATCH,
    'Examples of a training step, unless the hyperparameter `batchSize` is given. Default: 32.',
  ).default(32),
  objectiveShare: between(
    0,
    1,
    'Share of the rows held out for the objective, which decisions are made by. Default: 0.2.',
  ).default(0.2),
  testShare: between(0, 1, 'Share of the rows for the final report, if there is no `testFile`. Default: 0.2.').default(
    0.2,
  ),
};

const classification = object(
  {
    problem: tag('classification', 'The target is a category.'),
    ...shared,
    score: classificationScore,
  },
  'Predict a category.',
);
const regression = object(
  {
    problem: tag('regression', 'The target is a number.'),
    ...shared,
    score: regressionScore,
  },
  'Predict a number.',
);

/** Schema of the settings. */
export const settings = z
  .discriminatedUnion('problem', [classification, regression], {
    error: (issue) =>
      issue.code === 'invalid_union'
        ? listOf(['classification', 'regression'])
        : 'an object with `problem` classification or regression',
  })
  .superRefine(({ testFile, objectiveShare, testShare }, context) => {
    if (testFile === undefined && objectiveShare + testShare >= 1)
      report(context, ['testShare'], `below 1 together with \`task.objectiveShare\` (${objectiveShare})`, {
        got: String(testShare),
      });
  });

/** The settings, defaults filled in. */
export type Tabular = z.output<typeof settings>;

/** Returns the hyperparameters of the network that the settings describe. */
export function hyperparametersOf({ optimizer, problem }: Tabular): readonly HyperparameterDefinition[] {
  const network = networkHyperparameters(optimizer, LARGEST_BATCH);
  return problem === 'classification' ? [...network, LABEL_SMOOTHING] : network;
}
