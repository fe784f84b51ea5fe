/**
 * Plots of a stored table as SVG: without a background, in colours that can be read on white and on black; equal tables
 * give equal bytes.
 */
import { parse, resetSVGDefIds, View } from 'vega';
import { compile } from 'vega-lite';
import { UserError } from '../processes/user-error.ts';
import { evaluationsPlot } from './evaluations-plot.ts';
import { INK } from './plot.ts';
import { schedulesPlot } from './schedules-plot.ts';
import { costsPlot, scoresPlot } from './scores-plot.ts';
import type { StoredTable } from './stored-table.ts';

/** By the name that placeholders use; what the plot shows, and how. */
const PLOTS = { schedules: schedulesPlot, scores: scoresPlot, costs: costsPlot, evaluations: evaluationsPlot } as const;
export type PlotKind = keyof typeof PLOTS;

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
 * Coordinates rounded: half as many bytes, and none that hang on the last bit of a logarithm. Text between tags stays
 * as it is.
 */
function withShortNumbers(svg: string): string {
  return svg.replaceAll(/<[^>]+>/g, (tag) =>
    tag.replaceAll(/-?\d+\.\d{3,}(?:e-?\d+)?/g, (number) => String(Number(Number(number).toFixed(DIGITS)) + 0)),
  );
}
