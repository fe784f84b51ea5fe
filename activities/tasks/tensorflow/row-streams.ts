/**
 * Rows that are made while a network trains on others.
 */
import type { BatchOrder } from '../datasets/split.ts';
import type { InputDefinitions } from './definition.ts';
import { MadeAhead } from './made-ahead.ts';
import type { Feeds, NetworkDefinition, RowStream } from './network-definition.ts';
import type { TensorValues } from './protobuf.ts';
import { ARRAYS } from './tensor-program.ts';
import { sizeOf } from '../shape-size.ts';

/** What batches that are made ahead may take, and how many there are at most. */
const AHEAD_BYTES = 2 ** 28;
export const MOST_AHEAD = 8;

/** What a step is fed: numbers of rows, or what the rows are. */
export function trainedInputs({ data: { load }, batchSize, parts = 1 }: NetworkDefinition): InputDefinitions {
  const rows = batchSize / parts;
  if (typeof load === 'function') return { rows: { dtype: 'int32', shape: [rows] } };
  const inputs = Object.entries(load.columns).map(
    ([name, { dtype, shape }]) => [name, { dtype, shape: [rows, ...shape] }] as const,
  );
  return Object.fromEntries(inputs);
}

/** Returns one row of zeros. */
export function exampleOf({ columns }: RowStream): Feeds {
  const feeds = Object.entries(columns).map(([name, { dtype, shape }]) => {
    const values = new ARRAYS[dtype](sizeOf(shape));
    return [name, { shape: [1, ...shape], values }] as const;
  });
  return Object.fromEntries(feeds);
}

/** Parts of batches, as a step is fed with them. */
export type PartsAhead = MadeAhead<Readonly<Record<string, TensorValues>>>;

/** Returns the parts of the batches of a stream, made ahead; undefined if the rows are not streamed. */
export function partsAhead(
  { data: { load }, batchSize, parts = 1 }: NetworkDefinition,
  order: BatchOrder,
): PartsAhead | undefined {
  if (typeof load === 'function') return undefined;
  const { columns, batch } = load;
  const partRows = batchSize / parts;
  const rowsOf = (part: number): Int32Array => {
    const step = Math.floor(part / parts);
    const first = (part % parts) * partRows;
    return order.batches(step, step + 1).subarray(first, first + partRows);
  };
  const rowBytes = Object.values(columns).reduce(
    (sum, { dtype, shape }) => sum + ARRAYS[dtype].BYTES_PER_ELEMENT * sizeOf(shape),
    0,
  );
  const ahead = Math.max(1, Math.min(MOST_AHEAD, Math.floor(AHEAD_BYTES / (partRows * rowBytes))));
  return new MadeAhead((part) => batch(rowsOf(part), part), ahead);
}
