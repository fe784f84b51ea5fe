/**
 * The search for the newest round that a run can resume from: one that all sub-populations recorded, whose records fit,
 * and whose checkpoints are whole. Lost decisions of an older round cost that round's story, not the round.
 */
import { inParallel } from '../../workflows/population/in-parallel.ts';
import type { PopulationState } from '../../workflows/population/state.ts';
import type { RunFolder } from '../contracts/checkpoint.ts';
import type { LatestRound } from '../contracts/run.ts';
import { decisionsKey, stateKey } from '../storage/layout.ts';
import { MISSING, type CheckpointStore } from '../storage/checkpoints.ts';
import { completeRounds, subPopulationNumbers, READS_AT_ONCE, referenceTo } from './rounds.ts';
import type { LevelsByRound, RoundRecords } from './rounds.ts';
import { checkState, stateAfter, unbroken } from './sealing.ts';
import type { Chain, SealedRecord, StoredState } from './sealing.ts';

export interface Search {
  readonly storage: RunFolder;
  readonly subPopulations: number;
  /**
   * Rounds that the run that resumes is to have; 0: no more than were recorded. The last round of a shorter run lacks
   * its exploits, so it does not count.
   */
  readonly rounds?: number;
}

/**
 * Returns the newest round to resume from, and the records that were refused on the way. A round after which the
 * operator ended the run does not count: it lacks its exploits and promotions, and a stop can be undone.
 */
export async function findLatestRound(
  checkpoints: Pick<CheckpointStore, 'findDamage'>,
  records: RoundRecords,
  { storage, subPopulations, rounds = 0 }: Search,
): Promise<LatestRound> {
  const states = await records.recorded(storage);
  const [newest] = completeRounds(united(states, await records.decided(storage)), subPopulations);
  if (newest === undefined) return { round: 0, records: [], refused: [] };
  const chains: Chain[] = [];
  for (const level of subPopulationNumbers(subPopulations)) chains.push(await records.chain(storage, newest, level));
  const refused = chains.flatMap(({ problems }) => problems.map(({ key, reason }) => `${key}: ${reason}`));
  for (const { round, newestRecords } of candidates(states, chains)) {
    if (newestRecords.some(hasEnded) || (round < rounds && wasLast(newestRecords[0]))) continue;
    const levels = chains.map((chain) => chain.records.slice(0, round));
    const candidate = { checkpoints, records, storage, round, newestRecords, levels, hasStates: states.has(round) };
    const found = await examine(candidate);
    refused.push(...found.refused);
    if (found.isUsable) return { round, records: newestRecords.map(referenceTo), refused };
  }
  return { round: 0, records: [], refused };
}

/**
 * Returns the rounds whose records are there, newest first. Older rounds than those of which states are kept have lost
 * their checkpoints, unless the states were deleted.
 */
function candidates(
  states: LevelsByRound,
  chains: readonly Chain[],
): readonly { readonly round: number; readonly newestRecords: readonly SealedRecord[] }[] {
  const unbrokenUntil = Math.min(...chains.map(({ records }) => unbroken(records).length));
  return [...new Set([...states.keys(), unbrokenUntil])]
    .sort((a, b) => b - a)
    .map((round) => ({ round, newestRecords: chains.flatMap(({ records }) => records[round - 1] ?? []) }))
    .filter(({ newestRecords }) => newestRecords.length === chains.length);
}

interface Candidate {
  readonly checkpoints: Pick<CheckpointStore, 'findDamage'>;
  readonly records: RoundRecords;
  readonly storage: RunFolder;
  readonly round: number;
  /** Records of the round, P1's first. */
  readonly newestRecords: readonly SealedRecord[];
  /** Records up to the round, P1's first; undefined: it is lost. */
  readonly levels: readonly (readonly (SealedRecord | undefined)[])[];
  /** Whether a state of the round is stored. */
  readonly hasStates: boolean;
}

interface Examined {
  readonly refused: readonly string[];
  readonly isUsable: boolean;
}

async function examine(candidate: Candidate): Promise<Examined> {
  const { checkpoints, storage, round, newestRecords, hasStates } = candidate;
  const states: PopulationState[] = [];
  const refused: string[] = [];
  for (const [index, record] of newestRecords.entries()) {
    const after = await stateOf(candidate, record, index);
    const reason = 'reason' in after ? after.reason : checkGeneration(record, newestRecords[0]);
    if (reason !== undefined) refused.push(`${decisionsKey(storage, round, index + 1)}: ${reason}`);
    if ('state' in after) states.push(after.state);
  }
  if (refused.length > 0) return { refused, isUsable: false };
  const damaged = await findDamaged(checkpoints, storage.bucket, states);
  // Collected: nothing is wrong with the round.
  if (!hasStates && damaged.some(({ damage }) => damage === MISSING)) return { refused: [], isUsable: false };
  const stored = await checkStoredStates(candidate);
  return {
    refused: [...damaged.map(({ key, damage }) => `${key}: ${damage}`), ...stored.refused],
    isUsable: damaged.length === 0 && stored.isUsable,
  };
}

/** Returns the state after a record: rebuilt, or as it is stored if a record on the way is lost. */
async function stateOf(
  { records, storage, round, levels }: Candidate,
  record: SealedRecord,
  index: number,
): Promise<ReturnType<typeof stateAfter>> {
  const all = levels[index] ?? [];
  if (unbroken(all).length === all.length) return stateAfter(unbroken(all));
  const stored = await records.storedState(storage, round, record.subPopulation);
  const reason = checkState(stored, record);
  return reason === undefined ? { state: (stored as StoredState).state } : { reason };
}

/** A state that does not fit is rebuilt from the decisions, unless it contradicts them. */
async function checkStoredStates({ records, storage, round, newestRecords }: Candidate): Promise<Examined> {
  const refused: string[] = [];
  let isUsable = true;
  for (const record of newestRecords) {
    const stored = await records.storedState(storage, round, record.subPopulation);
    const reason = checkState(stored, record);
    if (reason === undefined) continue;
    refused.push(`${stateKey(storage, round, record.subPopulation)}: ${reason}`);
    // If two records of one round contradict each other, nobody can tell which of them was edited.
    if (contradicts(stored, record)) isUsable = false;
  }
  return { refused, isUsable };
}

async function findDamaged(
  checkpoints: Pick<CheckpointStore, 'findDamage'>,
  bucket: string,
  states: readonly PopulationState[],
): Promise<readonly { readonly key: string; readonly damage: string }[]> {
  const workers = states.flatMap(({ members, evaluations }) => [...members, ...evaluations]);
  const references = new Map(
    workers.flatMap((worker) => (worker?.checkpoint ? [[worker.checkpoint.key, worker.checkpoint] as const] : [])),
  );
  const damages = await inParallel(READS_AT_ONCE, [...references.values()], async (reference) => {
    const damage = await checkpoints.findDamage(bucket, reference);
    return damage === null ? [] : [{ key: reference.key, damage }];
  });
  return damages.flat();
}

/** All records of a round are of one generation: a run that is reset repeats a round of which some were missing. */
function checkGeneration(record: SealedRecord | undefined, first: SealedRecord | undefined): string | undefined {
  return record?.generation === first?.generation
    ? undefined
    : `expected a record of generation ${first?.generation}, as that of P1, got ${record?.generation}`;
}

function contradicts(json: unknown, record: SealedRecord): boolean {
  const stored = json as Partial<StoredState> | null | undefined;
  const isOfRecord =
    stored?.run === record.run && stored.round === record.round && stored.subPopulation === record.subPopulation;
  return isOfRecord && stored.decisionsSha256 !== record.sha256;
}

/** Whether the operator ended the run with this round. */
function hasEnded({ events }: SealedRecord): boolean {
  return events.some(({ kind }) => kind === 'ended');
}

/** Whether P1 ended its run with this round: every other round has a step 3. */
function wasLast(record: SealedRecord | undefined): boolean {
  return record !== undefined && !record.events.some(({ kind }) => kind === 'exploited');
}

function united(one: LevelsByRound, other: LevelsByRound): LevelsByRound {
  const rounds = new Set([...one.keys(), ...other.keys()]);
  return new Map([...rounds].map((round) => [round, [...(one.get(round) ?? []), ...(other.get(round) ?? [])]]));
}
