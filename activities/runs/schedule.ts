/**
 * The schedule that a finished run found, for other programs: as JSON, which a `retrace` trains again, or as CSV.
 */
import type { HyperparameterValues, TraceSegment } from '../../workflows/algorithm/index.ts';
import type { RunFolder } from '../contracts/checkpoint.ts';
import { MISSING } from '../storage/checkpoints.ts';
import { toCsv } from '../storage/csv.ts';
import { keyPrefix, resultKey } from '../storage/layout.ts';
import type { ObjectStore } from '../storage/object-store.ts';
import { ObjectStoreError } from '../storage/store-errors.ts';
import { readResult, type StoredResult } from './recorded-result.ts';
import { RoundRecords } from './rounds.ts';

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

/**
 * Reads the schedule of a finished run.
 *
 * @throws NoSchedule if there is no such run, or no result of it that can be read
 * @throws ObjectStoreError if the store fails
 */
export async function readSchedule(objects: ObjectStore, run: RunFolder): Promise<ExportedSchedule> {
  const { bucket, folder } = run;
  const result = await readResult(new RoundRecords(objects), run);
  if ('value' in result) return scheduleOf(result.value);
  const cannot = (reason: string): NoSchedule => new NoSchedule(`Cannot export the schedule of ${folder}: ${reason}`);
  if (result.problem !== MISSING) throw cannot(`s3://${bucket}/${resultKey(run)} is no result: ${result.problem}`);
  const recorded = await objects.list(bucket, keyPrefix(run)).catch((error: unknown) => {
    const isMissing = error instanceof ObjectStoreError && error.trouble === 'missing-bucket';
    throw isMissing ? cannot(`there is no bucket ${bucket}`) : error;
  });
  throw cannot(
    recorded.length === 0
      ? `there is no such run in bucket ${bucket}`
      : 'it is not finished, or it failed: there is no result/result.json yet',
  );
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
  return toCsv([['from_step', 'to_step', ...names], ...rows]);
}

function scheduleOf({ steps, specification, schedule }: StoredResult): ExportedSchedule {
  const { task, stepsPerRound, evalEvery } = specification;
  return { format: SCHEDULE_FORMAT, task, steps, stepsPerRound, evalEvery, segments: joinEqual(schedule) };
}

function sameValues(a: HyperparameterValues, b: HyperparameterValues): boolean {
  const names = Object.keys(a);
  return names.length === Object.keys(b).length && names.every((name) => Object.hasOwn(b, name) && a[name] === b[name]);
}
