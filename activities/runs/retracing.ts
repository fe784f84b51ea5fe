/**
 * Retracing: the specification that trains a finished run's schedule afresh.
 *
 * People write `{"run": "<workflow id>/<first run id>"}`, the run's folder, and beside it `seed`, `threads` or
 * `trainers` if they are to differ, and `storage` if the run is in another bucket than the usual one. A schedule that
 * was found by luck, or by weights that no single training could reach, does worse when it is retraced.
 */
import { z } from 'zod';
import type { RunFolder } from '../contracts/checkpoint.ts';
import { bucketOf, wrongField } from './continuation.ts';
import { plannedBefore } from './recorded-specification.ts';
import { readRecorded, SCORE, type RecordedJson } from './recorded-json.ts';
import { readResult } from './recorded-result.ts';
import type { RoundRecords } from './rounds.ts';
import { refused } from './sealing.ts';
import { MISSING } from '../storage/checkpoints.ts';
import { resultKey, retracedKey, RUN_FOLDER } from '../storage/layout.ts';
import type { RetracedRun } from '../contracts/result.ts';
import { joinEqual } from './schedule.ts';

interface RetracingInput {
  readonly run: unknown;
  readonly [field: string]: unknown;
}

/** What a retrace records of the run that it retraces. */
const NEEDED_RETRACED = z.object({ folder: z.string(), seed: z.int(), objective: SCORE, testScore: SCORE });

/** Returns whether an input names a run to retrace. */
export function isRetracingInput(input: unknown): input is RetracingInput {
  return typeof input === 'object' && input !== null && !Array.isArray(input) && Object.hasOwn(input, 'run');
}

/**
 * Returns a specification of one member that follows the run's schedule, not yet validated, and the run. Its seed is
 * the run's plus one unless the input has one. `own` is the retrace's folder. If the run was deleted or damaged since
 * the retrace was planned, what is recorded in `own` is used.
 *
 * @throws InvalidSpecification if there is no such run, it has no result, or a field beside `run` is invalid
 * @throws ApplicationFailure of type 'RecordRefused', not retryable, if its result cannot be read
 */
export async function draftRetrace(
  records: RoundRecords,
  { run, ...given }: RetracingInput,
  own: string,
): Promise<{ readonly draft: unknown; readonly retraced: RetracedRun }> {
  if (typeof run !== 'string' || !RUN_FOLDER.test(run))
    throw wrongField(['run'], "a finished run's folder, `<workflow id>/<first run id>`, as its result tells it", run);
  const bucket = bucketOf(given);
  const key = resultKey({ bucket, folder: run });
  const recorded = await readResult(records, { bucket, folder: run });
  if ('problem' in recorded) {
    const storage = { bucket, folder: own };
    const [planned, retraced] = await Promise.all([
      plannedBefore(records, storage),
      recordedRetraced(records, storage),
    ]);
    if (planned !== undefined && retraced) return { draft: planned, retraced };
    if (recorded.problem !== MISSING)
      throw refused(key, recorded.problem, 'Restore the object, or give its schedule in a specification of its own');
    throw wrongField(['run'], `the folder of a finished run in bucket ${bucket}`, run);
  }
  const [unknown] = Object.keys(given).filter((field) => !FREE.some((free) => free === field));
  if (unknown !== undefined)
    throw wrongField([unknown], `absent (beside \`run\` there may be ${FREE.join(', ')})`, given[unknown]);
  const { seed, winner, testScore, schedule, specification } = recorded.value;
  const trace = joinEqual(schedule);
  const { task, stepsPerRound, evalEvery, hyperparameters, threads, trainers } = specification;
  const draft = {
    task,
    stepsPerRound,
    evalEvery,
    hyperparameters,
    threads,
    ...(trainers === undefined ? {} : { trainers }),
    steps: trace.at(-1)?.toStep,
    seed: (seed + 1) % SEEDS,
    ...given,
    subPopulations: [{ members: 1 }],
    schedule: trace,
  };
  return { draft, retraced: { folder: run, seed, objective: winner.objective, testScore } };
}

/**
 * Returns the run that the run in a folder retraces, or undefined if it is no retrace of a named run.
 *
 * @throws ApplicationFailure of type 'RecordRefused', not retryable, if what is recorded cannot be read
 */
export async function recordedRetraced(records: RoundRecords, storage: RunFolder): Promise<RetracedRun | undefined> {
  const recorded = await readRetraced(records, storage);
  if ('value' in recorded) return recorded.value;
  if (recorded.problem === MISSING) return undefined;
  throw refused(retracedKey(storage), recorded.problem, 'Restore the object, and start or reset the run again');
}

/** Returns the same, or why there is none that can be read. */
export async function readRetraced(records: RoundRecords, storage: RunFolder): Promise<RecordedJson<RetracedRun>> {
  return readRecorded(records, storage.bucket, retracedKey(storage), NEEDED_RETRACED);
}

/** Seeds are integers from 0 to below. */
const SEEDS = 2 ** 32;

/** Fields that may be given beside the run. */
const FREE = ['seed', 'storage', 'threads', 'trainers'] as const;
