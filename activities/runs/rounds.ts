/**
 * The record of a run's rounds in its bucket, written by every sub-population after every round:
 *
 * - `rounds/000012/P1.json`: the whole state after the round, from which a run goes on; only the newest rounds are kept
 * - `decisions/000012/P1.json`: what happened in the round, event by event, readable; kept for good
 *
 * A state is the fold of all events, so a damaged or missing state is rebuilt from the decisions. The state is written
 * last: where it is, the round is recorded.
 */
import { createHash } from 'node:crypto';
import { inParallel } from '../../workflows/population/in-parallel.ts';
import { applyEvents, emptyPopulation } from '../../workflows/population/reducer.ts';
import type { RoundEvent } from '../../workflows/population/events.ts';
import type { PopulationState } from '../../workflows/population/state.ts';
import type { LoadRoundRequest, SaveRoundRequest } from '../contracts/run.ts';
import { limits } from '../specification/limits.ts';
import { ObjectStoreError, type ObjectStore } from '../storage/object-store.ts';
import type { RunFolder } from '../contracts/checkpoint.ts';
import { decisionsKey, parseStateKey, stateKey, statesPrefix } from '../storage/layout.ts';
import { readableJson } from '../storage/readable-json.ts';

/** Objects read at once. */
export const READS_AT_ONCE = 8;

/** What happened in one sub-population's round. */
export interface RoundRecord {
  readonly round: number;
  readonly subPopulation: number;
  readonly events: readonly RoundEvent[];
  /** What it took, which no decision depends on and no two runs share. */
  readonly cost: { readonly trainerSeconds: number };
}

interface StoredState {
  readonly round: number;
  readonly subPopulation: number;
  /** Of the state's JSON text: a server that dies while writing may leave half a file behind. */
  readonly stateSha256: string;
  readonly state: PopulationState;
}

/** Rounds of runs in an object store. */
export class RoundRecords {
  readonly #objects: ObjectStore;

  constructor(objects: ObjectStore) {
    this.#objects = objects;
  }

  /** Records a round; recording it again, after a crash anywhere in between, gives the same objects. */
  async save({ storage, round, subPopulation, events, trainerSeconds }: SaveRoundRequest): Promise<void> {
    const before = round === 1 ? emptyPopulation() : await this.state(storage, round - 1, subPopulation);
    const state = applyEvents(before, events);
    await this.writeRecord(storage, { round, subPopulation, events, cost: { trainerSeconds } });
    await this.writeState(storage, round, state);
  }

  async writeRecord(storage: RunFolder, record: RoundRecord): Promise<void> {
    await this.#objects.put(
      storage.bucket,
      decisionsKey(storage, record.round, record.subPopulation),
      readableJson(record),
      'application/json',
    );
  }

  /**
   * A round counts as recorded once every sub-population's state is there: write it after the records that led to it.
   */
  async writeState(storage: RunFolder, round: number, state: PopulationState): Promise<void> {
    const { subPopulation } = state;
    const stored: StoredState = { round, subPopulation, stateSha256: sha256(JSON.stringify(state)), state };
    await this.#objects.put(
      storage.bucket,
      stateKey(storage, round, subPopulation),
      JSON.stringify(stored),
      'application/json',
    );
  }

  /** Returns a part of a recorded state's JSON text. */
  async loadPart({ storage, round, subPopulation, part }: LoadRoundRequest): Promise<{ text: string; parts: number }> {
    const text = JSON.stringify(await this.state(storage, round, subPopulation));
    return {
      text: text.slice(part * limits.statePartCharacters, (part + 1) * limits.statePartCharacters),
      parts: Math.ceil(text.length / limits.statePartCharacters),
    };
  }

  /**
   * Returns the state after a round.
   *
   * @throws Error naming the round where neither it nor the decisions that led to it are there: not yet, perhaps, so
   *   worth retrying
   */
  async state(storage: RunFolder, round: number, subPopulation: number): Promise<PopulationState> {
    const stored = await this.#read(storage.bucket, stateKey(storage, round, subPopulation), readState);
    if (stored) return stored;
    const records = await this.records(storage, round, subPopulation);
    return records.reduce((state, { events }) => applyEvents(state, events), emptyPopulation());
  }

  /**
   * Returns all that happened in a sub-population from the first round to this one, in order.
   *
   * @throws Error naming a round of which there is no readable record
   */
  async records(storage: RunFolder, lastRound: number, subPopulation: number): Promise<RoundRecord[]> {
    // Newest first: that is the one that may not be there yet.
    const rounds = Array.from({ length: lastRound }, (_, index) => lastRound - index);
    const records = await inParallel(READS_AT_ONCE, rounds, async (round) => {
      const record = await this.record(storage, round, subPopulation);
      if (!record)
        throw new Error(`Cannot read round ${round} of P${subPopulation} under ${storage.folder}/: it is not recorded`);
      return record;
    });
    return records.reverse();
  }

  /** Returns what happened in one round, or undefined where there is no readable record of it. */
  async record(storage: RunFolder, round: number, subPopulation: number): Promise<RoundRecord | undefined> {
    return this.#read(storage.bucket, decisionsKey(storage, round, subPopulation), readRecord);
  }

  /**
   * Returns the newest round of which every sub-population's state can be had, 0 where there is none. A round after
   * which the operator ended the run does not count: it lacks its exploits and promotions, and a stop that was a
   * mistake can be taken back. Nor, where more than these `rounds` are wanted of them, does the last round of a run
   * that was shorter.
   */
  async latest(storage: RunFolder, subPopulations: number, rounds = 0): Promise<number> {
    const levels = subPopulationNumbers(subPopulations);
    for (const round of completeRounds(await this.recorded(storage), subPopulations)) {
      const states = await Promise.allSettled(levels.map((level) => this.state(storage, round, level)));
      const failed = states.filter(({ status }) => status === 'rejected');
      const ended = states.some((one) => one.status === 'fulfilled' && one.value.ended !== null);
      if (ended || (round < rounds && (await this.#wasLast(storage, round)))) continue;
      if (failed.length === 0) return round;
      // A store in trouble is no missing round: going on from an older one would train finished rounds again.
      for (const { reason } of failed as PromiseRejectedResult[]) if (reason instanceof ObjectStoreError) throw reason;
    }
    return 0;
  }

  /** Whether P1 ended its run with this round: every other has a step 3. */
  async #wasLast(storage: RunFolder, round: number): Promise<boolean> {
    const record = await this.record(storage, round, 1);
    return record !== undefined && !record.events.some(({ kind }) => kind === 'exploited');
  }

  /** Returns which sub-populations have recorded a state, by round. */
  async recorded(storage: RunFolder): Promise<Map<number, readonly number[]>> {
    const found = new Map<number, number[]>();
    for (const { key } of await this.#objects.list(storage.bucket, statesPrefix(storage))) {
      const parsed = parseStateKey(storage, key);
      if (parsed) found.set(parsed.round, [...(found.get(parsed.round) ?? []), parsed.subPopulation]);
    }
    return found;
  }

  /** Deletes states that nobody will go on from any more; the decisions stay. */
  async deleteStates(
    storage: RunFolder,
    states: readonly { readonly round: number; readonly subPopulation: number }[],
  ): Promise<void> {
    await this.#objects.delete(
      storage.bucket,
      states.map(({ round, subPopulation }) => stateKey(storage, round, subPopulation)),
    );
  }

  /** Returns an object read as JSON, or undefined where it is missing or not what it should be. */
  async #read<T>(bucket: string, key: string, interpret: (json: unknown) => T | undefined): Promise<T | undefined> {
    let bytes: Uint8Array;
    try {
      bytes = await this.#objects.get(bucket, key);
    } catch (error) {
      if (error instanceof ObjectStoreError && error.trouble === 'missing-object') return undefined;
      throw error;
    }
    try {
      return interpret(JSON.parse(Buffer.from(bytes).toString()));
    } catch (error) {
      if (error instanceof SyntaxError) return undefined;
      throw error;
    }
  }
}

/** Returns the rounds that every sub-population has recorded, newest first. */
export function completeRounds(recorded: ReadonlyMap<number, readonly number[]>, subPopulations: number): number[] {
  return [...recorded]
    .filter(([, levels]) => subPopulationNumbers(subPopulations).every((level) => levels.includes(level)))
    .map(([round]) => round)
    .sort((a, b) => b - a);
}

/** Returns 1 … n. */
export function subPopulationNumbers(subPopulations: number): number[] {
  return Array.from({ length: subPopulations }, (_, index) => index + 1);
}

function readState(json: unknown): PopulationState | undefined {
  const stored = json as Partial<StoredState> | null;
  return stored?.state && stored.stateSha256 === sha256(JSON.stringify(stored.state)) ? stored.state : undefined;
}

function readRecord(json: unknown): RoundRecord | undefined {
  const record = json as Partial<RoundRecord> | null;
  return Array.isArray(record?.events) && record.cost ? (record as RoundRecord) : undefined;
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
