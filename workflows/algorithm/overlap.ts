/**
 * Overlap: where two curves passed through the same scores, so that what each did from there on can be compared.
 */

/** Pairs a[startA + j] with b[startB + j] for j = 0 … length − 1; one of the starts is 0, length ≥ 1. */
export interface Overlap {
  readonly startA: number;
  readonly startB: number;
  readonly length: number;
}

/**
 * Returns the overlap of two curves, found on their smoothed values; undefined if there is none, or if one of
 * them has no points.
 *
 * The curve that starts below is entered at its first point that reaches the other's start (equal counts as reached).
 */
export function findOverlap(smoothedA: readonly number[], smoothedB: readonly number[]): Overlap | undefined {
  const [startOfA] = smoothedA;
  const [startOfB] = smoothedB;
  if (startOfA === undefined || startOfB === undefined) return undefined;

  if (startOfA < startOfB) {
    const startA = smoothedA.findIndex((score) => score >= startOfB);
    return startA < 0
      ? undefined
      : { startA, startB: 0, length: Math.min(smoothedA.length - startA, smoothedB.length) };
  }
  const startB = smoothedB.findIndex((score) => score >= startOfA);
  return startB < 0 ? undefined : { startA: 0, startB, length: Math.min(smoothedA.length, smoothedB.length - startB) };
}
