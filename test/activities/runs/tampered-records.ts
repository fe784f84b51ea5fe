/**
 * What somebody, or an accident, may do to the objects of a run.
 */
import type { RunFolder } from '../../../activities/contracts/checkpoint.ts';
import type { RoundRecords } from '../../../activities/runs/rounds.ts';
import { foldEvents, sealRecord, sealState } from '../../../activities/runs/sealing.ts';
import type { StoredState } from '../../../activities/runs/sealing.ts';
import { decisionsKey, specificationKey, stateKey } from '../../../activities/storage/layout.ts';
import type { ObjectStore } from '../../../activities/storage/object-store.ts';
import { readableJson } from '../../../activities/storage/readable-json.ts';

/** The objects of one sub-population's round. */
export interface Target {
  readonly storage: RunFolder;
  readonly round: number;
  readonly subPopulation: number;
}

/** Changes the objects of runs. */
export class Tampering {
  readonly #objects: ObjectStore;
  readonly #records: RoundRecords;

  constructor(objects: ObjectStore, records: RoundRecords) {
    this.#objects = objects;
    this.#records = records;
  }

  async copy({ bucket }: RunFolder, from: string, to: string): Promise<void> {
    await this.#objects.put(bucket, to, await this.#objects.get(bucket, from));
  }

  async truncate({ bucket }: RunFolder, key: string): Promise<void> {
    const bytes = await this.#objects.get(bucket, key);
    await this.#objects.put(bucket, key, bytes.slice(0, bytes.length / 2));
  }

  async delete({ bucket }: RunFolder, ...keys: readonly string[]): Promise<void> {
    await this.#objects.delete(bucket, keys);
  }

  /** Edits a state, and recomputes all digests that lie with it. */
  async editState({ storage, round, subPopulation }: Target): Promise<void> {
    const key = stateKey(storage, round, subPopulation);
    const record = await this.#records.record(storage, round, subPopulation);
    if (!record) throw new Error(`Expected a record of round ${round}`);
    const { state } = (await this.#records.readJson(storage.bucket, key)) as StoredState;
    const edited = { ...state, promotions: 7 };
    const sealed = sealRecord(record, record.events, edited, record.cost);
    await this.#objects.put(storage.bucket, key, JSON.stringify(sealState(sealed, edited)));
  }

  /** Edits all scores in decisions, and recomputes all digests that lie with them. */
  async editDecisions({ storage, round, subPopulation }: Target): Promise<void> {
    const records = await this.#records.records(storage, round, subPopulation);
    const record = records.at(-1);
    if (!record) throw new Error(`Expected a record of round ${round}`);
    const events = record.events.map((event) =>
      event.kind === 'trained'
        ? { ...event, members: event.members.map((one) => ({ ...one, scores: one.scores.map(() => 0.75) })) }
        : event,
    );
    const state = foldEvents([...records.slice(0, -1), { ...record, events }]);
    const sealed = sealRecord(record, events, state, record.cost);
    await this.#objects.put(storage.bucket, decisionsKey(storage, round, subPopulation), readableJson(sealed));
  }

  /** Writes another seed into a specification. */
  async editSpecification(storage: RunFolder): Promise<void> {
    const json = (await this.#records.readJson(storage.bucket, specificationKey(storage))) as object;
    await this.#objects.put(storage.bucket, specificationKey(storage), readableJson({ ...json, seed: 99 }));
  }
}
