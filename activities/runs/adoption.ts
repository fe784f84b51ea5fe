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
import { checkpointKey } from '../storage/layout.ts';
import { expected } from '../../workflows/validation/complaints.ts';
import { inParallel } from '../../workflows/population/in-parallel.ts';
import type { LatestRound } from '../contracts/run.ts';
import { applyEvents, emptyPopulation } from '../../workflows/population/reducer.ts';
import type { PopulationState } from '../../workflows/population/state.ts';
import { InvalidSpecification } from '../specification/parsing.ts';
import { findLatestRound } from './latest-round.ts';
import { INVALID_SPECIFICATION } from './plan.ts';
import { READS_AT_ONCE, referenceTo, type RoundRecords } from './rounds.ts';
import { sealRecord, type SealedRecord } from './sealing.ts';

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
  records: RoundRecords,
  checkpoints: Pick<CheckpointStore, 'get' | 'put' | 'findDamage'>,
  { storage, from, subPopulations, rounds, generation }: Adoption,
): Promise<LatestRound> {
  const own = await findLatestRound(checkpoints, records, { storage, subPopulations });
  if (own.round > 0) return own;
  const earlier = await findLatestRound(checkpoints, records, { storage: from, subPopulations, rounds });
  const refused = [...own.refused, ...earlier.refused];
  if (earlier.round === 0) throw nothingToGoOnFrom(from, subPopulations, refused);
  const levels: EarlierLevel[] = [];
  for (const reference of earlier.records) {
    const { round, subPopulation } = reference;
    const { records: all } = await records.chain(from, round, subPopulation);
    levels.push({ records: all, state: await records.state(from, round, subPopulation, reference) });
  }
  const states = levels.map(({ state }) => state);
  if (earlier.round > rounds) throw tooShort(earlier.round, states[0]?.step ?? 0, rounds);
  await copyCheckpoints(checkpoints, states, from, storage);
  await records.setAside(storage, 0, generation);
  // No state is written before all decisions are: an adoption that was cut off begins again.
  const newest: Adopted[] = [];
  for (const level of levels) newest.push(...(await adoptDecisions(records, level, storage, generation)));
  for (const { record, state } of newest) await records.writeState(storage, record, state);
  return { round: earlier.round, records: newest.map(({ record }) => referenceTo(record)), refused };
}

/** What the new run needs of a sub-population. */
interface EarlierLevel {
  /** Up to the round to resume from; undefined: it is lost. */
  readonly records: readonly (SealedRecord | undefined)[];
  /** After the last record. */
  readonly state: PopulationState;
}

async function copyCheckpoints(
  checkpoints: Pick<CheckpointStore, 'get' | 'put' | 'findDamage'>,
  states: readonly PopulationState[],
  from: RunFolder,
  storage: RunFolder,
): Promise<void> {
  const workers = states.flatMap(({ members, evaluations }) => [...members, ...evaluations]);
  const references = new Map(
    workers.flatMap((worker) => (worker?.checkpoint ? [[worker.checkpoint.sha256, worker.checkpoint] as const] : [])),
  );
  await inParallel(READS_AT_ONCE, [...references.values()], async (reference) => {
    await copyCheckpoint(reference);
  });
  // Nobody continues from the best one seen, so the run goes on if that one is lost.
  for (const best of states.flatMap((state) => state.best?.checkpoint ?? []))
    if ((await checkpoints.findDamage(from.bucket, best)) === null) await copyCheckpoint(best);

  async function copyCheckpoint(reference: CheckpointReference): Promise<void> {
    await checkpoints.put(storage, await checkpoints.get(from.bucket, reference), reference.step);
  }
}

interface Adopted {
  readonly record: SealedRecord;
  /** After the record. */
  readonly state: PopulationState;
}

/**
 * Writes the decisions of a sub-population as the new run's own; the first names the new run's specification. What is
 * lost stays lost. Returns the last one.
 */
async function adoptDecisions(
  records: RoundRecords,
  earlier: EarlierLevel,
  storage: RunFolder,
  generation: string,
): Promise<readonly Adopted[]> {
  let previous = await records.specificationDigest(storage);
  // Null from the first lost record on.
  let state: PopulationState | null = emptyPopulation();
  const final = relocate(earlier.state, storage);
  let last: SealedRecord | undefined;
  for (const [index, record] of earlier.records.entries()) {
    if (record === undefined) {
      state = null;
      continue;
    }
    const { run, generation: first, round, subPopulation, origin, sha256, events, cost } = record;
    const relocated = relocate(events, storage);
    state = state && applyEvents(state, relocated);
    if (index === earlier.records.length - 1) state ??= final;
    const adopted = { run: storage.folder, generation, round, subPopulation, previous };
    last = sealRecord({ ...adopted, origin: origin ?? { run, generation: first, sha256 } }, relocated, state, cost);
    previous = last.sha256;
    await records.writeDecisions(storage, last);
  }
  return last === undefined ? [] : [{ record: last, state: state ?? final }];
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
