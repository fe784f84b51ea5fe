/**
 * The schedule that a finished run found, for other programs: as JSON, which a `retrace` trains again, or as CSV.
 */
import { z } from 'zod';
import type { HyperparameterValue, HyperparameterValues, TraceSegment } from '../../workflows/algorithm/index.ts';
import type { ObjectStore } from '../storage/object-store.ts';
import { keyPrefix, resultKey } from '../storage/layout.ts';
import { SEGMENTS } from './recorded-json.ts';
import { ObjectStoreError } from '../storage/store-errors.ts';

export const SCHEDULE_FORMAT = 'fire-pbt-schedule/1';

/** The winner's schedule, from step 0 to the last; no two neighbours have equal hyperparameters. */
export interface ExportedSchedule {
  readonly format: typeof SCHEDULE_FORMAT;
  /** As in the run's specification. */
  readonly task: unknown;
  /** Steps that each member trained: fewer than specified if the run was stopped early. */
  readonly steps: number;
  readonly stepsPerRound: number;
  readonly evalEvery: number;
  readonly segments: readonly TraceSegment[];
}

/** The error that there is no schedule to export, with the reason. */
export class NoSchedule extends Error {
  override readonly name = 'NoSchedule';
}

/** The part of a result.json that contains the schedule. */
const RESULT = z.object({
  steps: z.int().positive(),
  specification: z.object({ task: z.unknown(), stepsPerRound: z.int().positive(), evalEvery: z.int().positive() }),
  schedule: SEGMENTS,
});

/**
 * Reads the schedule from the run's folder, `<workflow id>/<first run id>`.
 *
 * @throws NoSchedule if there is no such run, or no result of it that can be read
 * @throws ObjectStoreError if the store fails
 */
export async function readSchedule(
  objects: Pick<ObjectStore, 'get' | 'list'>,
  bucket: string,
  run: string,
): Promise<ExportedSchedule> {
  const folder = { bucket, folder: run };
  const key = resultKey(folder);
  try {
    return scheduleOf(new TextDecoder().decode(await objects.get(bucket, key)));
  } catch (error) {
    if (error instanceof ObjectStoreError && error.trouble === 'missing-bucket')
      throw refusal(run, `there is no bucket ${bucket}`, error);
    if (error instanceof ObjectStoreError && error.trouble === 'missing-object') {
      const recorded = await objects.list(bucket, keyPrefix(folder));
      throw refusal(
        run,
        recorded.length === 0
          ? `there is no such run in bucket ${bucket}`
          : 'it is not finished, or it failed: there is no result/result.json yet',
        error,
      );
    }
    if (error instanceof SyntaxError || error instanceof z.ZodError)
      throw refusal(
        run,
        `s3://${bucket}/${key} is no result: ${error instanceof z.ZodError ? tell(error) : error.message}`,
        error,
      );
    throw error;
  }
}

/** Returns the segments without their workers, with equal neighbours joined. */
export function joinEqual(segments: readonly TraceSegment[]): readonly TraceSegment[] {
  const joined: TraceSegment[] = [];
  for (const { fromStep, toStep, hyperparameters } of segments) {
    const last = joined.at(-1);
    if (last?.toStep === fromStep && sameValues(last.hyperparameters, hyperparameters))
      joined[joined.length - 1] = { ...last, toStep };
    else joined.push({ fromStep, toStep, hyperparameters });
  }
  return joined;
}

/**
 * Returns the schedule as CSV (RFC 4180, lines end in \n). Each segment is a row. Each hyperparameter is a column, in
 * the order of code units; it is empty if a segment lacks the hyperparameter.
 */
export function scheduleCsv({ segments }: Pick<ExportedSchedule, 'segments'>): string {
  const names = [...new Set(segments.flatMap(({ hyperparameters }) => Object.keys(hyperparameters)))].sort();
  const rows = segments.map(({ fromStep, toStep, hyperparameters }) => [
    fromStep,
    toStep,
    ...names.map((name) => (Object.hasOwn(hyperparameters, name) ? hyperparameters[name] : undefined)),
  ]);
  return [['from_step', 'to_step', ...names], ...rows].map((row) => `${row.map(csvField).join(',')}\n`).join('');
}

function scheduleOf(text: string): ExportedSchedule {
  const { steps, specification, schedule } = RESULT.parse(JSON.parse(text));
  const { task, stepsPerRound, evalEvery } = specification;
  return { format: SCHEDULE_FORMAT, task, steps, stepsPerRound, evalEvery, segments: joinEqual(schedule) };
}

function sameValues(a: HyperparameterValues, b: HyperparameterValues): boolean {
  const names = Object.keys(a);
  return names.length === Object.keys(b).length && names.every((name) => Object.hasOwn(b, name) && a[name] === b[name]);
}

function csvField(value: HyperparameterValue | undefined): string {
  const text = String(value ?? '');
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

function refusal(run: string, reason: string, cause: Error): NoSchedule {
  return new NoSchedule(`Cannot export the schedule of ${run}: ${reason}`, { cause });
}

function tell(error: z.ZodError): string {
  const [issue] = error.issues;
  return issue === undefined ? 'unknown reason' : `${issue.path.join('.')}: ${issue.message}`;
}
