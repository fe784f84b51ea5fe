/**
 * Tables from CSV files: named columns of numbers or categories, with gaps.
 */
import { unusable } from './data-set.ts';
import { readBeginning, type DataFile } from './data-file.ts';
import { parseCsv, parseFirstRecord, type CsvRecord } from './csv.ts';

/** What is read of a file for the names of its columns. */
const BEGINNING_BYTES = 2 ** 20;

/** How a file is to be read. */
export interface TableFormat {
  readonly separator: string;
  /** Whether the first line names the columns; else they are `column-1`, `column-2` … */
  readonly header: boolean;
  /** What stands between the whole part of a number and its fraction. */
  readonly decimal: '.' | ',';
  /** Fields that mean that there is no value. */
  readonly missing: readonly string[];
  /** Columns that are categories although all their values are numbers, such as codes. */
  readonly categories: readonly string[];
}

export interface NumberColumn {
  readonly name: string;
  readonly kind: 'number';
  /** One a row; NaN: missing. */
  readonly values: Float64Array;
}

export interface CategoryColumn {
  readonly name: string;
  readonly kind: 'category';
  /** One a row; undefined: missing. */
  readonly values: readonly (string | undefined)[];
  /** The first row whose value is no number; undefined if all are. */
  readonly notNumber: number | undefined;
}

export type Column = NumberColumn | CategoryColumn;

export interface Table {
  /** Absolute path of the file. */
  readonly path: string;
  readonly rows: number;
  /** Line of each row in the file, counted from 1. */
  readonly lines: readonly number[];
  readonly columns: ReadonlyMap<string, Column>;
}

/**
 * Returns a file's table. A column whose values are all numbers is one of numbers, unless `categories` names it.
 *
 * @throws DataSetError naming file, line or column, the rule and what was found
 */
export function parseTable(file: DataFile, format: TableFormat): Table {
  const records = parseCsv(file, format.separator);
  const names = namesOf(file.path, records[0]?.fields ?? [], format);
  if (format.header) records.shift();
  if (records.length === 0) throw unusable(file.path, 'at least one row below the names of the columns', 0);
  requireColumns(file.path, names, format.categories);
  const columns = names.map((name, index) => columnOf(name, records, index, format));
  return {
    path: file.path,
    rows: records.length,
    lines: records.map(({ line }) => line),
    columns: new Map(columns.map((column) => [column.name, column])),
  };
}

/**
 * Returns the names of a file's columns. Looks at its beginning only; undefined if it does not show them.
 *
 * @throws DataSetError naming the file, the rule and what was found
 */
export function readColumnNames(path: string, format: TableFormat): readonly string[] | undefined {
  const beginning = readBeginning(path, BEGINNING_BYTES);
  const first = parseFirstRecord(beginning, format.separator);
  return first && namesOf(beginning.path, first.fields, format);
}

/**
 * @throws DataSetError if one of the asked names is not the name of a column
 */
export function requireColumns(path: string, names: readonly string[], asked: readonly string[]): void {
  const unknown = asked.find((name) => !names.includes(name));
  if (unknown !== undefined)
    throw unusable(path, `a column named \`${unknown}\``, `columns ${names.slice(0, 20).join(', ')}`);
}

function namesOf(path: string, first: readonly string[], { header }: TableFormat): readonly string[] {
  if (!header) return first.map((_, index) => `column-${index + 1}`);
  checkNames(path, first);
  return first;
}

function checkNames(path: string, names: readonly string[]): void {
  const nameless = names.indexOf('');
  if (nameless !== -1) throw unusable(path, `a name for column ${nameless + 1} in the first line`, '');
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined) throw unusable(path, 'another name for each column', `${twice} twice`);
}

function columnOf(
  name: string,
  records: readonly CsvRecord[],
  index: number,
  { decimal, missing, categories }: TableFormat,
): Column {
  const texts = records.map(({ fields }) => fields[index] ?? '');
  const present = texts.map((text) => !missing.includes(text));
  const numbers = texts.map((text, row) => (present[row] ? numberOf(text, decimal) : NaN));
  const notNumber = numbers.indexOf(undefined);
  if (notNumber === -1 && !categories.includes(name))
    return { name, kind: 'number', values: Float64Array.from(numbers as number[]) };
  return {
    name,
    kind: 'category',
    values: texts.map((text, row) => (present[row] ? text : undefined)),
    notNumber: notNumber === -1 ? undefined : notNumber,
  };
}

/** Returns the finite number that a text is; undefined if it is none. */
export function numberOf(text: string, decimal: TableFormat['decimal']): number | undefined {
  const written = decimal === ',' ? text.replace(',', '.') : text;
  if (decimal === ',' && text.includes('.')) return undefined;
  if (!/^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(written)) return undefined;
  const number = Number(written);
  return Number.isFinite(number) ? number : undefined;
}
