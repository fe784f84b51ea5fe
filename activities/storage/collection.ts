/**
 * Collection of checkpoints that nothing refers to any more: storage stays proportional to the workers, not to the
 * rounds.
 *
 * It never deletes what somebody still reads. All work starts from states at least as new as the newest complete round,
 * and a state refers only to new checkpoints and to those of the state before it. So what expired rounds trained or
 * refer to, and no kept state does, is never read again. Only that is deleted. A new checkpoint, which no state may
 * refer to yet, is no candidate. (For this, a new checkpoint must differ from every expired one: its metadata holds the
 * step.) Only when a run is finished, everything is deleted that nothing refers to.
 *
 * No state refers to partial checkpoints, only the heartbeats of attempts at their round. Once all sub-populations have
 * recorded the round, there are no more such attempts. (If one was missed after all, its round begins again: that costs
 * time, and changes nothing.)
 *
 * Collection is housekeeping, so nothing waits for it. A record that does not fit is reported, and what it may refer to
 * is kept. What the store refuses to delete is counted, and tried again with the next collection.
 */
import { ApplicationFailure } from '@temporalio/common';
import type { PopulationState } from '../../workflows/population/state.ts';
import { completeRounds, type LevelsByRound, type RoundRecord, type RoundRecords } from '../runs/rounds.ts';
import { RECORD_REFUSED } from '../runs/sealing.ts';
import type { ObjectStore, Undeleted } from './object-store.ts';
import { RIGHTS } from './store-errors.ts';
import type { RunFolder } from '../contracts/checkpoint.ts';
import { checkpointPrefix, endOfPartialsRound, partialPrefix, stateKey } from './layout.ts';

export interface Collection {
  readonly storage: RunFolder;
  readonly subPopulations: number;
  /** How many of the newest complete rounds keep their checkpoints. Incomplete rounds always do. */
  readonly keepRounds: number;
  /** Nothing trains any more: all checkpoints that nothing refers to are deleted. */
  readonly finished: boolean;
}

export interface Collected {
  /** Number of deleted checkpoints. */
  readonly deleted: number;
  /** Number of expired objects that the store refuses to delete. */
  readonly undeleted: number;
  /** Why more was kept than necessary, one message each. */
  readonly warnings: readonly string[];
}

/** A state's place. */
interface Recorded {
  readonly round: number;
  readonly subPopulation: number;
}

/** The states that can be used. */
interface ReadStates {
  readonly states: readonly (Recorded & { readonly state: PopulationState })[];
  /** Why the other states cannot be used. */
  readonly warnings: readonly string[];
}

/** What a collection deletes, in this order: if it crashes in between, the next one finds the rest again. */
interface Expired {
  readonly partials: readonly string[];
  readonly checkpoints: readonly string[];
  /** The states that referred to the checkpoints. */
  readonly states: readonly Recorded[];
  readonly warnings: readonly string[];
}

/** Deletes expired checkpoints, then the expired states that referred to them. */
export async function collectCheckpoints(
  objects: Pick<ObjectStore, 'list' | 'deletePermitted'>,
  rounds: RoundRecords,
  collection: Collection,
): Promise<Collected> {
  const { storage, subPopulations } = collection;
  const recorded = await rounds.recorded(storage);
  const [newest] = completeRounds(recorded, subPopulations);
  if (newest === undefined) return { deleted: 0, undeleted: 0, warnings: [] };
  const expired = await findExpired(objects, rounds, collection, recorded, newest);
  const checkpoints = [...expired.partials, ...expired.checkpoints];
  const states = expired.states.map(({ round, subPopulation }) => stateKey(storage, round, subPopulation));
  const left = await objects.deletePermitted(storage.bucket, checkpoints);
  // The next collection finds the checkpoints that are left through their states.
  const leftStates =
    left.kept > 0 ? { kept: states.length, refusal: undefined } : await objects.deletePermitted(storage.bucket, states);
  return {
    deleted: checkpoints.length - left.kept,
    undeleted: left.kept + leftStates.kept,
    warnings: [...expired.warnings, ...describeRefusal(storage, left), ...describeRefusal(storage, leftStates)],
  };
}

/** Says which right is missing. It names no object, so that the next collection says the same. */
function describeRefusal({ bucket, folder }: RunFolder, { refusal }: Undeleted): string[] {
  if (refusal === undefined) return [];
  const advice = refusal.trouble === 'denied' ? `; grant ${RIGHTS.delete}` : '';
  return [`Cannot delete expired objects in s3://${bucket}/${folder}: ${refusal.reason}${advice} (docs/storage.md)`];
}

async function findExpired(
  objects: Pick<ObjectStore, 'list'>,
  rounds: RoundRecords,
  { storage, keepRounds, finished }: Collection,
  recorded: LevelsByRound,
  newest: number,
): Promise<Expired> {
  const lastStep = finished ? undefined : (): Promise<number> => stepAfter(rounds, storage, newest);
  const partials = await findPartials(objects, storage, lastStep);
  const places = [...recorded].flatMap(([round, levels]) => levels.map((subPopulation) => ({ round, subPopulation })));
  const isExpired = ({ round }: Recorded): boolean => round <= newest - keepRounds;
  const expired = places.filter(isExpired);
  if (expired.length === 0 && !finished) return { partials, checkpoints: [], states: [], warnings: [] };

  const kept = await readStates(
    rounds,
    storage,
    places.filter((place) => !isExpired(place)),
  );
  // A state that cannot be read may refer to any checkpoint, so all of them are kept.
  if (kept.warnings.length > 0) return { partials, checkpoints: [], states: [], warnings: kept.warnings };
  const old = await readStates(rounds, storage, expired);
  const candidates = new Set(old.states.flatMap(({ state }) => checkpointKeys(state)));
  // What a round trained and replaced at once is in no state at all.
  for (const { round, subPopulation } of old.states)
    for (const key of trainedKeys(await rounds.record(storage, round, subPopulation))) candidates.add(key);
  if (finished)
    for (const { key } of await objects.list(storage.bucket, checkpointPrefix(storage))) candidates.add(key);

  const keptKeys = new Set(kept.states.flatMap(({ state }) => checkpointKeys(state)));
  // A state could name any key, but only checkpoints of this run may be deleted.
  const checkpoints = [...candidates].filter((key) => !keptKeys.has(key) && key.startsWith(checkpointPrefix(storage)));
  return { partials, checkpoints, states: old.states, warnings: old.warnings };
}

async function readStates(rounds: RoundRecords, storage: RunFolder, places: readonly Recorded[]): Promise<ReadStates> {
  const states: (Recorded & { readonly state: PopulationState })[] = [];
  const warnings: string[] = [];
  for (const { round, subPopulation } of places) {
    try {
      states.push({ round, subPopulation, state: await rounds.state(storage, round, subPopulation) });
    } catch (error) {
      if (!isRefusal(error)) throw error;
      warnings.push(`Kept checkpoints that ${stateKey(storage, round, subPopulation)} may refer to: ${error.message}`);
    }
  }
  return { states, warnings };
}

/** Returns the step after a round; 0 if its record does not fit. */
async function stepAfter(rounds: RoundRecords, storage: RunFolder, round: number): Promise<number> {
  try {
    return (await rounds.state(storage, round, 1)).step;
  } catch (error) {
    if (isRefusal(error)) return 0;
    throw error;
  }
}

function isRefusal(error: unknown): error is ApplicationFailure {
  return error instanceof ApplicationFailure && error.type === RECORD_REFUSED;
}

/**
 * Keys of the partial checkpoints of all rounds that end at this step or before; of all rounds if there is no step.
 * Most runs have none, so that the step need not be read.
 */
async function findPartials(
  objects: Pick<ObjectStore, 'list'>,
  storage: RunFolder,
  lastStep: (() => Promise<number>) | undefined,
): Promise<string[]> {
  const stored = await objects.list(storage.bucket, partialPrefix(storage));
  if (stored.length === 0) return [];
  const last = lastStep === undefined ? Infinity : await lastStep();
  return stored.map(({ key }) => key).filter((key) => endOfPartialsRound(storage, key) <= last);
}

function checkpointKeys({ members, evaluations, best }: PopulationState): string[] {
  return [...members, ...evaluations, best].flatMap((worker) => (worker?.checkpoint ? [worker.checkpoint.key] : []));
}

function trainedKeys(record: RoundRecord | undefined): string[] {
  return (record?.events ?? []).flatMap((event) =>
    event.kind === 'trained' ? [...event.members, ...event.evaluators].map(({ checkpoint }) => checkpoint.key) : [],
  );
}
