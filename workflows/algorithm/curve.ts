/**
 * Scores and curves: the measurements of training.
 */

/**
 * One measurement, higher is better: a finite number, or 'diverged' if the task gave NaN or an infinity (neither
 * survives JSON).
 */
export type Score = number | 'diverged';

/**
 * A worker's scores since its curve last started, oldest first, beside their smoothed values (`smooth`, same length).
 * Finite numbers only: a worker with a diverged score has no curve.
 */
export interface Curve {
  readonly raw: readonly number[];
  readonly smoothed: readonly number[];
}
