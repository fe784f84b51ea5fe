/**
 * Retracing: the specification that trains a finished run's schedule afresh.
 *
 * People write `{"run": "<workflow id>/<first run id>"}`, the run's folder, and beside it `seed`, or `storage` if
 * the run is in another bucket than the usual one. A schedule that was found by luck, or by weights that no single
 * training could reach, does worse when it is retraced.
 */
import type { Score } from '../../workflows/algorithm/index.ts';
import type { HistorySegment } from '../../workflows/population/state.ts';
import type { RunFolder } from '../contracts/checkpoint.ts';
import { bucketOf, wrongField } from './continuation.ts';
import { plannedBefore } from './recorded-specification.ts';
import type { RoundRecords } from './rounds.ts';
import { refused } from './sealing.ts';
import { resultKey, retracedKey, RUN_FOLDER } from '../storage/layout.ts';
import type { RetracedRun } from '../contracts/run.ts';
import { joinEqual } from './schedule.ts';
import type { Specification } from '../specification/specification.ts';

interface RetracingInput {
  readonly run: unknown;
  readonly [field: string]: unknown;
}

/** The part of a run's `result.json` that a retrace needs. */
interface RecordedResult {
  readonly seed: number;
  readonly winner: { readonly objective: Score };
  readonly testScore: Score;
  readonly schedule: readonly HistorySegment[];
  readonly specification: Specification;
}

/** Returns whether an input names a run to retrace. */
export function isRetracingInput(input: unknown): input is RetracingInput {
  return typeof input === 'object' && input !== null && !Array.isArray(input) && Object.hasOwn(input, 'run');
}

/**
 * Returns a specification of one member that follows the run's schedule, not yet validated, and the run. Its seed is
 * the run's plus one unless the input has one. `own` is the retrace's folder. If the run was deleted since the retrace
 * was planned, what is recorded in `own` is used.
 *
 * @throws InvalidSpecification if there is no such run, it has no result, or a field beside `run` is invalid
 */
export async function draftRetrace(
  records: RoundRecords,
  { run, ...given }: RetracingInput,
  own: string,
): Promise<{ readonly draft: unknown; readonly retraced: RetracedRun }> {
  if (typeof run !== 'string' || !RUN_FOLDER.test(run))
    throw wrongField(['run'], "a finished run's folder, `<workflow id>/<first run id>`, as its result tells it", run);
  const bucket = bucketOf(given);
  const recorded = await readRecorded(records, bucket, resultKey({ bucket, folder: run }));
  if (recorded === undefined) {
    const storage = { bucket, folder: own };
    const [planned, retraced] = await Promise.all([
      plannedBefore(records, storage),
      recordedRetraced(records, storage),
    ]);
    if (planned !== undefined && retraced) return { draft: planned, retraced };
    throw wrongField(['run'], `the folder of a finished run in bucket ${bucket}`, run);
  }
  const [unknown] = Object.keys(given).filter((field) => !FREE.some((free) => free === field));
  if (unknown !== undefined)
    throw wrongField([unknown], `absent (beside \`run\` there may be ${FREE.join(', ')})`, given[unknown]);
  const { seed, winner, testScore, schedule, specification } = recorded as unknown as RecordedResult;
  const trace = joinEqual(schedule);
  const { task, stepsPerRound, evalEvery, hyperparameters, threads } = specification;
  const draft = {
    task,
    stepsPerRound,
    evalEvery,
    hyperparameters,
    threads,
    steps: trace.at(-1)?.toStep,
    seed: (seed + 1) % SEEDS,
    ...given,
    subPopulations: [{ members: 1 }],
    schedule: trace,
  };
  return { draft, retraced: { folder: run, seed, objective: winner.objective, testScore } };
}

/** Returns the run that the run in a folder retraces, or undefined if it is no retrace of a named run. */
export async function recordedRetraced(records: RoundRecords, storage: RunFolder): Promise<RetracedRun | undefined> {
  return (await readRecorded(records, storage.bucket, retracedKey(storage))) as RetracedRun | undefined;
}

/** @throws ApplicationFailure of type 'RecordRefused', not retryable, if the object is no JSON */
async function readRecorded(records: RoundRecords, bucket: string, key: string): Promise<unknown> {
  const json = await records.readJson(bucket, key);
  if (json === null) throw refused(key, 'expected JSON, got something else');
  return json;
}

/** Seeds are integers from 0 to below. */
const SEEDS = 2 ** 32;

/** Fields that may be given beside the run. */
const FREE = ['seed', 'storage', 'threads', 'trainers'] as const;
