/**
 * Draws charts as SVG text, with Vega-Lite and without a browser.
 *
 * Colours are variables of the page's style sheet, so a chart follows its light and dark theme. Equal charts give equal
 * bytes.
 */
import { createHash } from 'node:crypto';
import { setImmediate as turn } from 'node:timers/promises';
import type { Runtime } from 'vega';
import type { TopLevelSpec } from 'vega-lite';
import type { PositionFieldDef } from 'vega-lite/types_unstable/channeldef.js';
import { escapeHtml, Html } from './html.ts';

/** A chart, and what it shows, for readers who cannot see it. */
export interface Chart {
  readonly description: string;
  readonly spec: TopLevelSpec;
}

/** Colour of texts and axes. */
export const INK = 'var(--ink)';
/** Colour of what is in the background. */
export const MUTED = 'var(--muted)';

/** The mark of a promotion and of the winner. */
export const DIAMOND = { shape: 'diamond', size: 170, fill: 'var(--promotion)', stroke: INK, opacity: 1 } as const;

/** Decimals of coordinates. */
const DIGITS = 1;
/** Hexadecimal digits of a chart's digest in its ids. */
const ID_DIGITS = 10;

const CONFIG = {
  background: 'transparent',
  aria: false,
  view: { stroke: null },
  axis: {
    labelColor: INK,
    titleColor: INK,
    domainColor: MUTED,
    tickColor: MUTED,
    gridColor: MUTED,
    gridOpacity: 0.25,
    labelFontSize: 11,
    titleFontSize: 12,
    titleFontWeight: 'normal',
  },
  legend: { labelColor: INK, titleColor: INK, titleFontWeight: 'normal', symbolOpacity: 1, orient: 'top' },
  header: { labelColor: INK, titleColor: INK, labelFontSize: 12 },
  text: { color: INK },
} as const;

/** Draws a chart. */
export async function drawChart({ description, spec }: Chart): Promise<Html> {
  return draw(await compileSpec(spec), {}, description);
}

/** Compiles a chart once, to draw it with other data again and again. */
export class ChartForm {
  readonly #compiled: Promise<Runtime>;

  constructor(spec: TopLevelSpec) {
    this.#compiled = compileSpec(spec);
  }

  /** Draws the chart with these rows, by the name of the data set. */
  async draw(data: Readonly<Record<string, readonly object[]>>, description: string): Promise<Html> {
    return draw(await this.#compiled, data, description);
  }
}

async function compileSpec(spec: TopLevelSpec): Promise<Runtime> {
  // Vega takes half a second to load, and most processes with this module draw nothing.
  const [{ parse }, { compile }] = await Promise.all([import('vega'), import('vega-lite')]);
  return parse(compile({ ...spec, config: CONFIG }).spec);
}

async function draw(
  compiled: Runtime,
  data: Readonly<Record<string, readonly object[]>>,
  description: string,
): Promise<Html> {
  const { resetSVGDefIds, View } = await import('vega');
  // Heartbeats and messages of the process get through between two charts.
  await turn();
  const view = new View(compiled, { renderer: 'none' });
  try {
    for (const [name, rows] of Object.entries(data)) view.data(name, [...rows]);
    // Ids of clip paths count over all charts of the process.
    resetSVGDefIds();
    return new Html(standAlone(await view.toSVG(), description));
  } finally {
    view.finalize();
  }
}

/** Makes the SVG scale with the page, removes what a page does not need, and gives it ids of its own. */
function standAlone(svg: string, description: string): string {
  const id = createHash('sha256').update(svg).digest('hex').slice(0, ID_DIGITS);
  return roundCoordinates(svg)
    .replace(
      /<svg [^>]*?width="([\d.]+)" height="([\d.]+)"[^>]*>/,
      (_, width: string, height: string) =>
        `<svg role="img" aria-label="${escapeHtml(description)}" viewBox="0 0 ${width} ${height}" ` +
        `style="max-width:${width}px">`,
    )
    .replaceAll(/<path aria-hidden="true" d="(?:M0,0h0v0h0Z)?"(?: display="none")?\/>/g, '')
    .replaceAll(
      / (?:font-family|pointer-events|aria-roledescription)="[^"]*"| role="graphics-object"| opacity="1"/g,
      '',
    )
    .replaceAll(/<(\w+)(?! aria-label)([^>]*) role="graphics-symbol"/g, '<$1$2')
    .replaceAll(/\b(id="|url\(#)(?=clip|gradient)/g, `$1c${id}-`);
}

/**
 * Rounds the numbers in tags. This halves the size and removes the dependence on the last bit of a logarithm. Labels
 * keep their numbers: people read them.
 */
function roundCoordinates(svg: string): string {
  return svg.replaceAll(/<[^>]+>/g, (tag) =>
    tag.replaceAll(/ aria-label="[^"]*"|-?\d+\.\d{2,}(?:e-?\d+)?/g, (found) =>
      found.startsWith(' ') ? found : String(Number(Number(found).toFixed(DIGITS)) + 0),
    ),
  );
}

/** An encoding of a position by a number. */
export type Position = PositionFieldDef<string>;

/** Returns the encoding of a training step. */
export function stepAxis(width: Width, field = 'step'): Position {
  return {
    field,
    type: 'quantitative',
    title: 'training steps of a worker',
    scale: { nice: false },
    axis: { tickCount: width === 'wide' ? 8 : 4, grid: false, format: ',d' },
  };
}

/** Widths of a chart in pixels: on a screen or a printed page, and on a phone. */
export const WIDTHS = { wide: 860, narrow: 340 } as const;
export type Width = keyof typeof WIDTHS;

/** Draws a chart for a screen or paper, and for a phone. */
export async function drawBoth(
  chart: (width: Width) => Chart,
): Promise<{ readonly wide: Html; readonly narrow: Html }> {
  return { wide: await drawChart(chart('wide')), narrow: await drawChart(chart('narrow')) };
}

/** Returns every k-th row, at most `most`, always the last one. Series of equal length keep the same positions. */
export function thinOut<T>(rows: readonly T[], most: number): readonly T[] {
  const every = Math.max(1, Math.ceil(rows.length / most));
  return rows.filter((_, index) => (rows.length - 1 - index) % every === 0);
}

/** Returns the colour of a sub-population, or of an arm; both count from 1. */
export function levelColour(subPopulation: number): string {
  return `var(--p${((subPopulation - 1) % LEVEL_COLOURS) + 1})`;
}

/** Such colours in the style sheet. */
const LEVEL_COLOURS = 8;

/** Returns the sub-population of a worker's name. */
export function levelOf(worker: string): number {
  return Number(/^P(\d+)\//.exec(worker)?.[1] ?? 1);
}
