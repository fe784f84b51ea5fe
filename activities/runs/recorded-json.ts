/**
 * JSON objects that one run or comparison writes and another reads, checked against what the reader needs of them.
 */
import { z } from 'zod';
import { complain } from '../../workflows/validation/complaints.ts';
import { defaultRule } from '../../workflows/validation/default-rules.ts';
import { MISSING } from '../storage/checkpoints.ts';
import type { RoundRecords } from './rounds.ts';

/** What lies under a key, or why it cannot be used. */
export type RecordedJson<T> = { readonly value: T } | { readonly problem: string };

/** A score as it is recorded. */
export const SCORE = z.union([z.number(), z.literal('diverged')]);

/** The segments of a schedule as they are recorded. */
export const SEGMENTS = z
  .array(
    z.object({
      fromStep: z.int(),
      toStep: z.int(),
      hyperparameters: z.record(z.string(), z.union([z.number(), z.string()])),
    }),
  )
  .min(1);

/**
 * Reads an object. `needed` has the fields that the reader needs: only they are checked, and the value has all others
 * too.
 */
export async function readRecorded<T>(
  records: Pick<RoundRecords, 'readJson'>,
  bucket: string,
  key: string,
  needed: z.ZodType,
): Promise<RecordedJson<T>> {
  const json = await records.readJson(bucket, key);
  return json === undefined ? { problem: MISSING } : checkRecorded(json, needed);
}

/** Checks a JSON value that was read, null if it was no JSON, in the same way. */
export function checkRecorded<T>(json: unknown, needed: z.ZodType): RecordedJson<T> {
  if (json === null) return { problem: 'expected JSON, got something else' };
  const { error } = needed.safeParse(json, { error: defaultRule });
  if (error === undefined) return { value: json as T };
  const [first = 'unknown reason'] = complain(error.issues, json, 'the object');
  return { problem: `${first.charAt(0).toLowerCase()}${first.slice(1)}` };
}
