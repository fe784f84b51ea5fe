/**
 * Makes the tables of the results page in Markdown.
 */
import { markdownTable } from '../../workflows/population/markdown-table.ts';
import { atOnce } from '../../activities/comparison/pausing.ts';
import { comparePairs, summarise } from '../../activities/comparison/statistics.ts';
import { longNumber } from '../../workflows/population/figures.ts';
import {
  differences,
  differenceText,
  intervalText,
  measure,
  NONE,
  scoreDifferenceText,
  scoreText,
  statisticText,
} from './measures.ts';
import { runsOf } from './stored-table.ts';
import type { StoredTable } from './stored-table.ts';

/**
 * Returns the scores by arm. A retrace trains the found schedule again from step 0. The retrace gap is the winner's
 * test score minus the retrace's test score.
 */
export function scoreTable(table: StoredTable): string {
  const retraced = table.runs.some(({ retrace }) => retrace !== undefined);
  const header = [
    'arm',
    'seeds',
    'workers',
    'steps',
    'test score, mean ± sd',
    'median',
    'IQM',
    '95 % interval of the mean',
    'objective, mean',
    ...(retraced ? ['retrace, mean', `retrace gap${unit(table)}`] : []),
  ];
  return markdownTable(
    header,
    table.arms.map((arm) => scoreRow(table, arm, retraced)),
  );
}

function scoreRow(table: StoredTable, arm: string, retraced: boolean): string[] {
  const runs = runsOf(table, arm);
  const { summary, diverged } = measure(table, arm, 'testScore');
  const gaps = runs.flatMap(({ testScore, retrace }) =>
    typeof testScore === 'number' && typeof retrace?.testScore === 'number' ? [testScore - retrace.testScore] : [],
  );
  return [
    arm,
    `${runs.length}${diverged > 0 ? ` (${diverged} diverged)` : ''}`,
    distinct(runs.map(({ workers }) => workers)),
    distinct(runs.map(({ steps }) => steps)),
    summary === null ? NONE : `${scoreText(summary.mean)} ± ${scoreText(summary.standardDeviation)}`,
    scoreText(summary?.median),
    scoreText(summary?.interquartileMean),
    intervalText(summary?.meanInterval, scoreText),
    statisticText(table, arm, 'objective', 'mean'),
    ...(retraced
      ? [
          statisticText(table, arm, 'retraceScore', 'mean'),
          gaps.length === 0 ? NONE : scoreDifferenceText(table.scored, atOnce(summarise(gaps)).mean),
        ]
      : []),
  ];
}

/** Returns the differences of the first arm minus each other arm, paired by seed. */
export function pairTable(table: StoredTable): string {
  const [first = '', ...others] = table.arms;
  const header = [
    `${first} minus …`,
    'pairs',
    `${first} ahead in`,
    `mean difference${unit(table)}`,
    '95 % interval',
    'effect size',
    'p',
    'smallest attainable p',
  ];
  return markdownTable(
    header,
    others.map((against) => {
      const { own, other } = differences(table, first, against, 'testScore');
      const interval = own.length === 0 ? null : atOnce(comparePairs(own, other)).interval;
      const texts = (['pairs', 'ahead', 'mean', 'effect', 'p', 'smallestP'] as const).map((statistic) =>
        differenceText(table, first, against, 'testScore', statistic),
      );
      const [pairs = NONE, ahead = NONE, mean = NONE, effect = NONE, p = NONE, smallest = NONE] = texts;
      return [
        against,
        pairs,
        ahead,
        mean,
        intervalText(interval, (value) => scoreDifferenceText(table.scored, value)),
        effect,
        p,
        smallest,
      ];
    }),
  );
}

/** Returns the costs of a run by arm, as means over the seeds. */
export function costTable(table: StoredTable): string {
  const names = ['trainedSteps', 'evaluatorSteps', 'trainerSeconds', 'bytesWritten', 'bytesRead', 'wasted'] as const;
  const header = [
    'arm',
    'steps trained',
    'of these by evaluators',
    'trainer time',
    'written',
    'read',
    'evaluator steps thrown away',
  ];
  return markdownTable(
    header,
    table.arms.map((arm) => [arm, ...names.map((name) => statisticText(table, arm, name, 'mean'))]),
  );
}

/**
 * Returns the promotions that each sub-population received from the one above it, one number per run in the order of
 * the seeds.
 */
export function promotionTable(table: StoredTable): string {
  const levels = Math.max(...table.runs.map(({ promotions }) => promotions.length));
  const header = [
    'arm',
    'seeds',
    ...Array.from({ length: levels - 1 }, (_, index) => `P${index + 2} to P${index + 1}`),
  ];
  return markdownTable(
    header,
    table.arms.map((arm) => {
      const runs = runsOf(table, arm);
      const received = header
        .slice(2)
        .map((_, index) =>
          runs.map(({ promotions }) => (index < promotions.length - 1 ? longNumber(promotions[index] ?? 0) : NONE)),
        );
      return [
        arm,
        runs.map(({ seed }) => seed).join(', '),
        ...received.map((numbers) => (numbers.every((number) => number === NONE) ? NONE : numbers.join(' · '))),
      ];
    }),
  );
}

/** Returns the ended evaluations by reason, over all seeds. The reason with the most steps comes first. */
export function evaluationTable(table: StoredTable): string {
  const ends = table.arms
    .map((arm) => ({ arm, byReason: evaluationsOf(table, arm) }))
    .filter(({ byReason }) => byReason.size > 0);
  const reasons = reasonsOf(table);
  const header = ['arm', ...reasons.map((reason) => `${reason}: evaluations (without overlap), steps`)];
  return markdownTable(
    header,
    ends.map(({ arm, byReason }) => [
      arm,
      ...reasons.map((reason) => {
        const end = byReason.get(reason);
        return end === undefined
          ? NONE
          : `${longNumber(end.count)} (${end.neverMet === undefined ? NONE : longNumber(end.neverMet)}), ` +
              `${longNumber(end.steps)}`;
      }),
    ]),
  );
}

/** Returns the reasons for which evaluations ended: success first, then the others by their steps in all arms. */
export function reasonsOf(table: StoredTable): readonly string[] {
  const steps = new Map<string, number>();
  for (const arm of table.arms)
    for (const [reason, end] of evaluationsOf(table, arm)) steps.set(reason, (steps.get(reason) ?? 0) + end.steps);
  return [...steps]
    .sort(
      ([a, aSteps], [b, bSteps]) =>
        Number(b === 'success') - Number(a === 'success') || bSteps - aSteps || (a < b ? -1 : 1),
    )
    .map(([reason]) => reason);
}

interface EvaluationEnds {
  readonly count: number;
  readonly steps: number;
  /** Evaluations without overlap; undefined if one of the runs has no such count. */
  readonly neverMet: number | undefined;
}

/** Returns the ended evaluations of an arm by reason, over all seeds. */
export function evaluationsOf(table: StoredTable, arm: string): ReadonlyMap<string, EvaluationEnds> {
  const ends = new Map<string, EvaluationEnds>();
  for (const [reason, { count, steps, neverMet }] of runsOf(table, arm).flatMap(({ costs }) =>
    Object.entries(costs.evaluations),
  )) {
    const before = ends.get(reason) ?? { count: 0, steps: 0, neverMet: 0 };
    const isCounted = before.neverMet !== undefined && neverMet !== undefined;
    ends.set(reason, {
      count: before.count + count,
      steps: before.steps + steps,
      neverMet: isCounted ? before.neverMet + neverMet : undefined,
    });
  }
  return ends;
}

function unit({ scored }: StoredTable): string {
  return scored === 'accuracy' ? ', points' : '';
}

function distinct(values: readonly number[]): string {
  return [...new Set(values)].map(longNumber).join(' / ');
}
