/**
 * A run in a real object store that grows round by round.
 */
import { writeResult } from '../../../activities/runs/result.ts';
import { RoundRecords } from '../../../activities/runs/rounds.ts';
import { readRun } from '../../../activities/runs/read-run.ts';
import type { RunStory } from '../../../activities/runs/story.ts';
import { runFolder, specificationKey } from '../../../activities/storage/layout.ts';
import { ObjectStore } from '../../../activities/storage/object-store.ts';
import { readableJson } from '../../../activities/storage/readable-json.ts';
import { recordRun, resultRequest, saveRound, type RecordedRun } from '../runs/recorded-run.ts';
import { startObjectServer, type ObjectServer } from '../../object-server.ts';
import { toySpecification } from '../../workflows/stand-ins.ts';

export const SPECIFICATION = toySpecification({ steps: 400 });
export const ROUNDS = SPECIFICATION.steps / SPECIFICATION.stepsPerRound;
export const STORAGE = { bucket: 'test', folder: runFolder('a-run', 'first') };

/** A run of the toy task that is recorded as the test asks for it. */
export class GrowingRun {
  readonly #server: ObjectServer;
  readonly #objects: ObjectStore;
  readonly #records: RoundRecords;
  readonly #run: RecordedRun;
  #rounds = 0;

  private constructor(server: ObjectServer, objects: ObjectStore, run: RecordedRun) {
    this.#server = server;
    this.#objects = objects;
    this.#records = new RoundRecords(objects);
    this.#run = run;
  }

  static async start(): Promise<GrowingRun> {
    const server = await startObjectServer();
    const objects = new ObjectStore(server.options);
    await objects.ensureBucket(STORAGE.bucket);
    await objects.put(STORAGE.bucket, specificationKey(STORAGE), readableJson(SPECIFICATION));
    return new GrowingRun(server, objects, await recordRun(SPECIFICATION, STORAGE));
  }

  /** Variables with which a command finds the objects. */
  get environment(): Readonly<Record<string, string>> {
    return this.#server.environment;
  }

  /** Records the rounds up to this one. */
  async recordTo(round: number): Promise<void> {
    for (const requests of this.#run.requests.slice(this.#rounds, round))
      for (const request of requests) await saveRound(this.#records, request);
    this.#rounds = round;
  }

  /** Records the remaining rounds and writes the result. */
  async finish(): Promise<RunStory> {
    await this.recordTo(ROUNDS);
    await writeResult(this.#objects, this.#records, {
      ...resultRequest(this.#run, SPECIFICATION, STORAGE),
      report: { testScore: 0.9, files: [] },
    });
    return readRun(this.#records, STORAGE);
  }

  async stop(): Promise<void> {
    await this.#objects.close();
    await this.#server.stop();
  }
}
