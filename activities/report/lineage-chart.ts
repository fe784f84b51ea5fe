/**
 * The chart of a lineage: which workers trained the winner's weights, from step 0.
 */
import { lineageOf } from '../../workflows/population/lineage.ts';
import type { Ancestor } from '../../workflows/population/lineage.ts';
import type { HistorySegment, SegmentOrigin } from '../../workflows/population/state.ts';
import { longNumber } from '../../workflows/population/figures.ts';
import { DIAMOND, INK, levelColour, levelOf, stepAxis, WIDTHS } from './chart.ts';
import type { Chart, Position, Width } from './chart.ts';

const LANE_HEIGHT = 30;

/** How weights came to a worker, in the past tense. */
export const ORIGIN_TEXTS: Readonly<Record<SegmentOrigin, string>> = {
  initialised: 'initialised',
  continued: 'continued',
  scheduled: 'scheduled',
  exploit: 'copied',
  evaluation: 'evaluated',
  promotion: 'promoted',
  'set-by-hand': 'set by hand',
};

/** Returns a sentence about one ancestor. */
export function describeAncestor({ worker, origin, fromStep, toStep }: Ancestor, before: Ancestor | undefined): string {
  const steps = `trained from step ${longNumber(fromStep)} to ${longNumber(toStep)}`;
  if (!before) return `${worker} started with new weights and ${steps}.`;
  switch (origin) {
    case 'exploit':
      return `${worker} copied ${before.worker} and ${steps}.`;
    case 'evaluation':
      return `${worker} took a copy of ${before.worker} to evaluate it, and ${steps}.`;
    case 'promotion':
      return `The weights of ${before.worker} were promoted into ${worker}, which ${steps}.`;
    default:
      return `${worker} ${steps}.`;
  }
}

/** Returns the chart: a lane per worker, a bar for what it trained, a line for each time the weights moved. */
export function lineageChart(history: readonly HistorySegment[], width: Width): Chart {
  const { lanes, bars, moves, end } = rowsOf(history);
  const isWide = width === 'wide';
  const x = stepAxis(width);
  const y: Position = {
    type: 'nominal',
    scale: { domain: lanes },
    title: null,
    axis: { grid: true, ticks: false, domain: false },
  };
  return {
    description: `The workers that trained the winner's weights, from step 0: ${lanes.join(', ')}`,
    spec: {
      width: WIDTHS[width] - 130,
      height: Math.max(2, lanes.length) * LANE_HEIGHT,
      layer: [
        {
          name: 'bars',
          data: { values: bars },
          mark: { type: 'bar', height: 12, cornerRadius: 3, opacity: 1, aria: true },
          encoding: {
            ...{ x: stepAxis(width, 'fromStep'), x2: { field: 'toStep' }, y: { ...y, field: 'worker' } },
            color: { field: 'colour', scale: null },
            description: { field: 'text' },
          },
        },
        {
          name: 'moves',
          data: { values: moves },
          mark: { type: 'rule', strokeWidth: 1.5, stroke: INK },
          encoding: { x, y: { ...y, field: 'from' }, y2: { field: 'to' } },
        },
        {
          name: 'arrivals',
          data: { values: moves },
          mark: { type: 'point', filled: true, size: 70, color: INK, opacity: 1 },
          encoding: { x, y: { ...y, field: 'to' } },
        },
        {
          name: 'labels',
          data: { values: moves },
          mark: { type: 'text', align: 'left', dx: isWide ? 5 : 4, dy: -11, fontSize: isWide ? 11 : 9, color: INK },
          encoding: { x, y: { ...y, field: 'to' }, text: { field: 'label' } },
        },
        {
          name: 'end',
          data: { values: end },
          mark: { type: 'point', ...DIAMOND },
          encoding: { x, y: { ...y, field: 'worker' } },
        },
      ],
    },
  };
}

function rowsOf(history: readonly HistorySegment[]) {
  const lineage = lineageOf(history);
  return {
    lanes: [...new Set(lineage.map(({ worker }) => worker))].reverse().sort((a, b) => levelOf(a) - levelOf(b)),
    bars: lineage.map((one, index) => ({
      ...one,
      colour: levelColour(levelOf(one.worker)),
      text: describeAncestor(one, lineage[index - 1]),
    })),
    moves: lineage.slice(1).map(({ worker, origin, fromStep }, index) => ({
      step: fromStep,
      from: lineage[index]?.worker ?? worker,
      to: worker,
      label: ORIGIN_TEXTS[origin],
    })),
    end: lineage.slice(-1).map(({ worker, toStep }) => ({ worker, step: toStep })),
  };
}
