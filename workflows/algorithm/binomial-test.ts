/**
 * Binomial test: whether one curve was above another more often than luck explains.
 */
import type { Curve } from './curve.ts';
import { powerOfTwo } from './exponential.ts';
import { findOverlap } from './overlap.ts';

/** The answer if all of a is below all of b: above every probability, so that the test never passes. */
export const NEVER_PASSES = 2;

/**
 * Returns binomialTest(a, b): the probability of at least as many pairs with a > b as there are, were each a fair coin.
 * One-sided.
 *
 * The pairs are those of the overlap, which is found on smoothed values; raw scores are compared, and a tie is no win.
 * Without an overlap: 0 if every raw score of a is above every one of b, 2 if every one is below, otherwise the
 * whole curves are paired from their starts. Where a curve has no points there are no pairs, and the answer is 1.
 */
export function binomialTest(a: Curve, b: Curve): number {
  const overlap = findOverlap(a.smoothed, b.smoothed);
  if (overlap === undefined && a.raw.length > 0 && b.raw.length > 0) {
    if (isAbove(a.raw, b.raw)) return 0;
    if (isAbove(b.raw, a.raw)) return NEVER_PASSES;
  }
  const { startA, startB, length } = overlap ?? { startA: 0, startB: 0, length: Math.min(a.raw.length, b.raw.length) };
  let wins = 0;
  for (let pair = 0; pair < length; pair++) {
    if ((a.raw[startA + pair] ?? 0) > (b.raw[startB + pair] ?? 0)) wins++;
  }
  return upperTail(wins, length);
}

/** Whether every score of a is above every score of b. */
function isAbove(a: readonly number[], b: readonly number[]): boolean {
  const best = b.reduce((highest, score) => Math.max(highest, score), -Infinity);
  return a.every((score) => score > best);
}

/** P(X ≥ wins) for X binomial (pairs, ½): exact in integers, then rounded once to the nearest double. */
function upperTail(wins: number, pairs: number): number {
  // Coefficients "pairs choose k" from k = pairs down to wins, each from the one before.
  let coefficient = 1n;
  let sum = 0n;
  for (let k = pairs; k >= wins; k--) {
    sum += coefficient;
    coefficient = (coefficient * BigInt(k)) / BigInt(pairs - k + 1);
  }
  return dividedByPowerOfTwo(sum, pairs);
}

/** numerator / 2^exponent for 0 < numerator ≤ 2^exponent. */
function dividedByPowerOfTwo(numerator: bigint, exponent: number): number {
  // 64 leading bits, the last of which also stands for all that are dropped: enough for Number() to round as if it saw
  // every one of them.
  const surplus = Math.max(0, numerator.toString(16).length * 4 - 64);
  const leading = numerator >> BigInt(surplus);
  const sticky = leading << BigInt(surplus) === numerator ? 0n : 1n;
  const power = exponent - surplus;
  const half = Math.floor(power / 2);
  return Number(leading | sticky) * powerOfTwo(-half) * powerOfTwo(half - power);
}
