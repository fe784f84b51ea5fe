/**
 * The chart of a hyperparameter: the winner's schedule over the values of everybody else.
 */
import type { HyperparameterSpaces } from '../../workflows/algorithm/hyperparameters.ts';
import type { HistorySegment } from '../../workflows/population/state.ts';
import type { RunStory, WorkerStory } from '../runs/story.ts';
import { INK, levelColour, levelOf, stepAxis, thinOut, WIDTHS } from './chart.ts';
import type { Chart, Position, Width } from './chart.ts';

/** Points of all lines together. */
const MAX_POINTS = 20_000;
/** Ratio of the largest to the smallest value from which an axis is logarithmic. */
const WIDE_RATIO = 20;

interface Point {
  readonly step: number;
  readonly value: number;
}

/** Returns the names of the numeric hyperparameters that a run searched, or that its schedule changes. */
export function searchedNumbers(story: RunStory): readonly string[] {
  const spaces: HyperparameterSpaces = story.specification.hyperparameters;
  return Object.keys(spaces)
    .filter((name) => {
      const values = new Set<unknown>(story.leader?.history.map(({ hyperparameters }) => hyperparameters[name]));
      const isNumeric = [...values].every((value) => typeof value === 'number');
      return isNumeric && (typeof spaces[name] === 'object' || values.size > 1);
    })
    .sort();
}

/** Returns the chart of one hyperparameter against steps. */
export function scheduleChart(story: RunStory, name: string, width: Width): Chart {
  const workers = story.subPopulations.flatMap(({ members, evaluators }) => [...members, ...evaluators]);
  const most = Math.max(8, Math.floor(MAX_POINTS / Math.max(workers.length, 1)));
  const others = workers.flatMap((worker) =>
    thinOut(valuesOf(worker, name), most).map((point) => ({
      ...point,
      line: worker.worker,
      colour: levelColour(levelOf(worker.worker)),
    })),
  );
  const winner = scheduleOf(story.leader?.history ?? [], name);
  const values = [...others, ...winner].map(({ value }) => value);
  const x = stepAxis(width);
  const y: Position = { ...valueAxis(values), title: inWords(name) };
  return {
    description: `${inWords(name)} against steps: the winner's schedule over the values of all other workers`,
    spec: {
      width: WIDTHS[width] - 70,
      height: width === 'wide' ? 260 : 220,
      layer: [
        {
          name: 'others',
          data: { values: others },
          mark: { type: 'line', interpolate: 'step-after', strokeWidth: 1, opacity: 0.35 },
          encoding: { x, y, detail: { field: 'line' }, stroke: { field: 'colour', scale: null } },
        },
        {
          name: 'winner',
          data: { values: winner },
          mark: { type: 'line', interpolate: 'step-after', strokeWidth: 3, stroke: INK },
          encoding: { x, y },
        },
        {
          name: 'segments',
          data: { values: winner.slice(0, -1) },
          mark: { type: 'point', filled: true, size: 60, color: INK, opacity: 1, aria: true },
          encoding: { x, y, description: { field: 'text' } },
        },
      ],
    },
  };
}

/** Returns the corners of a worker's values: a new value counts from its step on, the last one until its last score. */
function valuesOf({ hyperparameters, curve }: WorkerStory, name: string): readonly Point[] {
  const corners = hyperparameters.flatMap(({ fromStep, hyperparameters: values }) => {
    const value = values[name];
    return typeof value === 'number' ? [{ step: fromStep, value }] : [];
  });
  const last = corners.at(-1);
  const end = curve.at(-1)?.[0];
  return last && end !== undefined ? [...corners, { step: end, value: last.value }] : corners;
}

function scheduleOf(history: readonly HistorySegment[], name: string): readonly (Point & { readonly text: string })[] {
  const corners = history.flatMap(({ worker, fromStep, toStep, hyperparameters }) => {
    const value = hyperparameters[name];
    const text = `${inWords(name)} ${String(value)} from step ${fromStep} to ${toStep}, by ${worker}`;
    return typeof value === 'number' ? [{ step: fromStep, value, text }] : [];
  });
  const last = corners.at(-1);
  const end = history.at(-1)?.toStep;
  return last && end !== undefined ? [...corners, { ...last, step: end }] : corners;
}

/** Returns the axis of a hyperparameter: logarithmic if its values span orders of magnitude. */
export function valueAxis(values: readonly number[]): Position {
  // A comparison has more values than a call can have arguments.
  const low = values.reduce((least, value) => Math.min(least, value), Infinity);
  const high = values.reduce((most, value) => Math.max(most, value), -Infinity);
  const isWide = low > 0 && high > WIDE_RATIO * low;
  return {
    field: 'value',
    type: 'quantitative',
    scale: isWide ? { type: 'log', nice: false, padding: 6 } : { zero: false, padding: 6 },
    axis: isWide ? { values: decades(low, high), format: '~g' } : { tickCount: 5, format: '~r' },
  };
}

/** Returns the powers of ten around a range, or 1, 2 and 5 times such powers if they are few. */
function decades(smallest: number, largest: number): number[] {
  const low = Math.floor(Math.log10(smallest));
  const high = Math.ceil(Math.log10(largest));
  const steps = high - low > 3 ? [1] : [1, 2, 5];
  const powers = Array.from({ length: high - low + 1 }, (_, index) => low + index);
  return powers.flatMap((power) => steps.map((step) => Number(`${step}e${power}`)));
}

/** Returns `learningRate` as `learning rate`. */
export function inWords(name: string): string {
  return name.replaceAll(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
}
