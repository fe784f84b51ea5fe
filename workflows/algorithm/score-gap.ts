/**
 * Score gap: how much higher one curve gets than another from similar performance.
 */
import type { Curve } from './curve.ts';
import { findOverlap } from './overlap.ts';

/** How many shifts are tried if a lies entirely above b. */
const SHIFTS = 10;

/**
 * Returns bestScoreDifference(a, b): a's best raw score over the overlap, minus b's. Not symmetric.
 *
 * Without an overlap it is 0, unless every raw score of a is above every one of b: then a is shifted down by each of
 * ten equally spaced amounts from (min a − max b) up to, not including, (min a − min b), and the answer is the largest
 * gap of a shifted a, at least 0. If these ends coincide (b's raw scores are all the same), or if a curve has no
 * points: 0. `shifts` false leaves that rule out (an ablation).
 */
export function bestScoreDifference(a: Curve, b: Curve, shifts: boolean): number {
  const gap = gapOverOverlap(a, b, 0);
  if (gap !== undefined) return gap;
  if (!shifts || a.raw.length === 0 || b.raw.length === 0) return 0;

  const first = least(a.raw) - greatest(b.raw);
  if (!(first > 0)) return 0;
  const end = least(a.raw) - least(b.raw);
  let best = 0;
  for (let shift = 0; shift < SHIFTS && first < end; shift++) {
    best = Math.max(best, gapOverOverlap(a, b, first + ((end - first) * shift) / SHIFTS) ?? 0);
  }
  return best;
}

/**
 * The gap of a, shifted down, against b; undefined if they do not overlap. Smoothing a shifted curve only shifts it.
 */
function gapOverOverlap(a: Curve, b: Curve, shift: number): number | undefined {
  const overlap = findOverlap(shift === 0 ? a.smoothed : a.smoothed.map((score) => score - shift), b.smoothed);
  if (overlap === undefined) return undefined;
  const { startA, startB, length } = overlap;
  return greatest(a.raw.slice(startA, startA + length)) - shift - greatest(b.raw.slice(startB, startB + length));
}

function greatest(scores: readonly number[]): number {
  return scores.reduce((best, score) => Math.max(best, score), -Infinity);
}

function least(scores: readonly number[]): number {
  return scores.reduce((worst, score) => Math.min(worst, score), Infinity);
}
