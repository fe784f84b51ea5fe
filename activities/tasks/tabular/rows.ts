/**
 * The rows of a run: how they are split by the seed, and how their columns become inputs.
 */
import { LruCache } from '../../../workflows/algorithm/lru-cache.ts';
import { unusable } from '../datasets/data-set.ts';
import { readDataFile } from '../datasets/data-file.ts';
import { stampOf } from '../datasets/file-stamps.ts';
import { splitRows } from '../datasets/split.ts';
import {
  columnNamed,
  encodeTable,
  encodingOf,
  inputsOf,
  momentsOf,
  numbersOf,
  requireEncodable,
  textsOf,
  byCode,
  type EncodedColumn,
} from '../datasets/table-encoding.ts';
import { numberOf, parseTable, requireColumns, type Table } from '../datasets/table.ts';
import { WeakValues } from '../datasets/weak-values.ts';
import type { Feeds, NetworkData } from '../tensorflow/network-definition.ts';
import type { Tabular } from './settings.ts';

/** What is predicted. */
export type Target =
  | { readonly kind: 'classes'; readonly classes: readonly string[] }
  | { readonly kind: 'number'; readonly mean: number; readonly deviation: number };

/** The rows of one seed. */
export interface RunRows {
  readonly inputs: number;
  readonly encoding: readonly EncodedColumn[];
  readonly target: Target;
  readonly data: NetworkData;
}

/** Those of a few experiments at once: how rows are split and encoded, not the rows. */
const MOST_KEPT = 8;
const known = new LruCache<string, RunRows>(MOST_KEPT);
/** Tables that somebody still uses: TensorFlow has copies of its own of what is trained on. */
const tables = new WeakValues<Table>();

/**
 * Returns the rows that a run with these settings and this seed has.
 *
 * @throws DataSetError if a file cannot be used, Error if it has too few rows
 */
export function runRows(settings: Tabular, batchSize: number, seed: number): RunRows {
  const key = dataKey(settings, seed);
  const rows = known.get(key) ?? readRows(settings, seed, key);
  known.set(key, rows);
  if (rows.data.training.length < batchSize)
    throw new Error(
      `Expected \`task.file\` to leave at least one batch (${batchSize}) to train on, ` +
        `got \`${rows.data.training.length}\` rows`,
    );
  return rows;
}

/**
 * What the values of rows depend on: means and categories are those of the training rows, which the seed chooses. If a
 * file has changed, it is read again.
 */
function dataKey(settings: Tabular, seed: number): string {
  const { problem, file, testFile, target, separator, decimal, header, missing, categories, ignore } = settings;
  const { objectiveShare, testShare } = settings;
  const format = [separator, decimal, header, missing, categories, ignore];
  const stamp = stampOf(testFile === undefined ? [file] : [file, testFile]);
  return JSON.stringify([problem, file, testFile, stamp, target, format, objectiveShare, testShare, seed]);
}

function readRows(settings: Tabular, seed: number, key: string): RunRows {
  const { file, testFile, target: targetName, ignore } = settings;
  const table = readTable(file, settings, settings.categories);
  const names = [...table.columns.keys()];
  requireColumns(table.path, names, [targetName, ...ignore]);
  const { parts, rest: training } = splitRows(table.rows, sizesOf(settings, table), seed);
  const target = targetOf(settings, table, training);
  const encoding = encodingOf(
    table,
    names.filter((name) => name !== targetName && !ignore.includes(name)),
    training,
  );
  if (encoding.length === 0) throw unusable(table.path, 'a column besides the target', names.join(', '));
  // Nothing is kept of rows that cannot be used.
  targetsOf(table, targetName, target);
  const encoded = { encoding, target };
  const test = testFile === undefined ? parts.test : testRowsOf(settings, testFile, encoded);
  const { objective } = parts;
  const load = feedsAgain(settings, file, settings.categories, encoded);
  return { ...encoded, inputs: inputsOf(encoding), data: { key, load, training, objective, test } };
}

type Encoded = Pick<RunRows, 'encoding' | 'target'>;

/** A column is of the same kind in both files, whatever values one of them has. */
function testRowsOf(settings: Tabular, file: string, encoded: Encoded): NetworkData['test'] & object {
  const { encoding, target } = encoded;
  const categories = encoding.filter(({ kind }) => kind === 'category').map(({ name }) => name);
  const table = readTable(file, settings, categories);
  // What is wrong is found before anything is trained, and not by the report.
  requireEncodable(table, encoding);
  targetsOf(table, settings.target, target);
  return { rows: table.rows, load: feedsAgain(settings, file, categories, encoded) };
}

/** Returns how the rows of a file are had, without keeping its table. */
function feedsAgain(settings: Tabular, file: string, categories: readonly string[], { encoding, target }: Encoded) {
  return (): Feeds => feedsOf(readTable(file, settings, categories), encoding, settings.target, target);
}

/** Reads a file, unless somebody still has its table. Classes are categories as they are written. */
function readTable(path: string, settings: Tabular, categories: readonly string[]): Table {
  const { problem, target, separator, decimal, header, missing } = settings;
  const texts = problem === 'classification' ? [...categories, target] : categories;
  const format = { separator, decimal, header, missing, categories: texts };
  const key = JSON.stringify([path, stampOf([path]), format]);
  const table = tables.get(key) ?? parseTable(readDataFile(path), format);
  tables.set(key, table);
  return table;
}

/** Returns how many rows are held out for each purpose. */
function sizesOf({ testFile, objectiveShare, testShare }: Tabular, { path, rows }: Table) {
  const sizes = { objective: Math.floor(objectiveShare * rows), test: Math.floor(testShare * rows) };
  if (sizes.objective === 0 || (sizes.test === 0 && testFile === undefined))
    throw unusable(path, 'enough rows for at least one in each part', `${rows} rows`);
  return testFile === undefined ? sizes : { ...sizes, test: 0 };
}

function targetOf({ problem, target, decimal }: Tabular, table: Table, training: Uint32Array): Target {
  const column = columnNamed(table, target);
  if (problem === 'regression') return { kind: 'number', ...momentsOf(numbersOf(table, column), training) };
  const texts = textsOf(table, column).filter((text) => text !== undefined);
  // Of all rows: an answer must have a place also if no training row has it.
  const sorted = sortClasses([...new Set(texts)], decimal);
  if (sorted.length < 2) throw unusable(table.path, `at least two classes in column \`${target}\``, sorted.join(', '));
  return { kind: 'classes', classes: sorted };
}

/** Sorts numbers by their size, and others by their characters' codes. */
function sortClasses(classes: readonly string[], decimal: Tabular['decimal']): string[] {
  const numbers = new Map(classes.map((text) => [text, numberOf(text, decimal)]));
  if (classes.some((text) => numbers.get(text) === undefined)) return classes.toSorted(byCode);
  return classes.toSorted((a, b) => numbers.get(a)! - numbers.get(b)! || byCode(a, b));
}

function feedsOf(table: Table, encoding: readonly EncodedColumn[], targetName: string, target: Target): Feeds {
  return {
    inputs: { shape: [table.rows, inputsOf(encoding)], values: encodeTable(table, encoding) },
    targets: { shape: [table.rows], values: targetsOf(table, targetName, target) },
  };
}

function targetsOf(table: Table, name: string, target: Target): Float32Array | Int32Array {
  const column = columnNamed(table, name);
  if (target.kind === 'number') {
    const numbers = numbersOf(table, column);
    const missing = numbers.findIndex(Number.isNaN);
    if (missing !== -1) throw withoutTarget(table, name, missing);
    return Float32Array.from(numbers, (value) => (value - target.mean) / target.deviation);
  }
  const places = new Map(target.classes.map((text, place) => [text, place]));
  return Int32Array.from(textsOf(table, column), (text, row) => {
    if (text === undefined) throw withoutTarget(table, name, row);
    const place = places.get(text);
    if (place === undefined)
      throw unusable(
        table.path,
        `one of the ${target.classes.length} classes of the training file in column \`${name}\``,
        `${text} in line ${table.lines[row]}`,
      );
    return place;
  });
}

function withoutTarget(table: Table, name: string, row: number) {
  return unusable(
    table.path,
    `a value in column \`${name}\`, the target, in each line`,
    `none in line ${table.lines[row]}`,
  );
}
