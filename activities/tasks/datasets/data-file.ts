/**
 * Files of data sets, plain or compressed by gzip.
 */
import { closeSync, openSync, readFileSync, readSync } from 'node:fs';
import { resolve } from 'node:path';
import { constants, gunzipSync } from 'node:zlib';
import { DataSetError } from './data-set.ts';

export interface DataFile {
  /** Absolute. */
  readonly path: string;
  readonly bytes: Uint8Array;
}

/**
 * Reads a file; one that begins as gzip does is decompressed, whatever its name. A relative path is looked up in the
 * working directory of the process.
 *
 * @throws DataSetError if it is missing, unreadable or damaged; `advice` says what to do then
 */
export function readDataFile(path: string, advice?: string): DataFile {
  const absolute = resolve(path);
  try {
    const content = readFileSync(absolute);
    // In one piece: else the pieces and the whole are in memory together.
    const bytes = isCompressed(content) ? gunzipSync(content, { chunkSize: sizeOf(content) }) : content;
    return { path: absolute, bytes };
  } catch (error) {
    throw unreadable(absolute, error, advice);
  }
}

/**
 * Reads the beginning of a file: so many bytes as they are stored, or what they are when they are decompressed.
 *
 * @throws DataSetError if it is missing, unreadable or damaged; `advice` says what to do then
 */
export function readBeginning(path: string, storedBytes: number, advice?: string): DataFile {
  const absolute = resolve(path);
  try {
    const content = readFirst(absolute, storedBytes);
    const bytes = isCompressed(content) ? gunzipSync(content, { finishFlush: constants.Z_SYNC_FLUSH }) : content;
    return { path: absolute, bytes };
  } catch (error) {
    throw unreadable(absolute, error, advice);
  }
}

function readFirst(path: string, most: number): Uint8Array {
  const file = openSync(path, 'r');
  try {
    const bytes = new Uint8Array(most);
    return bytes.subarray(0, readSync(file, bytes));
  } finally {
    closeSync(file);
  }
}

function isCompressed(content: Uint8Array): boolean {
  return content[0] === 0x1f && content[1] === 0x8b;
}

function unreadable(path: string, error: unknown, advice?: string): DataSetError {
  const hint = advice === undefined ? '' : `. ${advice}`;
  return new DataSetError(`Cannot read data file ${path}: ${reasonOf(error)}${hint}`, error);
}

/** About how many bytes a gzip file has inside: the last four bytes say, if it is of one part and below 4 GiB. */
function sizeOf({ buffer, byteOffset, byteLength }: Uint8Array): number {
  const claimed = byteLength < 18 ? 0 : new DataView(buffer, byteOffset + byteLength - 4).getUint32(0, true);
  // No format of these data sets is compressed to less than a thousandth.
  return Math.max(2 ** 14, Math.min(claimed + 1, 1_000 * byteLength, 2 ** 30));
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (!('code' in error)) return error.message;
  if (error.code === 'ENOENT') return 'there is no such file';
  if (error.code === 'EISDIR') return 'it is a folder';
  if (error.code === 'Z_BUF_ERROR') return 'its gzip data end early';
  return error.message;
}
