/**
 * Adoption: a new run resumes from an earlier run's rounds, even if the Temporal server that knew the earlier run is
 * gone.
 *
 * What the new run needs is copied into its own folder, so that neither run ever deletes the other's objects: the
 * decisions of all rounds, the newest state to resume from, and the checkpoints that this state refers to. The copied
 * records are sealed as the new run's own, and each names the record that it was adopted from.
 */
import { ApplicationFailure } from '@temporalio/common';
import type { CheckpointReference, RunFolder } from '../contracts/checkpoint.ts';
import type { CheckpointStore } from '../storage/checkpoints.ts';
import type { ObjectStore } from '../storage/object-store.ts';
import { checkpointKey } from '../storage/layout.ts';
import { expected } from '../../workflows/validation/complaints.ts';
import { inParallel } from '../../workflows/population/in-parallel.ts';
import type { LatestRound } from '../contracts/run.ts';
import { applyEvents, emptyPopulation } from '../../workflows/population/reducer.ts';
import type { PopulationState } from '../../workflows/population/state.ts';
import { InvalidSpecification } from '../specification/parsing.ts';
import { findLatestRound } from './latest-round.ts';
import { INVALID_SPECIFICATION } from './plan.ts';
import { subPopulationNumbers, READS_AT_ONCE, referenceTo, type RoundRecords } from './rounds.ts';
import { foldEvents, sealRecord, type SealedRecord } from './sealing.ts';

/** Failure type of a run that is to resume from a run of which no round can be used. */
export const NOTHING_TO_GO_ON_FROM = 'NothingToGoOnFrom';

export interface Adoption {
  readonly storage: RunFolder;
  readonly from: RunFolder;
  readonly subPopulations: number;
  /** Rounds that the new run is to have. */
  readonly rounds: number;
  /** Run id of the new run's root. */
  readonly generation: string;
}

/**
 * Copies what is needed, the states last, and returns the round to resume from. Copies nothing if the new run has
 * recorded rounds already.
 *
 * @throws ApplicationFailure of type 'NothingToGoOnFrom', not retryable, if no round of the earlier run can be used; of
 *   type 'InvalidSpecification', not retryable, if the new run is to have fewer rounds than the earlier run has trained
 */
export async function adoptRounds(
  objects: Pick<ObjectStore, 'exists'>,
  records: RoundRecords,
  checkpoints: Pick<CheckpointStore, 'get' | 'put'>,
  { storage, from, subPopulations, rounds, generation }: Adoption,
): Promise<LatestRound> {
  const own = await findLatestRound(objects, records, { storage, subPopulations });
  if (own.round > 0) return own;
  const earlier = await findLatestRound(objects, records, { storage: from, subPopulations, rounds });
  const refused = [...own.refused, ...earlier.refused];
  if (earlier.round === 0) throw nothingToGoOnFrom(from, subPopulations, refused);
  const levels: (readonly SealedRecord[])[] = [];
  for (const level of subPopulationNumbers(subPopulations))
    levels.push(await records.records(from, earlier.round, level));
  const states = levels.map(foldEvents);
  if (earlier.round > rounds) throw tooShort(earlier.round, states[0]?.step ?? 0, rounds);
  await copyCheckpoints(checkpoints, states, from, storage);
  await records.setAside(storage, 0, generation);
  // No state is written before all decisions are: an adoption that was cut off begins again.
  const newest: Adopted[] = [];
  for (const level of levels) newest.push(...(await adoptDecisions(records, level, storage, generation)));
  for (const { record, state } of newest) await records.writeState(storage, record, state);
  return { round: earlier.round, records: newest.map(({ record }) => referenceTo(record)), refused };
}

async function copyCheckpoints(
  checkpoints: Pick<CheckpointStore, 'get' | 'put'>,
  states: readonly PopulationState[],
  from: RunFolder,
  storage: RunFolder,
): Promise<void> {
  const workers = states.flatMap(({ members, evaluations }) => [...members, ...evaluations]);
  const references = new Map(
    workers.flatMap((worker) => (worker?.checkpoint ? [[worker.checkpoint.sha256, worker.checkpoint] as const] : [])),
  );
  await inParallel(READS_AT_ONCE, [...references.values()], async (reference) => {
    await checkpoints.put(storage, await checkpoints.get(from.bucket, reference), reference.step);
  });
}

interface Adopted {
  readonly record: SealedRecord;
  /** After the record. */
  readonly state: PopulationState;
}

/**
 * Writes the decisions of a sub-population as the new run's own; the first names the new run's specification. Returns
 * the last one.
 */
async function adoptDecisions(
  records: RoundRecords,
  earlier: readonly SealedRecord[],
  storage: RunFolder,
  generation: string,
): Promise<readonly Adopted[]> {
  let previous = await records.specificationDigest(storage);
  let state = emptyPopulation();
  let last: SealedRecord | undefined;
  for (const { run, generation: first, round, subPopulation, origin, sha256, events, cost } of earlier) {
    const relocated = relocate(events, storage);
    state = applyEvents(state, relocated);
    const adopted = { run: storage.folder, generation, round, subPopulation, previous };
    last = sealRecord({ ...adopted, origin: origin ?? { run, generation: first, sha256 } }, relocated, state, cost);
    previous = last.sha256;
    await records.writeDecisions(storage, last);
  }
  return last === undefined ? [] : [{ record: last, state }];
}

function nothingToGoOnFrom(from: RunFolder, subPopulations: number, refused: readonly string[]): ApplicationFailure {
  const message =
    `Cannot go on from s3://${from.bucket}/${from.folder}: ` +
    (refused.length === 0
      ? `no round of it is recorded by all ${subPopulations} sub-populations`
      : `no round of it can be used\n${refused.map((one) => `Refused record ${one}`).join('\n')}`);
  return ApplicationFailure.create({ type: NOTHING_TO_GO_ON_FROM, nonRetryable: true, message });
}

/** Its result would be that of rounds that it never trained. */
function tooShort(trainedRounds: number, trainedSteps: number, rounds: number): ApplicationFailure {
  const { message, complaints } = new InvalidSpecification([
    expected(
      ['steps'],
      `at least ${trainedSteps}, as many as the earlier run has trained (${trainedRounds} rounds)`,
      String((rounds * trainedSteps) / trainedRounds),
    ),
  ]);
  return ApplicationFailure.create({ type: INVALID_SPECIFICATION, nonRetryable: true, message, details: [complaints] });
}

/** Returns the value with every reference to a checkpoint leading into the folder. */
function relocate<T>(value: T, storage: RunFolder): T {
  return JSON.parse(JSON.stringify(value), (_, one: unknown) =>
    isReference(one) ? { ...one, key: checkpointKey(storage, one.sha256) } : one,
  ) as T;
}

function isReference(value: unknown): value is CheckpointReference {
  return typeof value === 'object' && value !== null && 'key' in value && 'sha256' in value;
}
