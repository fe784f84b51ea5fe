/**
 * The records of a run's rounds in its bucket, which every sub-population writes after every round:
 *
 * - `rounds/000012/P1.json`: the whole state after the round, from which a run resumes; only the newest rounds are kept
 * - `decisions/000012/P1.json`: what happened in the round, event by event, readable; kept for good
 *
 * A state is the fold of all events, so a damaged or missing state is rebuilt from the decisions. The state is written
 * last: if it is there, the round is recorded. sealing.ts says what the records prove.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { inParallel } from '../../workflows/population/in-parallel.ts';
import { applyEvents, emptyPopulation } from '../../workflows/population/reducer.ts';
import type { PopulationState } from '../../workflows/population/state.ts';
import type { LoadedPart, LoadRoundRequest, RoundReference, SaveRoundRequest } from '../contracts/run.ts';
import { limits } from '../specification/limits.ts';
import type { ObjectStore } from '../storage/object-store.ts';
import { ObjectStoreError } from '../storage/store-errors.ts';
import { MISSING } from '../storage/checkpoints.ts';
import type { RunFolder } from '../contracts/checkpoint.ts';
import {
  decisionsKey,
  decisionsPrefix,
  parseRoundKey,
  setAsideKey,
  specificationKey,
  stateKey,
  statesPrefix,
} from '../storage/layout.ts';
import { readableJson } from '../storage/readable-json.ts';
import {
  asRecord,
  checkRecord,
  checkState,
  digestJson,
  linkRecords,
  refused,
  RESTORE_OR_RESET,
  sealRecord,
  sealState,
  stateAfter,
  unbroken,
} from './sealing.ts';
import type { Chain, SealedRecord, StoredState } from './sealing.ts';

export type { RoundRecord } from './sealing.ts';

/** Objects read at once. */
export const READS_AT_ONCE = 8;
/** Reads before an object is called no JSON: a proxy or a server in trouble may return half an object once. */
const READS = 3;
const REREAD_DELAY_MS = 300;

/** Content of an object that stands for a deleted one. A record is longer. */
const SET_ASIDE = 'set aside\n';

/** By round, the sub-populations of which there is an object. */
export type LevelsByRound = ReadonlyMap<number, readonly number[]>;

/** Rounds of runs in an object store. */
export class RoundRecords {
  readonly #objects: ObjectStore;

  constructor(objects: ObjectStore) {
    this.#objects = objects;
  }

  /**
   * Records a round and returns its reference. Recording it again, after a crash anywhere in between, gives the same
   * objects.
   *
   * @throws ApplicationFailure of type 'RecordRefused', not retryable, if the record before does not fit
   */
  async save(request: SaveRoundRequest): Promise<RoundReference> {
    const { storage, generation, round, subPopulation, events, trainerSeconds, previous } = request;
    const before =
      previous === null
        ? emptyPopulation()
        : (await this.#read(storage, round - 1, subPopulation, previous, RESTORE_OR_RESET)).state;
    const link = previous === null ? await this.specificationDigest(storage) : previous.sha256;
    const state = applyEvents(before, events);
    const header = { run: storage.folder, generation, round, subPopulation, origin: null, previous: link };
    const record = sealRecord(header, events, state, { trainerSeconds });
    await this.writeDecisions(storage, record);
    await this.writeState(storage, record, state);
    return referenceTo(record);
  }

  async writeDecisions(storage: RunFolder, record: SealedRecord): Promise<void> {
    const key = decisionsKey(storage, record.round, record.subPopulation);
    await this.#objects.put(storage.bucket, key, readableJson(record), 'application/json');
  }

  /** Writes the state after a record, which makes the round recorded: write the decisions first. */
  async writeState(storage: RunFolder, record: SealedRecord, state: PopulationState): Promise<void> {
    const key = stateKey(storage, record.round, record.subPopulation);
    await this.#objects.put(storage.bucket, key, JSON.stringify(sealState(record, state)), 'application/json');
  }

  /** Returns a part of a recorded state's JSON text, and the reference of its record. */
  async loadPart({ storage, round, subPopulation, part, reference }: LoadRoundRequest): Promise<LoadedPart> {
    const read = await this.#read(storage, round, subPopulation, reference, RESTORE_OR_RESET);
    const text = JSON.stringify(read.state);
    return {
      text: text.slice(part * limits.statePartCharacters, (part + 1) * limits.statePartCharacters),
      parts: Math.ceil(text.length / limits.statePartCharacters),
      reference: referenceTo(read.record),
    };
  }

  /**
   * Returns the state after a round. `reference` is null if the caller does not know the record.
   *
   * @throws Error naming the round, worth retrying, if the caller does not know the record and it is not there (yet)
   * @throws ApplicationFailure of type 'RecordRefused', not retryable, if the record does not fit
   */
  async state(
    storage: RunFolder,
    round: number,
    subPopulation: number,
    reference: RoundReference | null = null,
  ): Promise<PopulationState> {
    return (await this.#read(storage, round, subPopulation, reference)).state;
  }

  async #read(
    storage: RunFolder,
    round: number,
    subPopulation: number,
    reference: RoundReference | null,
    advice?: string,
  ): Promise<{ readonly record: SealedRecord; readonly state: PopulationState }> {
    const stored = await this.storedState(storage, round, subPopulation);
    if (stored === undefined && reference === null)
      throw new Error(`Cannot read round ${round} of P${subPopulation} under ${storage.folder}/: it is not recorded`);
    const { record, reason } = await this.#readRecord(storage, round, subPopulation);
    const key = decisionsKey(storage, round, subPopulation);
    if (reason !== undefined || record === undefined) throw refused(key, reason ?? MISSING, advice);
    if (reference !== null && record.sha256 !== reference.sha256)
      throw refused(key, `expected the record with SHA-256 ${reference.sha256}, got ${record.sha256}`, advice);
    if (checkState(stored, record) === undefined) return { record, state: (stored as StoredState).state };
    const rebuilt = stateAfter(await this.records(storage, round, subPopulation));
    if ('reason' in rebuilt) throw refused(key, rebuilt.reason, advice);
    return { record, state: rebuilt.state };
  }

  /**
   * Returns the records of a sub-population up to `lastRound`, and why some of them are lost: from round 1, or from the
   * round after a record that is known.
   */
  async chain(storage: RunFolder, lastRound: number, subPopulation: number, known?: SealedRecord): Promise<Chain> {
    const first = (known?.round ?? 0) + 1;
    const rounds = Array.from({ length: lastRound - first + 1 }, (_, index) => first + index);
    const read = await inParallel(READS_AT_ONCE, rounds, (round) => this.#readRecord(storage, round, subPopulation));
    return linkRecords(
      read.map(({ record }) => record),
      read.map(({ reason }) => reason),
      known?.sha256 ?? (await this.specificationDigest(storage)),
      (index) => decisionsKey(storage, first + index, subPopulation),
    );
  }

  /**
   * Returns all that happened in a sub-population from the first round to this one, in order.
   *
   * @throws ApplicationFailure of type 'RecordRefused', not retryable, naming the first record that does not fit
   */
  async records(storage: RunFolder, lastRound: number, subPopulation: number): Promise<readonly SealedRecord[]> {
    const { records, problems } = await this.chain(storage, lastRound, subPopulation);
    const [problem] = problems;
    if (problem) throw refused(problem.key, problem.reason);
    return unbroken(records);
  }

  /** Returns what happened in one round, or undefined if there is no record of it that fits by itself. */
  async record(storage: RunFolder, round: number, subPopulation: number): Promise<SealedRecord | undefined> {
    const { record, reason } = await this.#readRecord(storage, round, subPopulation);
    return reason === undefined ? record : undefined;
  }

  async #readRecord(
    storage: RunFolder,
    round: number,
    subPopulation: number,
  ): Promise<{ readonly record?: SealedRecord | undefined; readonly reason?: string | undefined }> {
    const json = await this.readJson(storage.bucket, decisionsKey(storage, round, subPopulation));
    if (json === undefined) return { reason: MISSING };
    const record = asRecord(json);
    return { record, reason: checkRecord(record, storage, round, subPopulation) };
  }

  /** Returns a stored state as it was read: null if it is no JSON, undefined if it is missing. */
  async storedState(storage: RunFolder, round: number, subPopulation: number): Promise<unknown> {
    return this.readJson(storage.bucket, stateKey(storage, round, subPopulation));
  }

  /** Returns the digest that a run's first records refer to; null if there is no specification that can be read. */
  async specificationDigest(storage: RunFolder): Promise<string | null> {
    const json = await this.readJson(storage.bucket, specificationKey(storage));
    return json === undefined || json === null ? null : digestJson(json);
  }

  /** Returns which sub-populations have recorded a state, by round. */
  async recorded(storage: RunFolder): Promise<LevelsByRound> {
    return this.#levelsByRound(storage, statesPrefix(storage));
  }

  /** Returns of which sub-populations there are decisions, by round. */
  async decided(storage: RunFolder): Promise<LevelsByRound> {
    return this.#levelsByRound(storage, decisionsPrefix(storage));
  }

  async #levelsByRound(storage: RunFolder, prefix: string): Promise<LevelsByRound> {
    const found = new Map<number, number[]>();
    for (const key of await this.#list(storage.bucket, prefix)) {
      const parsed = parseRoundKey(storage, key);
      if (parsed) found.set(parsed.round, [...(found.get(parsed.round) ?? []), parsed.subPopulation]);
    }
    return found;
  }

  /**
   * Moves all records of later rounds than this one to `set-aside/<generation>/`, so that a later round counts as
   * recorded only once this generation recorded it.
   */
  async setAside(storage: RunFolder, round: number, generation: string): Promise<void> {
    const { bucket } = storage;
    const listed = [decisionsPrefix(storage), statesPrefix(storage)].map((prefix) => this.#list(bucket, prefix));
    const isLater = (key: string): boolean => (parseRoundKey(storage, key)?.round ?? 0) > round;
    const keys = (await Promise.all(listed)).flat().filter(isLater);
    await inParallel(READS_AT_ONCE, keys, async (key) =>
      this.#objects.put(bucket, setAsideKey(storage, generation, key), await this.#objects.get(bucket, key)),
    );
    try {
      await this.#objects.delete(bucket, keys);
    } catch (error) {
      if (!(error instanceof ObjectStoreError)) throw error;
      // No run waits for a deletion.
      await inParallel(READS_AT_ONCE, keys, (key) => this.#objects.put(bucket, key, SET_ASIDE));
    }
  }

  async #list(bucket: string, prefix: string): Promise<string[]> {
    try {
      const stored = await this.#objects.list(bucket, prefix);
      return stored.flatMap(({ key, sizeBytes }) => (sizeBytes === SET_ASIDE.length ? [] : [key]));
    } catch (error) {
      if (error instanceof ObjectStoreError && error.trouble === 'missing-bucket') return [];
      throw error;
    }
  }

  /** Returns an object read as JSON, null if it is no JSON, undefined if it is missing or set aside. */
  async readJson(bucket: string, key: string): Promise<unknown> {
    for (let read = 1; ; read++) {
      try {
        const text = Buffer.from(await this.#objects.get(bucket, key)).toString();
        return text === SET_ASIDE ? undefined : JSON.parse(text);
      } catch (error) {
        if (error instanceof ObjectStoreError && error.trouble.startsWith('missing-')) return undefined;
        if (!(error instanceof SyntaxError)) throw error;
        if (read === READS) return null;
      }
      await delay(REREAD_DELAY_MS);
    }
  }
}

/** Returns what a workflow carries of a record. */
export function referenceTo({ round, subPopulation, sha256 }: SealedRecord): RoundReference {
  return { round, subPopulation, sha256 };
}

/** Returns the rounds of which there is an object of every sub-population, newest first. */
export function completeRounds(recorded: LevelsByRound, subPopulations: number): number[] {
  return [...recorded]
    .filter(([, levels]) => subPopulationNumbers(subPopulations).every((level) => levels.includes(level)))
    .map(([round]) => round)
    .sort((a, b) => b - a);
}

/** Returns 1 … n. */
export function subPopulationNumbers(subPopulations: number): number[] {
  return Array.from({ length: subPopulations }, (_, index) => index + 1);
}
