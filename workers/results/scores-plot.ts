/**
 * The plots of scores against steps and against costs.
 */
import { UserError } from '../processes/user-error.ts';
import { colourEncoding } from './plot.ts';
import type { Plot } from './plot.ts';
import { runsOf } from './stored-table.ts';
import type { StoredTable } from './stored-table.ts';

/** Maximal number of points of a curve: the plot cannot show more. */
const MAX_POINTS = 150;
/** The vertical axis ignores the scores of the first tenth of a run, which would flatten the rest. */
const IGNORED_SHARE = 0.1;

/** Plots the median over the seeds as a line, and the range as a band. */
export function scoresPlot(table: StoredTable): Plot {
  const values = table.arms.flatMap((arm) =>
    runsOf(table, arm).flatMap(({ seed, curve }) =>
      thinOut(curve).flatMap(({ step, score }) => (typeof score === 'number' ? [{ arm, seed, step, score }] : [])),
    ),
  );
  if (values.length === 0) throw new UserError(`${table.name} has no curve with a score`);
  const lastStep = Math.max(...values.map(({ step }) => step));
  const scores = values.filter(({ step }) => step >= IGNORED_SHARE * lastStep).map(({ score }) => score);
  const [low, high] = [Math.min(...scores), Math.max(...scores)];
  const x = {
    field: 'step',
    type: 'quantitative',
    title: 'steps',
    scale: { nice: false },
    axis: { tickCount: 6, grid: false },
  } as const;
  const scale = { zero: false, nice: false, domain: low < high ? [low, high] : [low - 1, high + 1] };
  const color = colourEncoding(table, table.arms);
  return {
    description:
      `Best score against steps in ${table.name}: median over the seeds, with their range; the axis ` +
      `begins at the lowest score after a tenth of the steps`,
    spec: {
      data: { values },
      width: 480,
      height: 260,
      layer: [
        {
          mark: { type: 'area', opacity: 0.15, clip: true },
          encoding: {
            x,
            y: { aggregate: 'min', field: 'score', type: 'quantitative', title: 'score', scale },
            y2: { aggregate: 'max', field: 'score' },
            color,
          },
        },
        {
          mark: { type: 'line', strokeWidth: 1.5, clip: true },
          encoding: {
            x,
            y: { aggregate: 'median', field: 'score', type: 'quantitative', title: 'score', scale },
            color,
          },
        },
      ],
    },
  };
}

/** Plots one point per run. */
export function costsPlot(table: StoredTable): Plot {
  const values = table.runs.flatMap(({ arm, seed, testScore, costs }) =>
    typeof testScore === 'number'
      ? [{ arm, seed, testScore, trainedSteps: costs.memberSteps + costs.evaluatorSteps }]
      : [],
  );
  if (values.length === 0) throw new UserError(`${table.name} has no test score that is a number`);
  const costs = values.map(({ trainedSteps }) => trainedSteps);
  const isWide = Math.min(...costs) > 0 && Math.max(...costs) > 10 * Math.min(...costs);
  return {
    description: `Test score against the steps that all workers trained, one point per run of ${table.name}`,
    spec: {
      data: { values },
      width: 480,
      height: 220,
      mark: { type: 'point', filled: true, size: 50, opacity: 0.85 },
      encoding: {
        x: {
          field: 'trainedSteps',
          type: 'quantitative',
          title: 'steps trained by all workers',
          scale: isWide ? { type: 'log', nice: false, padding: 10 } : { zero: true },
          axis: { tickCount: 5, grid: false, format: '~s' },
        },
        y: { field: 'testScore', type: 'quantitative', title: 'test score', scale: { zero: false, padding: 10 } },
        color: colourEncoding(table, table.arms),
      },
    },
  };
}

/** Returns every k-th point, always including the last one. Curves of equal length keep the same steps. */
function thinOut<T>(points: readonly T[]): readonly T[] {
  const every = Math.ceil(points.length / MAX_POINTS);
  return points.filter((_point, index) => (points.length - 1 - index) % every === 0);
}
