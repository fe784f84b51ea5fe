/**
 * Composes reports from what is in the bucket, and writes them there.
 */
import { ApplicationFailure } from '@temporalio/common';
import { z } from 'zod';
import type { RunFolder } from '../contracts/checkpoint.ts';
import type { WrittenReport } from '../contracts/run.ts';
import type { ComparisonInput, ComparisonRun, ComparisonSummary } from '../contracts/comparison.ts';
import { readRecorded, SCORE } from '../runs/recorded-json.ts';
import { NoRun, readRun } from '../runs/read-run.ts';
import type { RoundRecords } from '../runs/rounds.ts';
import { comparisonReportKey, comparisonTableKey, runReportKey, workflowIdOf } from '../storage/layout.ts';
import type { ObjectStore } from '../storage/object-store.ts';
import { comparisonReport } from './comparison-report.ts';
import { readEpisode } from './episode.ts';
import type { Served } from './page.ts';
import { runReport } from './run-report.ts';

/** Content type of a report. */
export const REPORT_TYPE = 'text/html; charset=utf-8';

/** The error that there is nothing to report on, with the reason. */
export class NoReport extends Error {
  override readonly name = 'NoReport';
}

/** A comparison's table, as far as its report needs it. */
interface StoredTable {
  readonly input: ComparisonInput;
  readonly runs: readonly ComparisonRun[];
  readonly summary: ComparisonSummary;
}

const NEEDED_TABLE = z.object({
  input: z.object({ arms: z.record(z.string(), z.unknown()), seeds: z.array(z.int()) }),
  runs: z.array(z.object({ arm: z.string(), seed: z.int(), testScore: SCORE, objective: SCORE })),
  summary: z.object({ arms: z.array(z.object({ arm: z.string() })), differences: z.array(z.object({})) }),
});

/**
 * Returns the report of the run in a folder, as a file or as a served page.
 *
 * @throws NoReport if there is no run that can be read
 * @throws ObjectStoreError if the store fails
 */
export async function composeRunReport(records: RoundRecords, storage: RunFolder, served?: Served): Promise<string> {
  const story = await readRun(records, storage).catch((error: unknown) => {
    throw error instanceof NoRun ? new NoReport(error.message, { cause: error }) : error;
  });
  return runReport(story, await readEpisode(records, story), served);
}

/**
 * Returns the report of a comparison, as a file or as a served page; `location` is its folder.
 *
 * @throws NoReport if there is no table that can be read: a comparison writes it after its first run
 * @throws ObjectStoreError if the store fails
 */
export async function composeComparisonReport(
  records: RoundRecords,
  location: RunFolder,
  served?: Served,
): Promise<string> {
  const key = comparisonTableKey(location);
  const table = await readRecorded<StoredTable>(records, location.bucket, key, NEEDED_TABLE);
  if ('problem' in table) throw new NoReport(`Cannot report on ${location.folder}: ${key}: ${table.problem}`);
  const { input, runs, summary } = table.value;
  return comparisonReport({ workflowId: workflowIdOf(location), input, runs, summary }, served);
}

/**
 * Writes the report of a run beside its result.
 *
 * @throws ApplicationFailure of type 'NoReport', not retryable, if there is no run that can be read
 */
export async function writeRunReport(
  objects: ObjectStore,
  records: RoundRecords,
  storage: RunFolder,
): Promise<WrittenReport> {
  return put(objects, storage.bucket, runReportKey(storage), composeRunReport(records, storage));
}

/**
 * Writes the report of a comparison beside its table.
 *
 * @throws ApplicationFailure of type 'NoReport', not retryable, if there is no table that can be read
 */
export async function writeComparisonReport(
  objects: ObjectStore,
  records: RoundRecords,
  location: RunFolder,
): Promise<WrittenReport> {
  return put(objects, location.bucket, comparisonReportKey(location), composeComparisonReport(records, location));
}

async function put(objects: ObjectStore, bucket: string, key: string, text: Promise<string>): Promise<WrittenReport> {
  const bytes = await text.then(
    (found) => Buffer.from(found),
    (error: unknown) => {
      throw error instanceof NoReport ? ApplicationFailure.nonRetryable(error.message, error.name) : error;
    },
  );
  await objects.put(bucket, key, bytes, REPORT_TYPE);
  return { key, sizeBytes: bytes.length };
}
