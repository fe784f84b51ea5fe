/**
 * Loss and measurements of regression. Targets are standardised by the training rows. Shape: B examples.
 */
import type * as Tfjs from '@tensorflow/tfjs-node-gpu';
import { oneOf } from '../../../workflows/validation/fields.ts';
import type { Sums, Tensors } from '../tensorflow/network-definition.ts';

export const REGRESSION_SCORES = ['r2', 'rmse', 'mae'] as const;

export type RegressionScore = (typeof REGRESSION_SCORES)[number];

/** Schema of the setting `score`. */
export const regressionScore = oneOf(
  REGRESSION_SCORES,
  'What decisions are made by: the explained share of the variance; minus the root of the mean squared error; minus ' +
    'the mean absolute error, both in units of the target. Default: r2.',
).default('r2');

/** Returns the mean squared error of answers [B, 1] against standardised targets [B]. */
export function regressionLoss(answers: Tfjs.Tensor, targets: Tfjs.Tensor): Tfjs.Scalar {
  return answers.reshape(targets.shape).sub(targets).square().mean().asScalar();
}

/** Returns what the scores are made of, by example. */
export function measureRegression(answers: Tfjs.Tensor, targets: Tfjs.Tensor): Tensors {
  const errors = answers.reshape(targets.shape).sub(targets);
  return { squares: errors.square(), distances: errors.abs(), targets, targetSquares: targets.square() };
}

/** Returns a score of what was measured; higher is better. `deviation`: a standardised 1 in units of the target. */
export function regressionScoreOf(score: RegressionScore, sums: Sums, rows: number, deviation: number): number {
  const [squares, distances, sum, sumOfSquares] = ['squares', 'distances', 'targets', 'targetSquares'].map(
    (name) => sums[name]![0],
  ) as [number, number, number, number];
  switch (score) {
    case 'r2':
      return 1 - squares / (sumOfSquares - (sum * sum) / rows);
    case 'rmse':
      return -deviation * Math.sqrt(squares / rows);
    case 'mae':
      return (-deviation * distances) / rows;
    default:
      return score satisfies never;
  }
}
