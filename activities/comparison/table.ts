/**
 * The table of a comparison in its bucket, `<compare id>/comparison.json`, for people and programs.
 *
 * Every finished run has a file `runs/<arm>/seed-<n>.json` beside it, and the table is composed of these files. So a
 * comparison that was killed leaves the table of its finished runs. Its workflow carries no curves and no schedules.
 */
import { z } from 'zod';
import type { ObjectStore } from '../storage/object-store.ts';
import type { RunFolder } from '../contracts/checkpoint.ts';
import { MISSING } from '../storage/checkpoints.ts';
import { COMPARISON_FORMAT } from '../contracts/comparison.ts';
import type {
  ComparisonInput,
  ComparisonRun,
  ComparisonSummary,
  ComparisonTable,
  TabulateRequest,
  Tabulated,
} from '../contracts/comparison.ts';
import {
  comparedRunKey,
  comparisonInputKey,
  comparisonTableKey,
  decisionsKey,
  resultKey,
  specificationKey,
} from '../storage/layout.ts';
import { readableJson } from '../storage/readable-json.ts';
import { inParallel } from '../../workflows/population/in-parallel.ts';
import { NoRun, readRun } from '../runs/read-run.ts';
import { READS_AT_ONCE, type RoundRecords } from '../runs/rounds.ts';
import { readRecorded, type RecordedJson } from '../runs/recorded-json.ts';
import { readResult, type StoredResult } from '../runs/recorded-result.ts';
import { refused } from '../runs/sealing.ts';
import type { RunStory } from '../runs/story.ts';
import { atOnce, withPauses } from './pausing.ts';
import { describeRun, NEEDED_DESCRIPTION, rowOf } from './run.ts';
import { summariseComparison } from './summary.ts';

const NEEDED_TABLE = z.object({
  summary: z.object({ arms: z.array(z.unknown()), differences: z.array(z.unknown()) }),
});
const NEEDED_INPUT = z.object({ arms: z.record(z.string(), z.unknown()), seeds: z.array(z.int()) });

/** What to do if an object of a comparison is lost. */
const START_AGAIN = 'Start the comparison again under its workflow id: it makes anew what is lost';

/** Describes a finished run, and writes the table of this run and those in `done`. */
export async function tabulate(
  objects: ObjectStore,
  rounds: RoundRecords,
  { location, done, run }: TabulateRequest,
): Promise<Tabulated> {
  const described = await describe(rounds, run);
  await objects.put(location.bucket, comparedRunKey(location, run), readableJson(described), 'application/json');
  const { bucket } = location;
  const input = await read<ComparisonInput>(rounds, bucket, comparisonInputKey(location), NEEDED_INPUT);
  const tabulated = runsOf(input).filter((_, index) => done[index] === '1');
  const runs = await inParallel(READS_AT_ONCE, tabulated, (one) =>
    read<ComparisonRun>(rounds, bucket, comparedRunKey(location, one), NEEDED_DESCRIPTION),
  );
  const table = comparisonTable(input, runs, await withPauses(summariseComparison(runs)));
  const key = comparisonTableKey(location);
  await objects.put(location.bucket, key, readableJson(table), 'application/json');
  return { row: rowOf(described), key };
}

/** Returns the summary of the table that was written last. */
export async function summarise(rounds: RoundRecords, { bucket, folder }: RunFolder): Promise<ComparisonSummary> {
  const key = comparisonTableKey({ bucket, folder });
  return (await read<ComparisonTable>(rounds, bucket, key, NEEDED_TABLE)).summary;
}

function runsOf({ arms, seeds }: ComparisonInput): readonly { readonly arm: string; readonly seed: number }[] {
  return Object.keys(arms).flatMap((arm) => seeds.map((seed) => ({ arm, seed })));
}

/** Returns the table as it is in the bucket. Equal runs give equal bytes. */
export function comparisonText(input: ComparisonInput, runs: readonly ComparisonRun[]): string {
  return readableJson(comparisonTable(input, runs, atOnce(summariseComparison(runs))));
}

function comparisonTable(
  input: ComparisonInput,
  runs: readonly ComparisonRun[],
  summary: ComparisonSummary,
): ComparisonTable {
  return { format: COMPARISON_FORMAT, input, runs, summary };
}

async function describe(
  rounds: RoundRecords,
  { arm, folder, bucket, retrace }: TabulateRequest['run'],
): Promise<ComparisonRun> {
  const run = { bucket, folder };
  const result = await resultIn(rounds, run);
  const story = await storyOf(rounds, run, result.rounds);
  return describeRun(arm, result, story, retrace && (await resultIn(rounds, retrace)));
}

/** @throws ApplicationFailure of type 'RecordRefused', not retryable, if a record of the rounds does not fit */
async function storyOf(records: RoundRecords, run: RunFolder, rounds: number): Promise<RunStory> {
  const story = await readRun(records, run).catch((error: unknown) => {
    throw error instanceof NoRun ? refused(specificationKey(run), error.reason, START_AGAIN) : error;
  });
  const [lost] = story.lost;
  if (lost) throw refused(lost.key, lost.reason);
  if (story.rounds < rounds) throw refused(decisionsKey(run, story.rounds + 1, 1), MISSING);
  return story;
}

/**
 * @throws ApplicationFailure of type 'RecordRefused', not retryable, if there is no result that can be used: the caller
 *   found one before
 */
async function resultIn(rounds: RoundRecords, run: RunFolder): Promise<StoredResult> {
  return usable(await readResult(rounds, run), resultKey(run));
}

/** @throws ApplicationFailure of type 'RecordRefused', not retryable, if the object cannot be used */
async function read<T>(rounds: RoundRecords, bucket: string, key: string, needed: z.ZodType): Promise<T> {
  return usable(await readRecorded<T>(rounds, bucket, key, needed), key);
}

function usable<T>(recorded: RecordedJson<T>, key: string): T {
  if ('value' in recorded) return recorded.value;
  throw refused(key, recorded.problem, START_AGAIN);
}
