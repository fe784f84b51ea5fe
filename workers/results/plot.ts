/**
 * What the plots of the results page have in common: their parts and their colours.
 */
import type { TopLevelSpec } from 'vega-lite';
import { isHandMade } from './stored-table.ts';
import type { StoredTable } from './stored-table.ts';

export interface Plot {
  /** For readers who do not see the plot. */
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

/** Each arm has one colour in all plots of a table; hand-made schedules are grey. */
export function colourOf(table: StoredTable, shown: readonly string[]) {
  const range = shown.map((arm) =>
    isHandMade(table, arm) ? HAND_MADE_COLOUR : (COLOURS[table.arms.indexOf(arm) % COLOURS.length] ?? INK),
  );
  return { field: 'arm', type: 'nominal', title: null, scale: { domain: [...shown], range } } as const;
}
