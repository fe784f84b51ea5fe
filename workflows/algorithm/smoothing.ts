/**
 * Smoothing: estimates a curve without its measurement noise.
 *
 * Gaussian-process regression of the scores on position (i/n for point i of n), on scores standardised by their mean
 * and population standard deviation, evaluated at the same positions. Two models, each in linear time:
 * `smoothing-fixed.ts`, `smoothing-estimated.ts`.
 */
import { smoothEstimated } from './smoothing-estimated.ts';
import { smoothFixed } from './smoothing-fixed.ts';

/**
 * - 'fixed': squared-exponential kernel, length-scale 1, unit variance, jitter 1e-10.
 * - 'estimated': Matérn-5/2 kernel plus noise, both chosen by marginal likelihood.
 * - 'none': the raw scores (an ablation).
 */
export type SmoothingModel = 'fixed' | 'estimated' | 'none';

/** Above this size, squares of scores might overflow: they are scaled down first. */
const LARGE = 1e100;

/**
 * Returns one smoothed score for each finite score, and does not change `scores`. Constant curves, single points and
 * empty curves are their own smooths.
 */
export function smooth(scores: readonly number[], model: SmoothingModel): number[] {
  const constant = scores.every((score) => score === scores[0]);
  if (model === 'none' || constant) return [...scores];

  const largest = scores.reduce((most, score) => Math.max(most, Math.abs(score)), 0);
  const unit = largest > LARGE ? largest : 1;
  const scaled = scores.map((score) => score / unit);
  const mean = scaled.reduce((sum, score) => sum + score, 0) / scaled.length;
  const residuals = scaled.map((score) => score - mean);
  const deviation = Math.sqrt(residuals.reduce((sum, residual) => sum + residual * residual, 0) / residuals.length);
  // Different scores, but so close that their squares vanish.
  if (deviation === 0) return [...scores];

  const standardised = residuals.map((residual) => residual / deviation);
  const smoothed = model === 'fixed' ? smoothFixed(standardised) : smoothEstimated(standardised);
  return smoothed.map((value) => (mean + value * deviation) * unit);
}
