/**
 * The tabular task: a small network on the columns of a CSV file, for classification or regression.
 */
import type * as Tfjs from '@tensorflow/tfjs-node-gpu';
import { defineTask } from '../define-task.ts';
import {
  classificationLoss,
  classificationScoreOf,
  CLASSIFICATION_SCORES,
  measureClassification,
} from '../networks/classification.ts';
import { denseLayers } from '../networks/dense-layers.ts';
import { describeNetwork, exportLayers } from '../networks/export.ts';
import { sortHyperparameters } from '../networks/hyperparameters.ts';
import { trainedModel, trainStep, type Recipe, type TrainedModel } from '../networks/training.ts';
import { Network } from '../networks/network.ts';
import { measureRegression, regressionLoss, REGRESSION_SCORES, regressionScoreOf } from '../networks/regression.ts';
import type { ExportedFile, Session, SessionContext } from '../task.ts';
import { loadTensorFlow } from '../tensorflow/library.ts';
import type { NetworkModel, Sums, Tensors, TrainedNetwork } from '../tensorflow/network-definition.ts';
import { openNetwork } from '../tensorflow/network-session.ts';
import { checkTable } from './check-table.ts';
import { runRows, type RunRows } from './rows.ts';
import { hyperparametersOf, settings, type Tabular } from './settings.ts';

/** Rows measured in one native call. */
const MEASURED_AT_ONCE = 10_000;

/** Trains a network on the columns of a CSV file. */
export const tabular = defineTask<Tabular>({
  kind: 'tabular',
  description: 'Train a network on the columns of a CSV file; the score is measured on rows held out for it.',
  settings,
  hyperparameters: hyperparametersOf,
  label: ({ problem }) => problem,
  score: ({ score }) => score,
  check: checkTable,
  open: openSession,
});

async function openSession(task: Tabular, context: SessionContext): Promise<Session> {
  const { names, constants, activation, batchSize } = sortHyperparameters(
    hyperparametersOf(task),
    context.hyperparameters,
    task.batchSize,
  );
  const rows = runRows(task, batchSize, context.seed);
  const outputs = rows.target.kind === 'classes' ? rows.target.classes.length : 1;
  const network = new Network(denseLayers([rows.inputs], task.hidden, outputs, activation, task.batchNormalisation));
  const recipe: Recipe = { optimizer: task.optimizer, parts: 1 };
  return openNetwork<TrainedModel>(context, {
    key: JSON.stringify(['tabular', task]),
    data: rows.data,
    batchSize,
    measuredAtOnce: MEASURED_AT_ONCE,
    hyperparameters: names,
    constants,
    model: (tf, stream) => trainedModel(tf, stream, network, recipe, context),
    step: (tf, model, { inputs, targets }, at) => {
      const { labelSmoothing } = at.hyperparameters;
      trainStep(tf, network, model, inputs!, recipe, at, (answers) =>
        rows.target.kind === 'number'
          ? regressionLoss(answers, targets!)
          : classificationLoss(tf, answers as Tfjs.Tensor2D, targets as Tfjs.Tensor1D, labelSmoothing),
      );
    },
    measure: (tf, { weights }, batch) => measureRows(tf, network, weights, batch, task),
    score: (sums, count) => scoresOf(sums, count, rows)[task.score]!,
    exports: (trained) => exportsOf(network, rows, task, trained),
  });
}

function measureRows(
  tf: typeof Tfjs,
  network: Network,
  weights: NetworkModel['weights'],
  { inputs, targets }: Tensors,
  { problem, score }: Pick<Tabular, 'problem'> & { readonly score: Tabular['score'] | 'all' },
): Tensors {
  const answers = network.apply(tf, inputs!, weights);
  if (problem === 'regression') return measureRegression(answers, targets!);
  const wanted = CLASSIFICATION_SCORES.filter((name) => score === 'all' || score === name);
  return measureClassification(tf, answers as Tfjs.Tensor2D, targets as Tfjs.Tensor1D, wanted);
}

/** Returns the scores that can be told of what was measured, by name. */
function scoresOf(sums: Sums, count: number, { target }: RunRows): Record<string, number> {
  if (target.kind === 'number')
    return Object.fromEntries(
      REGRESSION_SCORES.map((name) => [name, regressionScoreOf(name, sums, count, target.deviation)]),
    );
  const needs = { accuracy: 'right', 'top-5': 'amongFive', 'cross-entropy': 'entropy', f1: 'hits' } as const;
  return Object.fromEntries(
    CLASSIFICATION_SCORES.filter((name) => needs[name] in sums).map((name) => [
      name,
      classificationScoreOf(name, sums, count),
    ]),
  );
}

async function exportsOf(
  network: Network,
  rows: RunRows,
  task: Tabular,
  trained: TrainedNetwork,
): Promise<ExportedFile[]> {
  const { encoding, target, inputs } = rows;
  const measured = await trained.measure((tf, { weights }, batch) =>
    measureRows(tf, network, weights, batch, { problem: task.problem, score: 'all' }),
  );
  const output =
    target.kind === 'number'
      ? { scale: Float32Array.of(target.deviation), offset: Float32Array.of(target.mean) }
      : undefined;
  return [
    ...(await exportLayers(loadTensorFlow().tfjs, network, [inputs], trained.weights, output ? { output } : {})),
    describeNetwork({
      input: {
        length: inputs,
        columns: encoding,
        rule:
          'One column after the other. Numbers: (value − mean) / deviation, 0 if missing. Categories: 1 in the place ' +
          'of the category, 0 elsewhere. `missing`: one more input, 1 if the value is missing.',
      },
      output:
        target.kind === 'number'
          ? {
              number: task.target,
              mean: target.mean,
              deviation: target.deviation,
              rule: 'model: in units of the target; best.safetensors: (value − mean) / deviation',
            }
          : { logits: target.classes.length, classes: target.classes },
      testScores: measured ? scoresOf(measured.sums, measured.rows, rows) : 'diverged',
    }),
  ];
}
