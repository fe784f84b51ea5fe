/**
 * Files of data sets, plain or compressed by gzip.
 */
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { gunzipSync } from 'node:zlib';
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
  const refuse = (error: unknown): never => {
    const hint = advice === undefined ? '' : `. ${advice}`;
    throw new DataSetError(`Cannot read data file ${absolute}: ${reasonOf(error)}${hint}`, error);
  };
  let content: Uint8Array;
  try {
    content = readFileSync(absolute);
  } catch (error) {
    return refuse(error);
  }
  if (content[0] !== 0x1f || content[1] !== 0x8b) return { path: absolute, bytes: content };
  try {
    // In one piece: else the pieces and the whole are in memory together.
    return { path: absolute, bytes: gunzipSync(content, { chunkSize: sizeOf(content) }) };
  } catch (error) {
    return refuse(error);
  }
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
