/**
 * The search for the newest round that a run can resume from: one that all sub-populations recorded, whose records fit,
 * and whose checkpoints are there.
 */
import { inParallel } from '../../workflows/population/in-parallel.ts';
import type { PopulationState } from '../../workflows/population/state.ts';
import type { RunFolder } from '../contracts/checkpoint.ts';
import type { LatestRound } from '../contracts/run.ts';
import { decisionsKey, stateKey } from '../storage/layout.ts';
import type { ObjectStore } from '../storage/object-store.ts';
import { completeRounds, subPopulationNumbers, READS_AT_ONCE, referenceTo } from './rounds.ts';
import type { LevelsByRound, RoundRecords } from './rounds.ts';
import { checkState, MISSING, stateAfter } from './sealing.ts';
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
  objects: Pick<ObjectStore, 'exists'>,
  records: RoundRecords,
  { storage, subPopulations, rounds = 0 }: Search,
): Promise<LatestRound> {
  const states = await records.recorded(storage);
  const [newest] = completeRounds(united(states, await records.decided(storage)), subPopulations);
  if (newest === undefined) return { round: 0, records: [], refused: [] };
  const chains: Chain[] = [];
  for (const level of subPopulationNumbers(subPopulations)) chains.push(await records.chain(storage, newest, level));
  const refused = chains.flatMap(({ problem }) => (problem ? [`${problem.key}: ${problem.reason}`] : []));
  const fitting = Math.min(...chains.map((chain) => chain.records.length));
  for (const round of candidates(states, fitting)) {
    const levels = chains.map((chain) => chain.records.slice(0, round));
    if (levels.some(hasEnded) || (round < rounds && wasLast(levels[0]))) continue;
    const found = await examine({ objects, records, storage, round, levels, hasStates: states.has(round) });
    refused.push(...found.refused);
    if (found.isUsable) return { round, records: levels.flatMap((level) => level.slice(-1)).map(referenceTo), refused };
  }
  return { round: 0, records: [], refused };
}

/** Older rounds than those of which states are kept have lost their checkpoints, unless the states were deleted. */
function candidates(states: LevelsByRound, fitting: number): number[] {
  return [...new Set([...states.keys(), fitting])]
    .filter((round) => round >= 1 && round <= fitting)
    .sort((a, b) => b - a);
}

interface Candidate {
  readonly objects: Pick<ObjectStore, 'exists'>;
  readonly records: RoundRecords;
  readonly storage: RunFolder;
  readonly round: number;
  /** Records up to the round, P1's first. */
  readonly levels: readonly (readonly SealedRecord[])[];
  /** Whether a state of the round is stored. */
  readonly hasStates: boolean;
}

interface Examined {
  readonly refused: readonly string[];
  readonly isUsable: boolean;
}

async function examine(candidate: Candidate): Promise<Examined> {
  const { objects, storage, round, levels, hasStates } = candidate;
  const states: PopulationState[] = [];
  const refused: string[] = [];
  for (const [index, level] of levels.entries()) {
    const after = stateAfter(level);
    const reason = 'reason' in after ? after.reason : checkGeneration(level.at(-1), levels[0]?.at(-1));
    if (reason !== undefined) refused.push(`${decisionsKey(storage, round, index + 1)}: ${reason}`);
    if ('state' in after) states.push(after.state);
  }
  if (refused.length > 0) return { refused, isUsable: false };
  const missing = await missingCheckpoints(objects, storage.bucket, states);
  // Collected: nothing is wrong with the round.
  if (missing.length > 0 && !hasStates) return { refused: [], isUsable: false };
  const stored = await checkStoredStates(candidate);
  return {
    refused: [...missing.map((key) => `${key}: ${MISSING}`), ...stored.refused],
    isUsable: missing.length === 0 && stored.isUsable,
  };
}

/** A state that does not fit is rebuilt from the decisions, unless it contradicts them. */
async function checkStoredStates({ records, storage, round, levels }: Candidate): Promise<Examined> {
  const refused: string[] = [];
  let isUsable = true;
  for (const record of levels.flatMap((level) => level.slice(-1))) {
    const stored = await records.storedState(storage, round, record.subPopulation);
    const reason = checkState(stored, record);
    if (reason === undefined) continue;
    refused.push(`${stateKey(storage, round, record.subPopulation)}: ${reason}`);
    // If two records of one round contradict each other, nobody can tell which of them was edited.
    if (contradicts(stored, record)) isUsable = false;
  }
  return { refused, isUsable };
}

async function missingCheckpoints(
  objects: Pick<ObjectStore, 'exists'>,
  bucket: string,
  states: readonly PopulationState[],
): Promise<string[]> {
  const workers = states.flatMap(({ members, evaluations }) => [...members, ...evaluations]);
  const keys = [...new Set(workers.flatMap((worker) => worker?.checkpoint?.key ?? []))];
  const exist = await inParallel(READS_AT_ONCE, keys, (key) => objects.exists(bucket, key));
  return keys.filter((_, index) => !exist[index]);
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
function hasEnded(records: readonly SealedRecord[]): boolean {
  return records.at(-1)?.events.some(({ kind }) => kind === 'ended') ?? false;
}

/** Whether P1 ended its run with this round: every other round has a step 3. */
function wasLast(records: readonly SealedRecord[] | undefined): boolean {
  const last = records?.at(-1);
  return last !== undefined && !last.events.some(({ kind }) => kind === 'exploited');
}

function united(one: LevelsByRound, other: LevelsByRound): LevelsByRound {
  const rounds = new Set([...one.keys(), ...other.keys()]);
  return new Map([...rounds].map((round) => [round, [...(one.get(round) ?? []), ...(other.get(round) ?? [])]]));
}
