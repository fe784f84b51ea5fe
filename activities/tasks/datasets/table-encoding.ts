/**
 * Turns columns of a table into a network's inputs: numbers standardised, categories one input each. All that this
 * takes (means, deviations, categories) comes from the training rows.
 */
import { unusable } from './data-set.ts';
import type { CategoryColumn, Column, NumberColumn, Table } from './table.ts';

/** Most different values of a column of categories: each is an input. */
export const MOST_CATEGORIES = 1000;

/** How a column becomes inputs. */
export type EncodedColumn = EncodedNumber | EncodedCategory;

/** (value − mean) / deviation, 0 if it is missing; and 1 if it is missing, else 0. */
export interface EncodedNumber {
  readonly name: string;
  readonly kind: 'number';
  readonly mean: number;
  readonly deviation: number;
  /** Whether there is an input that says that the value is missing: if it is in a training row. */
  readonly missing: boolean;
}

/** 1 for the category that the value is, else 0: all 0 for one that no training row has. */
export interface EncodedCategory {
  readonly name: string;
  readonly kind: 'category';
  /** In the order of their characters' codes. */
  readonly categories: readonly string[];
  /** Whether there is an input that says that the value is missing: if it is in a training row. */
  readonly missing: boolean;
}

/** Returns how these columns become inputs, as the training rows have them. */
export function encodingOf(table: Table, names: readonly string[], training: Uint32Array): readonly EncodedColumn[] {
  return names.map((name) => {
    const column = columnNamed(table, name);
    return column.kind === 'number' ? encodedNumber(column, training) : encodedCategory(table, column, training);
  });
}

/** Returns how many inputs the columns become. */
export function inputsOf(encoding: readonly EncodedColumn[]): number {
  return encoding.reduce((sum, column) => sum + widthOf(column), 0);
}

/**
 * Returns the inputs of all rows, [rows, inputs], in single precision.
 *
 * @throws DataSetError if the table lacks a column or has another kind of it
 */
export function encodeTable(table: Table, encoding: readonly EncodedColumn[]): Float32Array {
  const width = inputsOf(encoding);
  const inputs = new Float32Array(table.rows * width);
  let first = 0;
  for (const encoded of encoding) {
    const column = columnNamed(table, encoded.name);
    if (encoded.kind === 'number') encodeNumbers(numbersOf(table, column), encoded, inputs, width, first);
    else encodeCategories(textsOf(table, column), encoded, inputs, width, first);
    first += widthOf(encoded);
  }
  return inputs;
}

/**
 * @throws DataSetError if the table lacks a column or has another kind of it
 */
export function requireEncodable(table: Table, encoding: readonly EncodedColumn[]): void {
  for (const { name, kind } of encoding) {
    const column = columnNamed(table, name);
    if (kind === 'number') numbersOf(table, column);
    else textsOf(table, column);
  }
}

/** Returns mean and standard deviation of the values that are not missing; 0 and 1 if none is, 1 if they are equal. */
export function momentsOf(
  values: Float64Array,
  rows: Uint32Array,
): { readonly mean: number; readonly deviation: number } {
  const present = [...rows].map((row) => values[row]!).filter((value) => !Number.isNaN(value));
  const [first = 0] = present;
  // The mean of equal values is rounded: their computed deviation is not 0, but next to nothing.
  if (present.every((value) => value === first)) return { mean: first, deviation: 1 };
  const mean = present.reduce((sum, value) => sum + value, 0) / present.length;
  const variance = present.reduce((sum, value) => sum + (value - mean) * (value - mean), 0) / present.length;
  return { mean, deviation: variance === 0 ? 1 : Math.sqrt(variance) };
}

/** Returns the column of that name; it exists. */
export function columnNamed(table: Table, name: string): Column {
  const column = table.columns.get(name);
  if (!column)
    throw unusable(table.path, `a column named \`${name}\``, `columns ${[...table.columns.keys()].join(', ')}`);
  return column;
}

/**
 * Returns the numbers of a column.
 *
 * @throws DataSetError naming the first value that is none
 */
export function numbersOf(table: Table, column: Column): Float64Array {
  if (column.kind === 'number') return column.values;
  const { name, notNumber, values } = column;
  if (notNumber === undefined)
    throw unusable(table.path, `column \`${name}\` not to be named in \`categories\``, 'its name there');
  throw unusable(table.path, `numbers in column \`${name}\``, `${values[notNumber]} in line ${table.lines[notNumber]}`);
}

/**
 * Returns the values of a column as they are written; undefined: missing.
 *
 * @throws DataSetError if it was read as numbers, of which several may be one: `7` and `007`
 */
export function textsOf(table: Table, column: Column): readonly (string | undefined)[] {
  if (column.kind === 'category') return column.values;
  throw unusable(table.path, `column \`${column.name}\` to be read as categories`, 'numbers');
}

function widthOf(column: EncodedColumn): number {
  return (column.kind === 'number' ? 1 : column.categories.length) + (column.missing ? 1 : 0);
}

function encodedNumber({ name, values }: NumberColumn, training: Uint32Array): EncodedNumber {
  const missing = training.some((row) => Number.isNaN(values[row]!));
  return { name, kind: 'number', ...momentsOf(values, training), missing };
}

function encodedCategory(table: Table, { name, values }: CategoryColumn, training: Uint32Array): EncodedCategory {
  const found = new Set<string>();
  let missing = false;
  for (const row of training) {
    const value = values[row];
    if (value === undefined) missing = true;
    else found.add(value);
  }
  if (found.size > MOST_CATEGORIES)
    throw unusable(
      table.path,
      `numbers, or at most ${MOST_CATEGORIES} different values, in column \`${name}\` (or leave it out by \`ignore\`)`,
      `${found.size} values such as ${[...found][0]}`,
    );
  return { name, kind: 'category', categories: [...found].sort(byCode), missing };
}

/** Orders texts by their characters' codes: no locale has a say. */
export function byCode(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function encodeNumbers(
  values: Float64Array,
  { mean, deviation, missing }: EncodedNumber,
  inputs: Float32Array,
  width: number,
  first: number,
): void {
  values.forEach((value, row) => {
    const isMissing = Number.isNaN(value);
    inputs[row * width + first] = isMissing ? 0 : (value - mean) / deviation;
    if (missing) inputs[row * width + first + 1] = isMissing ? 1 : 0;
  });
}

function encodeCategories(
  values: readonly (string | undefined)[],
  { categories, missing }: EncodedCategory,
  inputs: Float32Array,
  width: number,
  first: number,
): void {
  const places = new Map(categories.map((category, index) => [category, index]));
  values.forEach((value, row) => {
    const place = value === undefined ? (missing ? categories.length : undefined) : places.get(value);
    if (place !== undefined) inputs[row * width + first + place] = 1;
  });
}
