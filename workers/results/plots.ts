/**
 * Draws the plots of a stored table as SVG. They have no background, and colours that are readable on white and on
 * black. Equal tables give equal bytes.
 */
import { parse, resetSVGDefIds, View } from 'vega';
import { compile } from 'vega-lite';
import { UserError } from '../processes/user-error.ts';
import { evaluationsPlot } from './evaluations-plot.ts';
import { INK } from './plot.ts';
import { schedulesPlot } from './schedules-plot.ts';
import { costsPlot, scoresPlot } from './scores-plot.ts';
import type { StoredTable } from './stored-table.ts';

/** All plots by the name that placeholders use. */
const PLOTS = { schedules: schedulesPlot, scores: scoresPlot, costs: costsPlot, evaluations: evaluationsPlot } as const;
export type PlotKind = keyof typeof PLOTS;

/** Decimals of coordinates. */
const DIGITS = 2;

/** Checks the name of a plot. @throws UserError listing the names */
export function parsePlotKind(text: string): PlotKind {
  const kinds = Object.keys(PLOTS) as PlotKind[];
  const found = kinds.find((kind) => kind === text);
  if (found === undefined) throw new UserError(`Expected a plot (${kinds.join(', ')}), got \`${text}\``);
  return found;
}

/**
 * Returns a text that describes the plot.
 *
 * @throws UserError if the table has no data for it
 */
export function describePlot(kind: PlotKind, table: StoredTable): string {
  return PLOTS[kind](table).description;
}

/**
 * Draws a plot and returns the SVG text.
 *
 * @throws UserError if the table has no data for it
 */
export async function drawPlot(kind: PlotKind, table: StoredTable): Promise<string> {
  const { spec } = PLOTS[kind](table);
  const { spec: compiled } = compile({ ...spec, background: 'transparent', config: CONFIG });
  // Ids of clip paths are formatCount over all plots of the process.
  resetSVGDefIds();
  const view = new View(parse(compiled), { renderer: 'none' });
  try {
    return `${roundCoordinates(await view.toSVG())}\n`;
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
 * Rounds the coordinates. This halves the size and removes the dependence on the last bit of a logarithm. Keeps text
 * between tags unchanged.
 */
function roundCoordinates(svg: string): string {
  return svg.replaceAll(/<[^>]+>/g, (tag) =>
    tag.replaceAll(/-?\d+\.\d{3,}(?:e-?\d+)?/g, (number) => String(Number(Number(number).toFixed(DIGITS)) + 0)),
  );
}
