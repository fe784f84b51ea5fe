/**
 * Collection of checkpoints that nothing refers to any more: storage stays proportional to the workers, not to the
 * rounds.
 *
 * It is no race with a reader by construction. All work going on starts from states at least as new as the newest
 * complete round, and a state refers only to checkpoints of the state before it or to new ones. So what expired rounds
 * trained or refer to, and no kept state does, is never read again, and only that is deleted; a new checkpoint, which
 * no state may refer to yet, is no candidate. (That needs a new checkpoint to differ from every expired one: its
 * metadata holds the step.) Only when a run is finished is everything swept that nothing refers to.
 *
 * Partial checkpoints are in no state, only in the heartbeats of attempts at their round: once everybody has recorded
 * it there are no more of those. (Should one be missed after all, its round begins again: that costs time, and changes
 * nothing.)
 */
import type { PopulationState } from '../../workflows/population/state.ts';
import { completeRounds, type RoundRecord, type RoundRecords } from '../runs/rounds.ts';
import type { ObjectStore } from './object-store.ts';
import type { RunFolder } from '../contracts/checkpoint.ts';
import { checkpointPrefix, endOfPartialsRound, partialPrefix } from './layout.ts';

export interface Collection {
  readonly storage: RunFolder;
  readonly subPopulations: number;
  /** Newest complete rounds whose checkpoints are kept; those of rounds still incomplete are kept besides. */
  readonly keepRounds: number;
  /** Nothing trains any more: checkpoints that nothing refers to are deleted whatever left them. */
  readonly finished: boolean;
}

/**
 * Deletes expired checkpoints, then the expired states that referred to them (in this order: after a crash in between
 * the next collection finds them again), and returns how many checkpoints.
 */
export async function collectCheckpoints(
  objects: ObjectStore,
  rounds: RoundRecords,
  { storage, subPopulations, keepRounds, finished }: Collection,
): Promise<number> {
  const recorded = await rounds.recorded(storage);
  const [newest] = completeRounds(recorded, subPopulations);
  if (newest === undefined) return 0;
  const partials = await findPartials(objects, storage, async () =>
    finished ? Infinity : (await rounds.state(storage, newest, 1)).step,
  );
  await objects.delete(storage.bucket, partials);
  const states = [...recorded].flatMap(([round, levels]) => levels.map((subPopulation) => ({ round, subPopulation })));
  const isExpired = ({ round }: { readonly round: number }): boolean => round <= newest - keepRounds;
  const expired = states.filter(isExpired);
  if (expired.length === 0 && !finished) return partials.length;

  const kept = new Set<string>();
  for (const { round, subPopulation } of states.filter((state) => !isExpired(state))) {
    for (const key of checkpointKeys(await rounds.state(storage, round, subPopulation))) kept.add(key);
  }
  const candidates = new Set<string>();
  for (const { round, subPopulation } of expired) {
    for (const key of checkpointKeys(await rounds.state(storage, round, subPopulation))) candidates.add(key);
    // What a round trained and replaced at once is in no state at all.
    for (const key of trainedKeys(await rounds.record(storage, round, subPopulation))) candidates.add(key);
  }
  if (finished)
    for (const { key } of await objects.list(storage.bucket, checkpointPrefix(storage))) candidates.add(key);

  // A state could name any key: only checkpoints of this very run are its own to delete.
  const doomed = [...candidates].filter((key) => !kept.has(key) && key.startsWith(checkpointPrefix(storage)));
  await objects.delete(storage.bucket, doomed);
  await rounds.deleteStates(storage, expired);
  return partials.length + doomed.length;
}

/**
 * Keys of the partial checkpoints of all rounds that end at this step or before; most runs have none, and need not be
 * asked for it.
 */
async function findPartials(
  objects: ObjectStore,
  storage: RunFolder,
  lastStep: () => Promise<number>,
): Promise<string[]> {
  const stored = await objects.list(storage.bucket, partialPrefix(storage));
  if (stored.length === 0) return [];
  const last = await lastStep();
  return stored.map(({ key }) => key).filter((key) => endOfPartialsRound(storage, key) <= last);
}

function checkpointKeys({ members, evaluations }: PopulationState): string[] {
  return [...members, ...evaluations].flatMap((worker) => (worker?.checkpoint ? [worker.checkpoint.key] : []));
}

function trainedKeys(record: RoundRecord | undefined): string[] {
  return (record?.events ?? []).flatMap((event) =>
    event.kind === 'trained' ? [...event.members, ...event.evaluators].map(({ checkpoint }) => checkpoint.key) : [],
  );
}
