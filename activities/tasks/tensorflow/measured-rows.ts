/**
 * Rows to measure, batch by batch: rows that TensorFlow holds, rows of their own, or rows that are streamed.
 */
import type { CompiledNetwork } from './compiled-network.ts';
import { MadeAhead } from './made-ahead.ts';
import type { Feeds, MeasuredStream, Sums } from './network-definition.ts';
import { disposeAll, type MeasuredBatch } from './shared-data.ts';
import type { TensorProgram } from './tensor-program.ts';

/** Batches of a stream that are made ahead. */
const AHEAD = 2;

/** Sums over so many rows. */
export interface Measurement {
  readonly sums: Sums;
  readonly rows: number;
}

/** Batches with the number of rows that count in each. */
export type MeasuredBatches = Iterable<CountedBatch> | AsyncIterable<CountedBatch>;

interface CountedBatch {
  readonly batch: MeasuredBatch;
  readonly rows: number;
}

/** Gives rows of the network's data, and frees each batch before the next one is made. */
export function* rowsOf(network: CompiledNetwork, rows: Uint32Array): Iterable<CountedBatch> {
  yield* disposing(network.prepareRows(rows), rows.length, network.chunk);
}

/** Gives rows of their own, all of them, and frees each batch before the next one is made. */
export function* rowsOfFeeds(network: CompiledNetwork, feeds: Feeds): Iterable<CountedBatch> {
  const [rows = 0] = Object.values(feeds)[0]?.shape ?? [];
  if (rows > 0) yield* disposing(network.prepareFeeds(feeds, rows), rows, network.chunk);
}

/** Gives rows of a stream, made while others are measured, and frees each batch before the next one is made. */
export async function* rowsOfStream(
  network: CompiledNetwork,
  { measured }: MeasuredStream,
  rows: Uint32Array,
): AsyncIterable<CountedBatch> {
  const { chunk } = network;
  const batches = Math.ceil(rows.length / chunk);
  const made = new MadeAhead((index) => measured(rows.subarray(index * chunk, (index + 1) * chunk)), AHEAD, batches);
  for (let index = 0; index < batches; index++) yield* rowsOfFeeds(network, await made.take(index));
}

/** Counts batches that are kept. */
export function counted(batches: Iterable<MeasuredBatch>, rows: number, chunk: number): Iterable<CountedBatch> {
  return [...batches].map((batch, index) => ({ batch, rows: Math.min(chunk, rows - index * chunk) }));
}

/**
 * Returns the sums of what a program measures over batches, in doubles; undefined if a value or a weight is not finite,
 * or there are no rows.
 */
export async function sumMeasurements(
  program: TensorProgram,
  batches: MeasuredBatches,
): Promise<Measurement | undefined> {
  const sums: Record<string, [number, ...number[]]> = {};
  let all = 0;
  for await (const { batch, rows } of batches) {
    const { finite, ...values } = program.run('measure', { inputs: batch });
    if (finite?.[0] !== 1) return undefined;
    all += rows;
    for (const [name, parts] of Object.entries(values)) {
      const sum = (sums[name] ??= Array<number>(parts.length).fill(0) as [number, ...number[]]);
      parts.forEach((part, index) => (sum[index]! += part));
    }
  }
  return all === 0 ? undefined : { sums, rows: all };
}

function* disposing(batches: Iterable<MeasuredBatch>, rows: number, chunk: number): Iterable<CountedBatch> {
  let left = rows;
  for (const batch of batches) {
    try {
      yield { batch, rows: Math.min(chunk, left) };
    } finally {
      disposeAll(batch);
    }
    left -= chunk;
  }
}
