/**
 * The result that a finished run wrote, as other runs, comparisons and commands read it.
 */
import { z } from 'zod';
import type { RunFolder } from '../contracts/checkpoint.ts';
import type { ResultSummary } from '../contracts/result.ts';
import type { Specification } from '../specification/specification.ts';
import { resultKey } from '../storage/layout.ts';
import { readRecorded, SCORE, SEGMENTS, type RecordedJson } from './recorded-json.ts';
import type { RoundRecords } from './rounds.ts';

/** A finished run's `result/result.json`, as far as others read it. */
export type StoredResult = ResultSummary & { readonly specification: Specification };

/** The fields without which nobody can use a result. */
const NEEDED_RESULT = z.object({
  workflowId: z.string(),
  algorithm: z.string(),
  seed: z.int(),
  rounds: z.int().positive(),
  steps: z.int().positive(),
  winner: z.object({ objective: SCORE, checkpoint: z.object({ sha256: z.string() }) }),
  testScore: SCORE,
  untouchedScore: SCORE.optional(),
  retraced: z.object({ folder: z.string() }).optional(),
  promotions: z.array(z.int()),
  verdicts: z.record(z.string(), z.int()),
  decisionsSha256: z.string().nullable(),
  schedule: SEGMENTS,
  storage: z.object({ bucket: z.string(), folder: z.string() }),
  resultKey: z.string(),
  specification: z.object({
    task: z.record(z.string(), z.unknown()),
    stepsPerRound: z.int().positive(),
    evalEvery: z.int().positive(),
    hyperparameters: z.record(z.string(), z.unknown()),
    threads: z.int().positive(),
    trainers: z.string().optional(),
    subPopulations: z.array(z.object({ members: z.int(), evaluators: z.int() })).min(1),
  }),
});

/** Returns the result that a finished run wrote, or why there is none that can be read. */
export async function readResult(
  records: Pick<RoundRecords, 'readJson'>,
  run: RunFolder,
): Promise<RecordedJson<StoredResult>> {
  return readRecorded(records, run.bucket, resultKey(run), NEEDED_RESULT);
}
