/**
 * Reads text files of separated values (RFC 4180): fields in double quotes may have separators, line breaks, and
 * quotes written twice.
 */
import { constants } from 'node:buffer';
import { DataSetError, unusable } from './data-set.ts';
import type { DataFile } from './data-file.ts';

/** A line of a file, or several if a quoted field has line breaks. */
export interface CsvRecord {
  /** Number of its first line, counted from 1. */
  readonly line: number;
  /** Without the spaces around them, but as they are inside quotes. */
  readonly fields: readonly string[];
}

const QUOTE = '"';

/**
 * Returns the records of a file in UTF-8, with or without byte order mark; lines with nothing in them are left out.
 * All records have as many fields as the first.
 *
 * @throws DataSetError naming file, line, rule and what was found
 */
export function parseCsv({ path, bytes }: DataFile, separator: string): CsvRecord[] {
  const records = [...recordsOf(path, decode(path, bytes), separator)];
  const [first] = records;
  if (!first) throw unusable(path, 'at least one line', 'none');
  const uneven = records.find(({ fields }) => fields.length !== first.fields.length);
  if (uneven)
    throw unusable(
      path,
      `${first.fields.length} fields in line ${uneven.line}, as in line ${first.line}`,
      uneven.fields.length,
    );
  return records;
}

/**
 * Returns the first record of a file of which these bytes are the beginning; undefined if it goes on behind them.
 *
 * @throws DataSetError naming file, line, rule and what was found
 */
export function parseFirstRecord({ path, bytes }: DataFile, separator: string): CsvRecord | undefined {
  const content = decode(path, bytes, { stream: true });
  const [first] = recordsOf(path, content, separator);
  return first === undefined || first.end > content.length ? undefined : first;
}

/** `stream`: the last letter may be cut. */
function decode(path: string, bytes: Uint8Array, options?: { readonly stream: boolean }): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes, options);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ERR_STRING_TOO_LONG')
      throw unusable(path, `text of at most ${constants.MAX_STRING_LENGTH} characters`, `${bytes.length} bytes`);
    throw new DataSetError(`Cannot use data file ${path}: expected text in UTF-8, got other bytes`, error);
  }
}

/** `end`: where the next record begins; beyond the content if the last one has no line break. */
function* recordsOf(path: string, content: string, separator: string): Generator<CsvRecord & { readonly end: number }> {
  let at = 0;
  let line = 1;
  while (at < content.length) {
    const start = line;
    const fields: string[] = [];
    for (let ended = false; !ended;) {
      const field = readField(path, content, at, separator, line);
      fields.push(field.value);
      line += field.lineBreaks;
      ended = content[field.end] !== separator;
      at = field.end + 1;
    }
    if (content[at - 1] === '\r' && content[at] === '\n') at++;
    line++;
    if (fields.length > 1 || fields[0] !== '') yield { line: start, fields, end: at };
  }
}

interface Field {
  readonly value: string;
  /** Where the separator or the line break after it is, or the end of the file. */
  readonly end: number;
  /** Inside it. */
  readonly lineBreaks: number;
}

function readField(path: string, content: string, from: number, separator: string, line: number): Field {
  let at = skipSpaces(content, from);
  if (content[at] !== QUOTE) {
    while (!endsField(content, at, separator)) at++;
    const value = content.slice(from, at).trim();
    if (value.includes(QUOTE))
      throw unusable(path, `no quote inside a field that does not begin with one, in line ${line}`, clip(value));
    return { value, end: at, lineBreaks: 0 };
  }
  const parts: string[] = [];
  for (;;) {
    const close = content.indexOf(QUOTE, at + 1);
    if (close === -1)
      throw unusable(path, `a quote that ends the field in line ${line}`, clip(content.slice(at, at + 80)));
    parts.push(content.slice(at + 1, close));
    at = close + 1;
    if (content[at] !== QUOTE) break;
    parts.push(QUOTE);
  }
  const value = parts.join('');
  at = skipSpaces(content, at);
  if (!endsField(content, at, separator))
    throw unusable(path, `a separator after the quoted field in line ${line}`, clip(content.slice(at, at + 80)));
  return { value, end: at, lineBreaks: value.split(/\r\n|\r|\n/).length - 1 };
}

function skipSpaces(content: string, from: number): number {
  let at = from;
  while (content[at] === ' ') at++;
  return at;
}

function endsField(content: string, at: number, separator: string): boolean {
  return at >= content.length || content[at] === separator || content[at] === '\n' || content[at] === '\r';
}

function clip(found: string): string {
  return JSON.stringify(found.length > 40 ? `${found.slice(0, 40)}…` : found);
}
