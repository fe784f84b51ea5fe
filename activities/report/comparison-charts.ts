/**
 * The charts of a comparison. An arm has the same colour in all of them.
 */
import type { ArmSummary, ComparisonRun, ComparisonSummary, Interval } from '../contracts/comparison.ts';
import { INK, levelColour, MUTED, stepAxis, thinOut, WIDTHS } from './chart.ts';
import type { Chart, Position, Width } from './chart.ts';
import { inWords, valueAxis } from './schedule-chart.ts';

/** Points of a curve. */
const MAX_POINTS = 150;
const LANE_HEIGHT = 34;
/** The vertical axis leaves out the scores of the first tenth of a run, which would flatten the rest. */
const LEFT_OUT_SHARE = 0.1;
const LABEL_WIDTH = { wide: 190, narrow: 150 } as const;

/** A comparison as it stands in its table. */
export interface Compared {
  readonly runs: readonly ComparisonRun[];
  readonly summary: ComparisonSummary;
}

/** Returns the colour of an arm. */
export function armColour({ summary }: Compared, arm: string): string {
  return levelColour(summary.arms.findIndex((one) => one.arm === arm) + 1);
}

/** Returns the arms over each other: best score against steps, the median over the seeds, and their range as a band. */
export function curvesChart(compared: Compared, width: Width): Chart {
  const values = compared.runs.flatMap(({ arm, steps, curve: { bestScores } }) =>
    thinOut(
      bestScores.map((score, index) => ({
        arm,
        score,
        step: Math.round((steps * (index + 1)) / bestScores.length),
        colour: armColour(compared, arm),
      })),
      MAX_POINTS,
    ).filter((row) => row.score !== null),
  );
  const last = Math.max(...values.map(({ step }) => step));
  const late = values.flatMap(({ step, score }) => (step >= LEFT_OUT_SHARE * last && score !== null ? [score] : []));
  const [low, high] = [Math.min(...late), Math.max(...late)];
  const scale = { zero: false, ...(low < high ? { domain: [low, high] } : {}) };
  const x: Position = { ...stepAxis(width), title: 'training steps of a member' };
  const y: Position = { field: 'score', type: 'quantitative', title: 'best score', scale, axis: { tickCount: 5 } };
  const detail = { field: 'arm', type: 'nominal' } as const;
  return {
    description: 'Best score against steps: the median over the seeds of every arm, with the range of the seeds',
    spec: {
      data: { values },
      width: WIDTHS[width] - 70,
      height: width === 'wide' ? 280 : 220,
      layer: [
        {
          name: 'range',
          mark: { type: 'area', opacity: 0.15, clip: true },
          encoding: {
            ...{ x, y: { ...y, aggregate: 'min' }, y2: { aggregate: 'max', field: 'score' }, detail },
            fill: { field: 'colour', type: 'nominal', scale: null },
          },
        },
        {
          name: 'median',
          mark: { type: 'line', strokeWidth: 2, clip: true },
          encoding: {
            ...{ x, y: { ...y, aggregate: 'median' }, detail },
            stroke: { field: 'colour', type: 'nominal', scale: null },
          },
        },
      ],
    },
  };
}

/** One value of an arm and a seed, in a chart with a lane per arm. */
export interface LaneValue {
  readonly arm: string;
  readonly value: number;
  readonly text: string;
}

/** The mean of a lane, with its interval. */
export interface LaneMean {
  readonly arm: string;
  readonly mean: number;
  readonly interval: Interval | null;
}

/** Returns a chart with a lane per arm: a dot per seed, the mean as a stroke, its interval as a bar. */
export function lanesChart(
  compared: Compared,
  arms: readonly string[],
  { values, means, title, description, zero }: Lanes,
  width: Width,
): Chart {
  const coloured = <T extends { readonly arm: string }>(rows: readonly T[]): (T & { colour: string })[] =>
    rows.map((row) => ({ ...row, colour: armColour(compared, row.arm) }));
  const y: Position = {
    field: 'arm',
    type: 'nominal',
    title: null,
    scale: { domain: [...arms] },
    axis: { ticks: false, domain: false, grid: true, labelLimit: LABEL_WIDTH[width] - 20 },
  };
  const x: Position = {
    field: 'value',
    type: 'quantitative',
    title,
    scale: { zero: false, padding: 12 },
    axis: { tickCount: width === 'wide' ? 8 : 4, grid: false },
  };
  const colour = { field: 'colour', type: 'nominal', scale: null } as const;
  const intervals = means.flatMap(({ arm, interval }) => (interval ? [{ arm, ...interval }] : []));
  return {
    description,
    spec: {
      width: WIDTHS[width] - LABEL_WIDTH[width],
      height: arms.length * LANE_HEIGHT,
      layer: [
        ...(zero
          ? [{ data: { values: [{ value: 0 }] }, mark: { type: 'rule', stroke: MUTED } as const, encoding: { x } }]
          : []),
        {
          name: 'intervals',
          data: { values: coloured(intervals) },
          mark: { type: 'bar', height: 10, opacity: 0.3 },
          encoding: { x: { ...x, field: 'low' }, x2: { field: 'high' }, y, fill: colour },
        },
        {
          name: 'seeds',
          data: { values: coloured(values) },
          mark: { type: 'point', filled: true, size: 55, opacity: 0.85, aria: true },
          encoding: { x, y, fill: colour, description: { field: 'text' } },
        },
        {
          name: 'means',
          data: { values: coloured(means) },
          mark: { type: 'tick', thickness: 3, size: 22, color: INK, opacity: 1 },
          encoding: { x: { ...x, field: 'mean' }, y },
        },
      ],
    },
  };
}

interface Lanes {
  readonly values: readonly LaneValue[];
  readonly means: readonly LaneMean[];
  readonly title: string;
  readonly description: string;
  /** Whether a line marks 0. */
  readonly zero: boolean;
}

/**
 * Returns the run with the best schedule that people made, rather than a search: of an arm whose members follow a
 * `schedule`; undefined if there is none.
 */
export function bestByHand({ runs }: Compared): ComparisonRun | undefined {
  const value = ({ testScore }: ComparisonRun): number => (typeof testScore === 'number' ? testScore : -Infinity);
  return runs.filter(({ algorithm }) => algorithm === 'random-search').sort((a, b) => value(b) - value(a))[0];
}

/** Returns the schedules of all winners of an arm against steps, over the best one of another arm that is by hand. */
export function armSchedulesChart(compared: Compared, { arm }: ArmSummary, name: string): Chart {
  const byHand = bestByHand(compared);
  const x = { ...stepAxis('narrow'), title: null };
  const y = { ...valueAxis(allValues(compared, name)), title: null };
  const line = { type: 'line', interpolate: 'step-after' } as const;
  return {
    description: `${inWords(name)} against steps: the schedule of each winner of ${arm}`,
    spec: {
      width: 270,
      height: 130,
      layer: [
        ...(byHand && byHand.arm !== arm
          ? [
              {
                name: 'byHand',
                data: { values: cornersOf(byHand, name) },
                mark: { ...line, strokeWidth: 1.5, strokeDash: [4, 3], stroke: MUTED },
                encoding: { x, y },
              },
            ]
          : []),
        {
          name: 'winners',
          data: { values: compared.runs.filter((run) => run.arm === arm).flatMap((run) => cornersOf(run, name)) },
          mark: { ...line, strokeWidth: 1.5, stroke: armColour(compared, arm), opacity: 0.8 },
          encoding: { x, y, detail: { field: 'seed', type: 'nominal' } },
        },
      ],
    },
  };
}

/** Returns where a value of a winner's schedule begins, and where the last one ends. */
function cornersOf({ seed, schedule }: ComparisonRun, name: string) {
  const corners = schedule.flatMap(({ fromStep, toStep, hyperparameters }) => {
    const value = hyperparameters[name];
    return typeof value === 'number' ? [{ step: fromStep, toStep, value, seed }] : [];
  });
  const last = corners.at(-1);
  return last ? [...corners, { ...last, step: last.toStep }] : corners;
}

/** Returns the values of a hyperparameter in all schedules. */
function allValues({ runs }: Compared, name: string): readonly number[] {
  return runs.flatMap(({ schedule }) =>
    schedule.flatMap(({ hyperparameters }) => {
      const value = hyperparameters[name];
      return typeof value === 'number' ? [value] : [];
    }),
  );
}

/** Returns the names of the numeric hyperparameters that change in or between schedules. */
export function changingNumbers(compared: Compared): readonly string[] {
  const names = new Set(
    compared.runs.flatMap(({ schedule }) => schedule.flatMap(({ hyperparameters }) => Object.keys(hyperparameters))),
  );
  return [...names].filter((name) => new Set(allValues(compared, name)).size > 1).sort();
}
