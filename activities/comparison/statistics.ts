/**
 * Statistics of a comparison. They assume no distribution, because there are few seeds.
 *
 * Location: mean, median, interquartile mean. Uncertainty: percentile bootstrap (Efron & Tibshirani, An Introduction to
 * the Bootstrap, ch. 13). Difference between arms that share seeds: exact sign-flip permutation test on the paired
 * differences, two-sided.
 */
import { randomStream, type RandomStream } from '../../workflows/algorithm/index.ts';
import type { Interval, PairedComparison, Summary } from '../contracts/comparison.ts';
import type { Pausing } from './pausing.ts';

const RESAMPLES = 10_000;
const LEVEL = 0.95;
/** Maximal number of pairs for which all sign patterns are counted (2²⁰). For more pairs, patterns are drawn. */
const EXACT_PAIRS = 20;
const DRAWN_PATTERNS = 100_000;
/** Draws between two pauses; they take a few milliseconds. */
const DRAWS_PER_STRETCH = 100_000;
/** Relative tolerance for ties: sums of the same numbers in another order differ in their last bits. */
const TIE = 1e-12;

/**
 * Summarises the values of one arm.
 *
 * @throws Error if there are no values
 */
export function* summarise(values: readonly number[]): Pausing<Summary> {
  if (values.length === 0) throw new Error('Expected `values` to be at least one number, got none');
  const sorted = [...values].sort((a, b) => a - b);
  return {
    count: values.length,
    mean: mean(values),
    median: (at(sorted, Math.floor((sorted.length - 1) / 2)) + at(sorted, Math.ceil((sorted.length - 1) / 2))) / 2,
    interquartileMean: interquartileMean(sorted),
    standardDeviation: standardDeviation(values),
    meanInterval: yield* bootstrapMean(values),
  };
}

/**
 * Compares arm a with arm b by their differences a − b at equal seeds.
 *
 * @throws Error if the lengths differ or are 0
 */
export function* comparePairs(a: readonly number[], b: readonly number[]): Pausing<PairedComparison> {
  if (a.length !== b.length || a.length === 0)
    throw new Error(`Expected as many values in both arms, at least one, got \`${a.length} and ${b.length}\``);
  const differences = a.map((value, index) => value - at(b, index));
  const spread = standardDeviation(differences);
  return {
    pairs: differences.length,
    meanDifference: mean(differences),
    effectSize: spread === null || spread === 0 ? null : mean(differences) / spread,
    interval: yield* bootstrapMean(differences),
    p: yield* signFlipTest(differences),
  };
}

/** Returns the probability of a sum at least as far from 0 if the sign of each difference is random. */
function* signFlipTest(differences: readonly number[]): Pausing<number> {
  const scale = Math.max(...differences.map(Math.abs));
  if (scale === 0) return 1;
  const threshold = Math.abs(sum(differences)) - TIE * scale * differences.length;
  if (differences.length <= EXACT_PAIRS) return extremePatterns(differences, threshold) / 2 ** differences.length;
  const stream = randomStream(0, 'sign-flips');
  const stretch = samplesPerStretch(differences);
  let extreme = 1;
  for (let pattern = 0; pattern < DRAWN_PATTERNS; pattern++) {
    if (pattern % stretch === 0) yield;
    const flipped = differences.reduce((total, one) => total + (stream.integer(2) === 0 ? one : -one), 0);
    if (Math.abs(flipped) >= threshold) extreme++;
  }
  return extreme / (DRAWN_PATTERNS + 1);
}

/**
 * Counts the sign patterns of the differences from `index` on whose total reaches the threshold. Patterns with the same
 * beginning share its sum.
 */
function extremePatterns(differences: readonly number[], threshold: number, total = 0, index = 0): number {
  if (index === differences.length) return Math.abs(total) >= threshold ? 1 : 0;
  const difference = at(differences, index);
  return (
    extremePatterns(differences, threshold, total + difference, index + 1) +
    extremePatterns(differences, threshold, total - difference, index + 1)
  );
}

/** Returns the percentile bootstrap of the mean. It has its own stream, so equal values give equal intervals. */
function* bootstrapMean(values: readonly number[]): Pausing<Interval | null> {
  if (values.length < 2) return null;
  const stream = randomStream(0, 'bootstrap');
  const stretch = samplesPerStretch(values);
  const means: number[] = [];
  while (means.length < RESAMPLES) {
    if (means.length % stretch === 0) yield;
    means.push(resampledMean(values, stream));
  }
  means.sort((a, b) => a - b);
  const tail = (1 - LEVEL) / 2;
  return { low: quantile(means, tail), high: quantile(means, 1 - tail) };
}

/** Returns how many samples of the values are drawn between two pauses. */
function samplesPerStretch({ length }: readonly number[]): number {
  return Math.max(1, Math.floor(DRAWS_PER_STRETCH / length));
}

function resampledMean(values: readonly number[], stream: RandomStream): number {
  let total = 0;
  for (let drawn = 0; drawn < values.length; drawn++) total += at(values, stream.integer(values.length));
  return total / values.length;
}

/** Returns a quantile, linear between the neighbours as NumPy's default. */
function quantile(sorted: readonly number[], q: number): number {
  const position = (sorted.length - 1) * q;
  const below = Math.floor(position);
  const fraction = position - below;
  return at(sorted, below) * (1 - fraction) + at(sorted, Math.min(below + 1, sorted.length - 1)) * fraction;
}

/** Returns the mean of the middle half. A value at its edge is weighted by the part that is inside. */
function interquartileMean(sorted: readonly number[]): number {
  const quarter = sorted.length / 4;
  const weighted = sorted.map((value, index) => ({
    value,
    weight: Math.max(0, Math.min(index + 1, sorted.length - quarter) - Math.max(index, quarter)),
  }));
  return sum(weighted.map(({ value, weight }) => value * weight)) / sum(weighted.map(({ weight }) => weight));
}

function standardDeviation(values: readonly number[]): number | null {
  if (values.length < 2) return null;
  const centre = mean(values);
  return Math.sqrt(sum(values.map((value) => (value - centre) * (value - centre))) / (values.length - 1));
}

function mean(values: readonly number[]): number {
  return sum(values) / values.length;
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

function at(values: readonly number[], index: number): number {
  const value = values[index];
  if (value === undefined) throw new Error(`Expected an index below ${values.length}, got \`${index}\``);
  return value;
}
