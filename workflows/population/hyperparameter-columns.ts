/**
 * Hyperparameters in tables: a column for each that differs between the rows, and a sentence about the others.
 */
import { shortNumber } from './figures.ts';
import type { HyperparameterValue } from '../algorithm/hyperparameters.ts';

/** What a cell shows: a value, the range of a number, or the choices of a category. */
export type Shown = HyperparameterValue | { readonly min: number; readonly max: number } | readonly string[];

/** The columns of a table. */
export interface HyperparameterColumns {
  readonly names: readonly string[];
  /** The cells of each row, in the order of the names. */
  readonly cells: readonly (readonly string[])[];
  /** `momentum 0.9, weightDecay 0`: what is the same in all rows; null: nothing. */
  readonly same: string | null;
}

/** Returns the columns for rows of hyperparameters by name. A single row has a column for each of them. */
export function hyperparameterColumns(rows: readonly Readonly<Record<string, Shown>>[]): HyperparameterColumns {
  const [first = {}] = rows;
  const names = Object.keys(first).sort();
  const textOf = (row: Readonly<Record<string, Shown>>, name: string): string => showHyperparameter(row[name]);
  const isSame = (name: string): boolean =>
    rows.length > 1 && isOne(first[name]) && rows.every((row) => textOf(row, name) === textOf(first, name));
  const differing = names.filter((name) => !isSame(name));
  const same = names.filter(isSame).map((name) => `${name} ${textOf(first, name)}`);
  return {
    names: differing,
    cells: rows.map((row) => differing.map((name) => textOf(row, name))),
    same: same.length === 0 ? null : same.join(', '),
  };
}

/** Returns the text of a cell: `0.012`, `0.0031 … 0.012`, `relu, tanh`, or a dash. */
export function showHyperparameter(value: Shown | undefined): string {
  if (value === undefined) return '–';
  if (typeof value === 'number') return shortNumber(value);
  if (typeof value === 'string') return value;
  if ('min' in value)
    return value.min < value.max ? `${shortNumber(value.min)} … ${shortNumber(value.max)}` : shortNumber(value.min);
  return value.join(', ');
}

/** Returns whether a cell stands for one value. */
function isOne(value: Shown | undefined): boolean {
  if (typeof value !== 'object') return true;
  return 'min' in value ? value.min === value.max : value.length <= 1;
}
