/**
 * Plots of a stored table as SVG: without a background, in colours that can be read on white and on black; equal tables
 * give equal bytes.
 */
import { parse, resetSVGDefIds, View } from 'vega';
import { compile } from 'vega-lite';
import type { TopLevelSpec } from 'vega-lite';
import { UserError } from '../processes/user-error.ts';
import { measure } from './measures.ts';
import { isHandMade, runsOf } from './stored-table.ts';
import type { StoredTable } from './stored-table.ts';
import { evaluationsOf, reasonsOf } from './tables.ts';

/** By the name that placeholders use; what the plot shows, and how. */
const PLOTS = { schedules: schedulesPlot, scores: scoresPlot, costs: costsPlot, evaluations: evaluationsPlot } as const;
export type PlotKind = keyof typeof PLOTS;

interface Plot {
  /** For those who do not see it. */
  readonly description: string;
  readonly spec: TopLevelSpec;
}

const COLOURS = [
  '#1f83c9',
  '#d9730d',
  '#2a9d6f',
  '#c2549b',
  '#8a6fd1',
  '#b08a1e',
  '#d1495b',
  '#3aa6b9',
  '#6b8e23',
  '#a0628a',
  '#5b7bb4',
  '#b5651d',
];
const HAND_MADE_COLOUR = '#8c8c8c';
const INK = '#808080';
/** Of a curve, at most: a pixel shows no more. */
const MAX_POINTS = 150;
/** Scores of the first tenth of a run would flatten the rest. */
const LEFT_OUT = 0.1;
/** Digits after the point in coordinates. */
const DIGITS = 2;

/** @throws UserError which lists the names */
export function plotKind(text: string): PlotKind {
  const kinds = Object.keys(PLOTS) as PlotKind[];
  const found = kinds.find((kind) => kind === text);
  if (found === undefined) throw new UserError(`Expected a plot (${kinds.join(', ')}), got \`${text}\``);
  return found;
}

/**
 * Returns what the plot shows in words.
 *
 * @throws UserError where the table has nothing for it
 */
export function describePlot(kind: PlotKind, table: StoredTable): string {
  return PLOTS[kind](table).description;
}

/**
 * Draws a plot.
 *
 * @throws UserError where the table has nothing for it
 */
export async function drawPlot(kind: PlotKind, table: StoredTable): Promise<string> {
  const { spec } = PLOTS[kind](table);
  const { spec: compiled } = compile({ ...spec, background: 'transparent', config: CONFIG });
  // Ids of clip paths are counted over all plots of the process.
  resetSVGDefIds();
  const view = new View(parse(compiled), { renderer: 'none' });
  try {
    return `${withShortNumbers(await view.toSVG())}\n`;
  } finally {
    view.finalize();
  }
}

const CONFIG = {
  aria: false,
  font: 'sans-serif',
  view: { stroke: null },
  axis: {
    labelColor: INK,
    titleColor: INK,
    domainColor: INK,
    tickColor: INK,
    gridColor: INK,
    gridOpacity: 0.2,
    titleFontWeight: 'normal',
  },
  legend: { labelColor: INK, titleColor: INK, titleFontWeight: 'normal', symbolOpacity: 1 },
  header: { labelColor: INK, labelFontSize: 11 },
} as const;

/**
 * The first hyperparameter that differs anywhere, learning rate first: a line a seed, a panel an arm, the hand-made
 * schedules in each.
 */
function schedulesPlot(table: StoredTable): Plot {
  const name = searchedHyperparameter(table);
  const handMade = table.arms.filter((arm) => isHandMade(table, arm));
  const searching = table.arms.filter((arm) => !handMade.includes(arm));
  const panels = searching.length > 0 ? searching : handMade;
  const values = panels.flatMap((panel) =>
    [...handMade, panel].flatMap((arm, layer) =>
      runsOf(table, arm).flatMap(({ seed, schedule }) =>
        steps(schedule, name).map((point) => ({ panel, arm, line: `${layer} ${arm} ${seed}`, ...point })),
      ),
    ),
  );
  const numbers = values.map(({ value }) => value);
  const positive = Math.min(...numbers) > 0;
  return {
    description: `${spoken(name)} against steps: the schedule of each run's winner in ${table.name}, one panel an arm${handMade.length > 0 && searching.length > 0 ? `, over those of ${handMade.join(' and ')} in grey` : ''}`,
    spec: {
      data: { values },
      facet: { field: 'panel', type: 'nominal', title: null, sort: [...panels] },
      columns: Math.min(panels.length, 3),
      spec: {
        width: panels.length === 1 ? 480 : 240,
        height: 180,
        mark: { type: 'line', interpolate: 'step-after', strokeWidth: 1.5, opacity: 0.85 },
        encoding: {
          x: {
            field: 'step',
            type: 'quantitative',
            title: 'steps',
            scale: { nice: false },
            axis: { tickCount: 4, grid: false },
          },
          y: {
            field: 'value',
            type: 'quantitative',
            title: spoken(name),
            scale: positive ? { type: 'log', domain: decadesAround(numbers), nice: false } : { zero: false },
            axis: positive ? { values: decades(numbers), format: '~g' } : {},
          },
          color: colourOf(
            table,
            table.arms.filter((arm) => handMade.includes(arm) || panels.includes(arm)),
          ),
          detail: { field: 'line', type: 'nominal' },
        },
      },
    },
  };
}

/** The median over the seeds, and the range as a band. */
function scoresPlot(table: StoredTable): Plot {
  const values = table.arms.flatMap((arm) =>
    runsOf(table, arm).flatMap(({ seed, curve }) =>
      thinned(curve).flatMap(({ step, score }) => (typeof score === 'number' ? [{ arm, seed, step, score }] : [])),
    ),
  );
  if (values.length === 0) throw new UserError(`${table.name} has no curve with a score`);
  const lastStep = Math.max(...values.map(({ step }) => step));
  const shown = values.filter(({ step }) => step >= LEFT_OUT * lastStep);
  const [low, high] = [Math.min(...shown.map(({ score }) => score)), Math.max(...shown.map(({ score }) => score))];
  const x = {
    field: 'step',
    type: 'quantitative',
    title: 'steps',
    scale: { nice: false },
    axis: { tickCount: 6, grid: false },
  } as const;
  const scale = { zero: false, nice: false, domain: low < high ? [low, high] : [low - 1, high + 1] };
  const color = colourOf(table, table.arms);
  return {
    description: `Best score against steps in ${table.name}: median over the seeds, with their range; the axis begins at the lowest score after a tenth of the steps`,
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

/** A point a run. */
function costsPlot(table: StoredTable): Plot {
  const values = table.runs.flatMap(({ arm, seed, testScore, costs }) =>
    typeof testScore === 'number'
      ? [{ arm, seed, testScore, trainedSteps: costs.memberSteps + costs.evaluatorSteps }]
      : [],
  );
  if (values.length === 0) throw new UserError(`${table.name} has no test score that is a number`);
  const costs = values.map(({ trainedSteps }) => trainedSteps);
  const far = Math.min(...costs) > 0 && Math.max(...costs) > 10 * Math.min(...costs);
  return {
    description: `Test score against the steps that all workers trained, one point a run of ${table.name}`,
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
          scale: far ? { type: 'log', nice: false, padding: 10 } : { zero: true },
          axis: { tickCount: 5, grid: false, format: '~s' },
        },
        y: { field: 'testScore', type: 'quantitative', title: 'test score', scale: { zero: false, padding: 10 } },
        color: colourOf(table, table.arms),
      },
    },
  };
}

/** Bars per arm of evaluator steps, a run's mean, stacked by the reason for which the evaluations ended. */
function evaluationsPlot(table: StoredTable): Plot {
  const reasons = reasonsOf(table);
  const arms = table.arms.filter((arm) => (measure(table, arm, 'evaluatorSteps').summary?.mean ?? 0) > 0);
  const values = arms.flatMap((arm) =>
    [...evaluationsOf(table, arm)].map(([reason, { steps: total }]) => ({
      arm,
      reason,
      order: reasons.indexOf(reason),
      steps: total / runsOf(table, arm).length,
    })),
  );
  if (values.length === 0) throw new UserError(`${table.name} has no evaluators`);
  return {
    description: `Steps that evaluators trained in a run of ${table.name}, on average, by the reason for which the evaluation ended`,
    spec: {
      data: { values },
      width: 420,
      height: { step: 24 },
      mark: 'bar',
      encoding: {
        x: {
          field: 'steps',
          type: 'quantitative',
          title: "evaluators' steps in a run",
          axis: { tickCount: 5, format: '~s' },
        },
        y: { field: 'arm', type: 'nominal', title: null, sort: [...arms] },
        color: {
          field: 'reason',
          type: 'nominal',
          title: 'ended by',
          scale: {
            domain: [...reasons],
            range: reasons.map((reason, index) =>
              reason === 'success' ? '#2a9d6f' : (BAD_ENDS[index % BAD_ENDS.length] ?? INK),
            ),
          },
        },
        order: { field: 'order', type: 'quantitative' },
      },
    },
  };
}

/** Whatever is not green. */
const BAD_ENDS = [
  '#d1495b',
  '#d9730d',
  '#b08a1e',
  '#8a6fd1',
  '#1f83c9',
  '#c2549b',
  '#3aa6b9',
  '#8c8c8c',
  '#5b7bb4',
  '#a0628a',
];

/** Each arm has one colour in all plots of a table; hand-made schedules are grey. */
function colourOf(table: StoredTable, shown: readonly string[]) {
  const range = shown.map((arm) =>
    isHandMade(table, arm) ? HAND_MADE_COLOUR : (COLOURS[table.arms.indexOf(arm) % COLOURS.length] ?? INK),
  );
  return { field: 'arm', type: 'nominal', title: null, scale: { domain: [...shown], range } } as const;
}

function searchedHyperparameter(table: StoredTable): string {
  const seen = new Map<string, Set<number>>();
  for (const [name, value] of table.runs.flatMap(({ schedule }) =>
    schedule.flatMap(({ hyperparameters }) => Object.entries(hyperparameters)),
  )) {
    if (typeof value === 'number') seen.set(name, (seen.get(name) ?? new Set()).add(value));
  }
  const searched = [...seen].filter(([, values]) => values.size > 1).map(([name]) => name);
  const name = searched.includes('learningRate') ? 'learningRate' : searched.sort()[0];
  if (name === undefined) throw new UserError(`${table.name} has no schedule in which a number changes`);
  return name;
}

/** The corners of a schedule: its value from each segment's first step, and once more at the end. */
function steps(
  schedule: StoredTable['runs'][number]['schedule'],
  name: string,
): { readonly step: number; readonly value: number }[] {
  const known = schedule.flatMap(({ fromStep, toStep, hyperparameters }) => {
    const value = Object.hasOwn(hyperparameters, name) ? hyperparameters[name] : undefined;
    return typeof value === 'number' ? [{ fromStep, toStep, value }] : [];
  });
  const corners = known
    .filter(({ value }, index) => value !== known[index - 1]?.value)
    .map(({ fromStep, value }) => ({ step: fromStep, value }));
  const last = known.at(-1);
  return last === undefined ? [] : [...corners, { step: last.toStep, value: last.value }];
}

/** Every k-th point and the last; those of equally long curves are at equal steps. */
function thinned<T>(points: readonly T[]): readonly T[] {
  const every = Math.ceil(points.length / MAX_POINTS);
  return points.filter((_point, index) => (points.length - 1 - index) % every === 0);
}

/** Powers of ten within the values, and those around them. */
function decades(values: readonly number[]): number[] {
  const [low, high] = [Math.floor(Math.log10(Math.min(...values))), Math.ceil(Math.log10(Math.max(...values)))];
  return Array.from({ length: high - low + 1 }, (_one, index) => Number(`1e${low + index}`));
}

function decadesAround(values: readonly number[]): [number, number] {
  const [low = 0.1, ...others] = decades(values);
  return [low, others.at(-1) ?? low * 10];
}

/** `learningRate` as `learning rate`. */
function spoken(name: string): string {
  return name.replaceAll(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
}

/**
 * Coordinates rounded: half as many bytes, and none that hang on the last bit of a logarithm. Text between tags stays
 * as it is.
 */
function withShortNumbers(svg: string): string {
  return svg.replaceAll(/<[^>]+>/g, (tag) =>
    tag.replaceAll(/-?\d+\.\d{3,}(?:e-?\d+)?/g, (number) => String(Number(Number(number).toFixed(DIGITS)) + 0)),
  );
}
