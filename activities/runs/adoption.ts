/**
 * Adoption: a new run goes on from an earlier one's rounds, also when the Temporal server that knew the earlier one is
 * gone.
 *
 * What the new run needs is copied into its own folder, so that neither ever deletes the other's objects: the decisions
 * of all rounds, the newest state that can be gone on from, and the checkpoints that this state refers to. Digests stay
 * what they were; only keys change.
 */
import { ApplicationFailure } from '@temporalio/common';
import type { CheckpointReference, RunFolder } from '../contracts/checkpoint.ts';
import type { CheckpointStore } from '../storage/checkpoints.ts';
import { checkpointKey } from '../storage/layout.ts';
import { inParallel } from '../../workflows/population/in-parallel.ts';
import { subPopulationNumbers, READS_AT_ONCE, type RoundRecords } from './rounds.ts';

/** Failure type of a run that is to go on from one of which nothing can be gone on from. */
export const NOTHING_TO_GO_ON_FROM = 'NothingToGoOnFrom';

export interface Adoption {
  readonly storage: RunFolder;
  readonly from: RunFolder;
  readonly subPopulations: number;
  /**
   * Rounds that the new run is to have: the last round of an earlier, shorter one lacks its exploits, and is trained
   * again.
   */
  readonly rounds: number;
}

/**
 * Copies what is needed, the states last, and returns the round to go on from. Does nothing where the new run has
 * recorded rounds already.
 *
 * @throws ApplicationFailure of type 'NothingToGoOnFrom', not retryable, where the earlier run recorded no round
 */
export async function adoptRounds(
  records: RoundRecords,
  checkpoints: Pick<CheckpointStore, 'get' | 'put'>,
  { storage, from, subPopulations, rounds }: Adoption,
): Promise<number> {
  const own = await records.latest(storage, subPopulations);
  if (own > 0) return own;
  const round = await records.latest(from, subPopulations, rounds);
  if (round === 0) {
    throw ApplicationFailure.create({
      type: NOTHING_TO_GO_ON_FROM,
      nonRetryable: true,
      message:
        `Cannot go on from s3://${from.bucket}/${from.folder}: no round of it is recorded by all ` +
        `${subPopulations} sub-populations`,
    });
  }
  const states = await Promise.all(
    subPopulationNumbers(subPopulations).map((level) => records.state(from, round, level)),
  );
  const references = new Map(
    states.flatMap(({ members, evaluations }) =>
      [...members, ...evaluations].flatMap((worker) =>
        worker?.checkpoint ? [[worker.checkpoint.sha256, worker.checkpoint] as const] : [],
      ),
    ),
  );
  await inParallel(READS_AT_ONCE, [...references.values()], async (reference) => {
    await checkpoints.put(storage, await checkpoints.get(from.bucket, reference), reference.step);
  });
  for (const level of subPopulationNumbers(subPopulations)) {
    for (const record of await records.records(from, round, level))
      await records.writeRecord(storage, relocated(record, storage));
  }
  for (const state of states) await records.writeState(storage, round, relocated(state, storage));
  return round;
}

/** Returns the value with every reference to a checkpoint leading into the folder. */
function relocated<T>(value: T, storage: RunFolder): T {
  return JSON.parse(JSON.stringify(value), (_, one: unknown) =>
    isReference(one) ? { ...one, key: checkpointKey(storage, one.sha256) } : one,
  ) as T;
}

function isReference(value: unknown): value is CheckpointReference {
  return typeof value === 'object' && value !== null && 'key' in value && 'sha256' in value;
}
