/**
 * The table of a comparison in its bucket, `<compare id>/comparison.json`, for people and programs.
 *
 * Every finished run has a file `runs/<arm>/seed-<n>.json` beside it, and the table is composed of these files. So a
 * comparison that was killed leaves the table of its finished runs. Its workflow carries no curves and no schedules.
 */
import { ApplicationFailure } from '@temporalio/common';
import type { ObjectStore } from '../storage/object-store.ts';
import type { RunFolder } from '../contracts/checkpoint.ts';
import type {
  ComparisonInput,
  ComparisonRun,
  ComparisonSummary,
  TabulateRequest,
  Tabulated,
} from '../contracts/comparison.ts';
import { comparedRunKey, comparisonInputKey, comparisonTableKey } from '../storage/layout.ts';
import { readableJson } from '../storage/readable-json.ts';
import { inParallel } from '../../workflows/population/in-parallel.ts';
import { subPopulationNumbers, READS_AT_ONCE, type RoundRecords } from '../runs/rounds.ts';
import { readResult } from './finding.ts';
import { atOnce, withPauses } from './pausing.ts';
import { describeRun, rowOf, type StoredResult } from './run.ts';
import { summariseComparison } from './summary.ts';

/** Format of the table. Its number changes if a reader of the old format would misread the new one. */
export const COMPARISON_FORMAT = 'fire-pbt-comparison/1';

/** Describes a finished run, and writes the table of this run and those in `done`. */
export async function tabulate(
  objects: ObjectStore,
  rounds: RoundRecords,
  { location, done, run }: TabulateRequest,
): Promise<Tabulated> {
  const described = await describe(objects, rounds, run);
  await objects.put(location.bucket, comparedRunKey(location, run), readableJson(described), 'application/json');
  const input = (await readJson(objects, location.bucket, comparisonInputKey(location))) as ComparisonInput;
  const runs = (await inParallel(READS_AT_ONCE, done, async (one) =>
    readJson(objects, location.bucket, comparedRunKey(location, one)),
  )) as ComparisonRun[];
  const table = comparisonTable(input, runs, await withPauses(summariseComparison(runs)));
  const key = comparisonTableKey(location);
  await objects.put(location.bucket, key, readableJson(table), 'application/json');
  return { row: rowOf(described), summary: table.summary, key };
}

/** Returns the table as it is in the bucket. Equal runs give equal bytes. */
export function comparisonText(input: ComparisonInput, runs: readonly ComparisonRun[]): string {
  return readableJson(comparisonTable(input, runs, atOnce(summariseComparison(runs))));
}

function comparisonTable(input: ComparisonInput, runs: readonly ComparisonRun[], summary: ComparisonSummary) {
  return { format: COMPARISON_FORMAT, input, runs, summary };
}

async function describe(
  objects: ObjectStore,
  rounds: RoundRecords,
  { arm, folder, bucket, retrace }: TabulateRequest['run'],
): Promise<ComparisonRun> {
  const result = await resultIn(objects, { bucket, folder });
  const levels: Awaited<ReturnType<RoundRecords['records']>>[] = [];
  for (const level of subPopulationNumbers(result.specification.subPopulations.length))
    levels.push(await rounds.records({ bucket, folder }, result.rounds, level));
  return describeRun(arm, result, levels, retrace && (await resultIn(objects, retrace)));
}

/** @throws ApplicationFailure, not retryable, if there is no result: the caller found one before */
async function resultIn(objects: ObjectStore, run: RunFolder): Promise<StoredResult> {
  const result = await readResult(objects, run);
  if (!result)
    throw ApplicationFailure.nonRetryable(
      `Cannot tabulate s3://${run.bucket}/${run.folder}: it has no result that can be read`,
      'MissingResult',
    );
  return result;
}

async function readJson(objects: ObjectStore, bucket: string, key: string): Promise<unknown> {
  return JSON.parse(Buffer.from(await objects.get(bucket, key)).toString());
}
