/**
 * What is measured of a run, and how numbers of each kind are written.
 */
import { atOnce } from '../../activities/comparison/pausing.ts';
import { comparePairs, summarise } from '../../activities/comparison/statistics.ts';
import type { Interval, Summary } from '../../activities/contracts/comparison.ts';
import { UserError } from '../processes/user-error.ts';
import { longNumber, shortBytes, shortDuration } from '../terminal/figures.ts';
import { runsOf } from './stored-table.ts';
import type { StoredRun, StoredTable } from './stored-table.ts';

type Kind = 'score' | 'count' | 'seconds' | 'bytes' | 'share';

interface Measure {
  readonly kind: Kind;
  /** Undefined where the run does not have it; `diverged` counts, but in no statistic. */
  readonly of: (run: StoredRun) => number | 'diverged' | undefined;
}

const CUT_OFF: readonly string[] = ['child-exploited', 'parent-exploited'];

function shareOfCounts(
  ends: StoredRun['costs']['evaluations'],
  counts: (reason: string) => boolean,
): number | undefined {
  const ended = Object.entries(ends).filter(([reason]) => reason !== 'unfinished');
  return ended.length === 0
    ? undefined
    : sum(ended.map(([reason, { count }]) => (counts(reason) ? count : 0))) / sum(ended.map(([, { count }]) => count));
}

/** By the name that placeholders use. */
const MEASURES = {
  testScore: { kind: 'score', of: (run) => run.testScore },
  objective: { kind: 'score', of: (run) => run.objective },
  untouchedScore: { kind: 'score', of: (run) => run.untouchedScore },
  /** Of the schedule that the run found, trained afresh by one member. */
  retraceScore: { kind: 'score', of: (run) => run.retrace?.testScore },
  promotions: { kind: 'count', of: (run) => sum(run.promotions) },
  trainedSteps: { kind: 'count', of: (run) => run.costs.memberSteps + run.costs.evaluatorSteps },
  evaluatorSteps: { kind: 'count', of: (run) => run.costs.evaluatorSteps },
  trainerSeconds: { kind: 'seconds', of: (run) => run.costs.trainerSeconds },
  bytesWritten: { kind: 'bytes', of: (run) => run.costs.bytesWritten },
  bytesRead: { kind: 'bytes', of: (run) => run.costs.bytesRead },
  /**
   * Share of the evaluators' steps in evaluations that ended without success; what the run's end cut off is not among
   * them. Undefined without evaluators.
   */
  wasted: { kind: 'share', of: ({ costs }) => costs.thrownAwayShare ?? undefined },
  /** Begun in the run. */
  evaluations: { kind: 'count', of: ({ costs }) => sum(Object.values(costs.evaluations).map(({ count }) => count)) },
  /**
   * Of the evaluations that ended before the run, the share that exploit of parent or child ended. Undefined where none
   * ended.
   */
  cutOff: {
    kind: 'share',
    of: ({ costs: { evaluations } }) => shareOfCounts(evaluations, (reason) => CUT_OFF.includes(reason)),
  },
  /**
   * Of the evaluations that exploit of the parent ended, the share that had no overlap with their child yet. Undefined
   * where there is none, or the run does not tell.
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

/** What an arm's runs come to in one measure. */
export interface Measured {
  readonly values: readonly number[];
  readonly diverged: number;
  /** Null where there is no number. */
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

/** Returns the differences of two arms at the seeds at which both have a number. */
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

/** Returns one statistic of an arm as it is written; a dash where there is none. */
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
 * Returns what one arm's difference from another comes to (arm − against, paired by seed), as it is written; a dash
 * where there is no pair.
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

/** Of the two-sided sign-flip test: both ways that all differences point in one direction, of 2ⁿ. */
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

/** Two significant digits and never 0; five seeds reach 0.0625, which is told as that. */
export function probabilityText(p: number): string {
  return p < 0.0001 ? '< 0.0001' : String(Number(p.toPrecision(3)));
}

/** A difference of scores, with its sign: of accuracies in points. */
export function scoreDifferenceText(scored: StoredTable['scored'], value: number): string {
  return differenceValueText('score', scored, value);
}

/** @throws UserError which lists the names */
export function measureName(text: string): MeasureName {
  return known('a measure', Object.keys(MEASURES) as MeasureName[], text);
}

/** @throws UserError which lists the names */
export function statisticName(text: string): Statistic {
  return known('a statistic', STATISTICS, text);
}

/** @throws UserError which lists the names */
export function differenceName(text: string): Difference {
  return known('a statistic of a difference', DIFFERENCES, text);
}

function valueText(kind: Kind, value: number | null | undefined): string {
  if (value === null || value === undefined) return NONE;
  switch (kind) {
    case 'score':
      return value.toFixed(4);
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
  if (kind === 'score') return `${sign}${scored === 'accuracy' ? (100 * size).toFixed(2) : size.toFixed(4)}`;
  return `${sign}${valueText(kind, size)}`;
}

function known<T extends string>(what: string, names: readonly T[], text: string): T {
  const found = names.find((name) => name === text);
  if (found === undefined) throw new UserError(`Expected ${what} (${names.join(', ')}), got \`${text}\``);
  return found;
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
