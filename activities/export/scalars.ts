/**
 * The numbers of a worker by step, for programs that draw curves.
 */
import type { Score } from '../../workflows/algorithm/curve.ts';
import type { Worker } from './tables.ts';

/** A number at a step, under the name of its chart. */
export interface Scalar {
  readonly tag: string;
  readonly step: number;
  /** May be NaN. */
  readonly value: number;
}

/**
 * Returns the scores, and each hyperparameter that is a number where it changes, in order of their steps. A change
 * takes effect after the score that was measured at its step. The scalars of a longer story begin with those of a
 * shorter one.
 */
export function scalarsOf({ curve, hyperparameters }: Worker): readonly Scalar[] {
  const scores = curve.map(([step, score]) => ({ tag: 'score', step, value: scalarOf(score) }));
  const changes = hyperparameters.flatMap(({ fromStep, hyperparameters: values }) =>
    Object.entries(values).flatMap(([name, value]) =>
      typeof value === 'number' ? [{ tag: `hyperparameters/${name}`, step: fromStep, value }] : [],
    ),
  );
  return [...scores, ...changes].sort((a, b) => a.step - b.step);
}

/** Returns a score as a number: NaN if it diverged. */
export function scalarOf(score: Score): number {
  return typeof score === 'number' ? score : Number.NaN;
}
