/**
 * Finds the runs and comparisons in a bucket that Temporal does not know: their histories were deleted, or another
 * server had them.
 */
import { z } from 'zod';
import type { RunFolder } from '../../activities/contracts/checkpoint.ts';
import { checkRecorded } from '../../activities/runs/recorded-json.ts';
import { readResult } from '../../activities/runs/recorded-result.ts';
import { completeRounds, RoundRecords } from '../../activities/runs/rounds.ts';
import { comparisonTableKey, specificationKey, workflowIdOf } from '../../activities/storage/layout.ts';
import type { ObjectStore } from '../../activities/storage/object-store.ts';
import { LruCache } from '../../workflows/algorithm/lru-cache.ts';
import { shortScore } from '../../workflows/population/figures.ts';
import { inParallel } from '../../workflows/population/in-parallel.ts';
import { plannedRounds } from '../../workflows/population/run-length.ts';
import { bestArm } from './executions.ts';
import type { Standing, Started } from './executions.ts';

const AT_ONCE = 8;
/** Finished runs and written tables that need not be read again. */
const MAX_KNOWN = 5_000;

const NEEDED_SPECIFICATION = z.object({
  steps: z.int().positive(),
  stepsPerRound: z.int().positive(),
  subPopulations: z.array(z.unknown()).min(1),
});
const NEEDED_TABLE = z.object({
  input: z.object({ arms: z.record(z.string(), z.unknown()), seeds: z.array(z.int()) }),
  runs: z.array(z.unknown()),
  summary: z.object({
    arms: z.array(
      z.object({ arm: z.string(), testScore: z.object({ scores: z.object({ mean: z.number() }).nullable() }) }),
    ),
  }),
});

export class Stored {
  readonly #objects: ObjectStore;
  readonly #records: RoundRecords;
  readonly #bucket: string;
  readonly #known = new LruCache<string, Standing>(MAX_KNOWN);

  constructor(objects: ObjectStore, bucket: string) {
    this.#objects = objects;
    this.#records = new RoundRecords(objects);
    this.#bucket = bucket;
  }

  /**
   * Returns the runs and comparisons that are in the bucket and not in `listed`, folders of both.
   *
   * @throws ObjectStoreError if the store fails
   */
  async others(listed: ReadonlySet<string>): Promise<readonly Started[]> {
    const names = await this.#objects.folders(this.#bucket, '');
    const found = await inParallel(AT_ONCE, names, async (name) => {
      const runs = await this.#objects.folders(this.#bucket, `${name}/`);
      const folders = [name, ...runs.map((run) => `${name}/${run}`)].filter((folder) => !listed.has(folder));
      const all: Started[] = [];
      for (const folder of folders) {
        const standing = await (folder === name ? this.#comparison(name) : this.#run(folder));
        if (standing === undefined) continue;
        const kind = folder === name ? 'comparison' : 'run';
        all.push({ kind, workflowId: workflowIdOf({ folder }), folder, startedAt: timeOf(folder), standing });
      }
      return all;
    });
    return found.flat();
  }

  async #run(folder: string): Promise<Standing | undefined> {
    const known = this.#known.get(folder);
    if (known) return known;
    const run = { bucket: this.#bucket, folder };
    const recorded = checkRecorded<z.infer<typeof NEEDED_SPECIFICATION>>(
      await this.#records.readJson(this.#bucket, specificationKey(run)),
      NEEDED_SPECIFICATION,
    );
    if ('problem' in recorded) return undefined;
    const result = await readResult(this.#records, run);
    if ('problem' in result) return this.#unfinished(run, recorded.value);
    const { rounds, winner } = result.value;
    const best = shortScore(winner.objective);
    const standing = { ...STORED, state: 'finished', isOver: true, done: rounds, planned: rounds, best };
    this.#known.set(folder, standing);
    return standing;
  }

  async #unfinished(run: RunFolder, specification: z.infer<typeof NEEDED_SPECIFICATION>): Promise<Standing> {
    const [done = 0] = completeRounds(await this.#records.decided(run), specification.subPopulations.length);
    return { ...STORED, state: 'not running', isOver: false, done, planned: plannedRounds(specification) };
  }

  async #comparison(folder: string): Promise<Standing | undefined> {
    const key = comparisonTableKey({ bucket: this.#bucket, folder });
    const size = await this.#objects.sizeBytes(this.#bucket, key);
    if (size === undefined) return undefined;
    const known = this.#known.get(`${folder} ${size}`);
    if (known) return known;
    const table = checkRecorded<z.infer<typeof NEEDED_TABLE>>(
      await this.#records.readJson(this.#bucket, key),
      NEEDED_TABLE,
    );
    if ('problem' in table) return { ...STORED, state: 'damaged', isOver: true, messages: [table.problem] };
    const { input, runs, summary } = table.value;
    const planned = Object.keys(input.arms).length * input.seeds.length;
    const isOver = runs.length === planned;
    const standing = {
      ...STORED,
      ...{ state: isOver ? 'finished' : 'not running', isOver, done: runs.length, planned, best: bestArm(summary) },
    };
    this.#known.set(`${folder} ${size}`, standing);
    return standing;
  }
}

const STORED = { done: null, planned: null, best: null, messages: [], training: [], bucket: null } as const;

/** Returns when a run began, if its id says so (UUID version 7); else null. */
function timeOf(folder: string): Date | null {
  const [, high = '', low = ''] = /\/([0-9a-f]{8})-([0-9a-f]{4})-7[0-9a-f]{3}-/.exec(folder) ?? [];
  return high === '' ? null : new Date(Number.parseInt(high + low, 16));
}
