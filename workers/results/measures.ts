/**
 * The measures of a run, their statistics, and the format of their values.
 */
import { atOnce } from '../../activities/comparison/pausing.ts';
import { comparePairs, summarise } from '../../activities/comparison/statistics.ts';
import type { Interval, Summary } from '../../activities/contracts/comparison.ts';
import { UserError } from '../processes/user-error.ts';
import { longNumber, shortBytes, shortDuration, shortScore } from '../../workflows/population/figures.ts';
import { runsOf } from './stored-table.ts';
import type { StoredRun, StoredTable } from './stored-table.ts';

type Kind = 'score' | 'count' | 'seconds' | 'bytes' | 'share';

interface Measure {
  readonly kind: Kind;
  /** Undefined if the run has no value; statistics exclude `diverged`. */
  readonly of: (run: StoredRun) => number | 'diverged' | undefined;
}

const EXPLOITED: readonly string[] = ['child-exploited', 'parent-exploited'];

function shareOfCounts(
  ends: StoredRun['costs']['evaluations'],
  counts: (reason: string) => boolean,
): number | undefined {
  const ended = Object.entries(ends).filter(([reason]) => reason !== 'unfinished');
  return ended.length === 0
    ? undefined
    : sum(ended.map(([reason, { count }]) => (counts(reason) ? count : 0))) / sum(ended.map(([, { count }]) => count));
}

/** All measures by the name that placeholders use. */
const MEASURES = {
  testScore: { kind: 'score', of: (run) => run.testScore },
  objective: { kind: 'score', of: (run) => run.objective },
  untouchedScore: { kind: 'score', of: (run) => run.untouchedScore },
  /** Test score of the retrace: one member that trains the found schedule from step 0. */
  retraceScore: { kind: 'score', of: (run) => run.retrace?.testScore },
  promotions: { kind: 'count', of: (run) => sum(run.promotions) },
  trainedSteps: { kind: 'count', of: (run) => run.costs.memberSteps + run.costs.evaluatorSteps },
  evaluatorSteps: { kind: 'count', of: (run) => run.costs.evaluatorSteps },
  trainerSeconds: { kind: 'seconds', of: (run) => run.costs.trainerSeconds },
  bytesWritten: { kind: 'bytes', of: (run) => run.costs.bytesWritten },
  bytesRead: { kind: 'bytes', of: (run) => run.costs.bytesRead },
  /**
   * Share of the evaluators' steps in evaluations that ended without success, except for those that the end of the run
   * cut off. Undefined without evaluators.
   */
  wasted: { kind: 'share', of: ({ costs }) => costs.thrownAwayShare ?? undefined },
  /** Evaluations that began in the run. */
  evaluations: { kind: 'count', of: ({ costs }) => sum(Object.values(costs.evaluations).map(({ count }) => count)) },
  /**
   * Share of evaluations that ended because exploit replaced the parent or the child, among those that ended before the
   * run. Undefined if none ended.
   */
  cutOff: {
    kind: 'share',
    of: ({ costs: { evaluations } }) => shareOfCounts(evaluations, (reason) => EXPLOITED.includes(reason)),
  },
  /**
   * Share of evaluations without overlap, among those that ended because exploit replaced the parent. Undefined if
   * there are none, or if the run has no such count.
   */
  cutOffBefore: {
    kind: 'share',
    of: ({ costs: { evaluations } }) => {
      const end = evaluations['parent-exploited'];
      return end?.neverMet === undefined ? undefined : end.neverMet / end.count;
    },
  },
} as const satisfies Record<string, Measure>;

export type MeasureName = keyof typeof MEASURES;

const STATISTICS = ['count', 'mean', 'sd', 'median', 'iqm', 'low', 'high', 'min', 'max'] as const;
export type Statistic = (typeof STATISTICS)[number];

const DIFFERENCES = ['pairs', 'ahead', 'mean', 'low', 'high', 'effect', 'p', 'smallestP'] as const;
export type Difference = (typeof DIFFERENCES)[number];

export const NONE = '–';

/** The values of an arm in one measure. */
export interface Measured {
  readonly values: readonly number[];
  readonly diverged: number;
  /** Null if there is no numeric value. */
  readonly summary: Summary | null;
}

/** Returns an arm's values of a measure in the order of the seeds, and their summary. */
export function measure(table: StoredTable, arm: string, name: MeasureName): Measured {
  const all = runsOf(table, arm).map((run) => MEASURES[name].of(run));
  const values = all.filter((value) => typeof value === 'number');
  return {
    values,
    diverged: all.filter((value) => value === 'diverged').length,
    summary: values.length === 0 ? null : atOnce(summarise(values)),
  };
}

/** Returns the values of two arms, paired by seed, for the seeds at which both have a numeric value. */
export function differences(
  table: StoredTable,
  arm: string,
  against: string,
  name: MeasureName,
): { readonly own: readonly number[]; readonly other: readonly number[] } {
  const others = new Map(runsOf(table, against).map((run) => [run.seed, MEASURES[name].of(run)]));
  const pairs = runsOf(table, arm).flatMap((run) => {
    const [own, other] = [MEASURES[name].of(run), others.get(run.seed)];
    return typeof own === 'number' && typeof other === 'number' ? [{ own, other }] : [];
  });
  return { own: pairs.map(({ own }) => own), other: pairs.map(({ other }) => other) };
}

/** Returns a statistic of an arm as text; a dash if there is no value. */
export function statisticText(table: StoredTable, arm: string, name: MeasureName, statistic: Statistic): string {
  const { values, summary } = measure(table, arm, name);
  const { kind } = MEASURES[name];
  if (statistic === 'count') return String(values.length);
  if (summary === null) return NONE;
  switch (statistic) {
    case 'mean':
      return valueText(kind, summary.mean);
    case 'sd':
      return valueText(kind, summary.standardDeviation);
    case 'median':
      return valueText(kind, summary.median);
    case 'iqm':
      return valueText(kind, summary.interquartileMean);
    case 'low':
      return valueText(kind, summary.meanInterval?.low);
    case 'high':
      return valueText(kind, summary.meanInterval?.high);
    case 'min':
      return valueText(kind, Math.min(...values));
    case 'max':
      return valueText(kind, Math.max(...values));
    default:
      return statistic satisfies never;
  }
}

/**
 * Returns a statistic of the difference between two arms (arm − against, paired by seed) as text; a dash if there is no
 * pair.
 */
export function differenceText(
  table: StoredTable,
  arm: string,
  against: string,
  name: MeasureName,
  statistic: Difference,
): string {
  const { own, other } = differences(table, arm, against, name);
  if (statistic === 'pairs') return String(own.length);
  if (own.length === 0) return NONE;
  if (statistic === 'ahead') return String(own.filter((value, index) => value > (other[index] ?? value)).length);
  if (statistic === 'smallestP') return probabilityText(smallestP(own.length));
  const { meanDifference, interval, effectSize, p } = atOnce(comparePairs(own, other));
  const text = (value: number | undefined): string => differenceValueText(MEASURES[name].kind, table.scored, value);
  switch (statistic) {
    case 'mean':
      return text(meanDifference);
    case 'low':
      return text(interval?.low);
    case 'high':
      return text(interval?.high);
    case 'effect':
      return effectSize === null ? NONE : effectSize.toFixed(2).replace('-', '−');
    case 'p':
      return probabilityText(p);
    default:
      return statistic satisfies never;
  }
}

/** Returns the smallest attainable p of the two-sided sign-flip test: all n differences have the same sign, 2 / 2ⁿ. */
export function smallestP(pairs: number): number {
  return Math.min(1, 2 / 2 ** pairs);
}

/** Returns an interval as `low … high`. */
export function intervalText(interval: Interval | null | undefined, text: (value: number) => string): string {
  return interval ? `${text(interval.low)} … ${text(interval.high)}` : NONE;
}

export function scoreText(value: number | null | undefined): string {
  return valueText('score', value);
}

/** Formats a p value with three significant digits, and never as 0. */
export function probabilityText(p: number): string {
  return p < 0.0001 ? '< 0.0001' : String(Number(p.toPrecision(3)));
}

/** Formats a difference of scores with its sign; a difference of accuracies in points. */
export function scoreDifferenceText(scored: StoredTable['scored'], value: number): string {
  return differenceValueText('score', scored, value);
}

/** Checks the name of a measure. @throws UserError listing the names */
export function parseMeasure(text: string): MeasureName {
  return parseName('a measure', Object.keys(MEASURES) as MeasureName[], text);
}

/** Checks the name of a statistic. @throws UserError listing the names */
export function parseStatistic(text: string): Statistic {
  return parseName('a statistic', STATISTICS, text);
}

/** Checks the name of a statistic of differences. @throws UserError listing the names */
export function parseDifference(text: string): Difference {
  return parseName('a statistic of a difference', DIFFERENCES, text);
}

function valueText(kind: Kind, value: number | null | undefined): string {
  if (value === null || value === undefined) return NONE;
  switch (kind) {
    case 'score':
      return shortScore(value);
    case 'count':
      return Math.abs(value) < 100 ? String(Number(value.toFixed(1))) : longNumber(Math.round(value));
    case 'seconds':
      return shortDuration(value);
    case 'bytes':
      return shortBytes(Math.round(value));
    case 'share':
      return `${(100 * value).toFixed(0)} %`;
    default:
      return kind satisfies never;
  }
}

function differenceValueText(kind: Kind, scored: StoredTable['scored'], value: number | undefined): string {
  if (value === undefined) return NONE;
  const sign = value < 0 ? '−' : '+';
  const size = Math.abs(value);
  if (kind === 'score') return sign + (scored === 'accuracy' ? (100 * size).toFixed(2) : shortScore(size));
  return `${sign}${valueText(kind, size)}`;
}

function parseName<T extends string>(kind: string, names: readonly T[], text: string): T {
  const found = names.find((name) => name === text);
  if (found === undefined) throw new UserError(`Expected ${kind} (${names.join(', ')}), got \`${text}\``);
  return found;
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
