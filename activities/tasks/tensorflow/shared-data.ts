/**
 * Data that the networks of a process share: rows that TensorFlow holds, and objectives that are prepared.
 */
import { createHash } from 'node:crypto';
import type { TensorFlow } from './library.ts';
import type { Feeds } from './network-definition.ts';
import { ResidentTensor } from './program.ts';
import { SharedValues, type Lease } from './shared-values.ts';

export type ResidentTensors = Readonly<Record<string, ResidentTensor>>;

/** Prepared rows that stay with TensorFlow; `counts` is 0 for those that only fill the last batch up. */
export type MeasuredBatch = ResidentTensors;

/** Data sets that stay although nobody uses them: those of a few experiments at once, and more if they are small. */
const MOST_UNUSED_DATA = 2;
const MOST_UNUSED_BYTES = 2 ** 28;
/** Objectives that stay although nobody uses them. */
const MOST_UNUSED_OBJECTIVES = 4;

const residents = new SharedValues<ResidentTensors>(MOST_UNUSED_DATA, disposeAll, MOST_UNUSED_BYTES, bytesOf);
const objectives = new SharedValues<readonly MeasuredBatch[]>(MOST_UNUSED_OBJECTIVES, (batches) =>
  batches.forEach(disposeAll),
);

/** Returns the data of that key, loaded if no network has them loaded. */
export function leaseData(
  tensorflow: TensorFlow,
  key: string,
  load: () => Feeds | Promise<Feeds>,
): Promise<Lease<ResidentTensors>> {
  return residents.lease(key, async () => residentTensors(tensorflow, await load()));
}

/** Returns these rows as programs of that key measure them, prepared if no session has them prepared. */
export function leaseObjective(
  programKey: string,
  rows: Uint32Array,
  prepare: (rows: Uint32Array) => Iterable<MeasuredBatch>,
): Promise<Lease<readonly MeasuredBatch[]>> {
  const digest = createHash('sha256').update(rows).digest('hex');
  return objectives.lease(JSON.stringify([programKey, digest]), () => [...prepare(rows)]);
}

/** Hands values over to TensorFlow. */
export function residentTensors({ binding }: TensorFlow, feeds: Feeds): ResidentTensors {
  return Object.fromEntries(Object.entries(feeds).map(([name, feed]) => [name, new ResidentTensor(binding, feed)]));
}

function bytesOf(tensors: ResidentTensors): number {
  return Object.values(tensors).reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
}

/** Frees prepared rows, or a data set. */
export function disposeAll(tensors: ResidentTensors): void {
  for (const tensor of Object.values(tensors)) tensor.dispose();
}
