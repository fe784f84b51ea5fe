/**
 * The common parts of the plots on the results page.
 */
import type { TopLevelSpec } from 'vega-lite';
import { isHandMade } from './stored-table.ts';
import type { StoredTable } from './stored-table.ts';

export interface Plot {
  /** Text for readers who cannot see the plot. */
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
export const INK = '#808080';

/** Returns the colour encoding. An arm has the same colour in all plots of a table; hand-made schedules are grey. */
export function colourEncoding(table: StoredTable, arms: readonly string[]) {
  const range = arms.map((arm) =>
    isHandMade(table, arm) ? HAND_MADE_COLOUR : (COLOURS[table.arms.indexOf(arm) % COLOURS.length] ?? INK),
  );
  return { field: 'arm', type: 'nominal', title: null, scale: { domain: [...arms], range } } as const;
}
