/**
 * The draft of a run's specification: as people gave it, or made from what an earlier run recorded. It is validated
 * once trainers have described its task.
 */
import { inspect } from '../../workflows/validation/complaints.ts';
import { at, isRecord } from '../../workflows/validation/draft.ts';
import type { RunFolder } from '../contracts/checkpoint.ts';
import type { RetracedRun } from '../contracts/result.ts';
import type { TaskQuestion } from '../contracts/run.ts';
import { requestOf } from '../specification/described-task.ts';
import { InvalidSpecification } from '../specification/parsing.ts';
import { runFolder } from '../storage/layout.ts';
import { bucketOf, draftContinuation, isContinuationInput } from './continuation.ts';
import { provenSpecification } from './recorded-specification.ts';
import { draftRetrace, isRetracingInput, recordedRetraced } from './retracing.ts';
import type { RoundRecords } from './rounds.ts';

/** The input of a run, and its ids. */
export interface RunInput {
  readonly specification: unknown;
  readonly workflowId: string;
  readonly firstExecutionRunId: string;
}

/** A draft, and the runs that it comes from. */
export interface DraftedRun {
  readonly draft: unknown;
  /** Whether it is the specification that the run's own records follow: then it gains no defaults. */
  readonly isRecorded?: boolean;
  readonly from?: RunFolder | undefined;
  readonly retraced?: RetracedRun | undefined;
  /** The specification of the run that is resumed, with which the draft must agree. */
  readonly earlier?: Readonly<Record<string, unknown>> | undefined;
  /** What was not used of an earlier run, as `key: reason`. */
  readonly refused: readonly string[];
}

/**
 * Returns the draft that an input leads to; `own` is the folder of the run. After a reset, a run of which a round is
 * recorded can follow no other specification than that round did.
 *
 * @throws InvalidSpecification if the input names a run that does not exist
 * @throws ApplicationFailure of type 'RecordRefused', not retryable, if an earlier run's record was edited
 */
export async function draftRun(records: RoundRecords, given: unknown, own: string): Promise<DraftedRun> {
  if (isRetracingInput(given)) {
    const again = await plannedAgain(records, { bucket: bucketOf(given), folder: own });
    return again ?? { ...(await draftRetrace(records, given, own)), refused: [] };
  }
  if (!isContinuationInput(given)) {
    const bucket = bucketIn(given);
    const again = bucket === undefined ? undefined : await plannedAgain(records, { bucket, folder: own });
    return again ?? { draft: given, refused: [] };
  }
  const storage = { bucket: bucketOf(given), folder: own };
  const again = await plannedAgain(records, storage);
  if (again) return { ...again, from: { bucket: storage.bucket, folder: String(given.from) } };
  const continued = await draftContinuation(records, given, own);
  // A run that resumes from a retrace is a retrace of the same run.
  const retraced = (await recordedRetraced(records, continued.from)) ?? (await recordedRetraced(records, storage));
  return { ...continued, retraced };
}

async function plannedAgain(records: RoundRecords, own: RunFolder): Promise<DraftedRun | undefined> {
  const draft = await provenSpecification(records, own);
  if (draft === undefined) return undefined;
  return { draft, isRecorded: true, retraced: await recordedRetraced(records, own), refused: [] };
}

/** Returns the bucket of a specification that is not validated yet; undefined if it has none that can be used. */
function bucketIn(given: unknown): string | undefined {
  try {
    return isRecord(given) ? bucketOf(given) : undefined;
  } catch (error) {
    if (error instanceof InvalidSpecification) return undefined;
    throw error;
  }
}

/** Returns what trainers are to be asked about a run's task; null: the input says too little to ask. */
export async function findQuestion(
  records: RoundRecords,
  { specification, workflowId, firstExecutionRunId }: RunInput,
): Promise<TaskQuestion | null> {
  if (inspect(specification).length > 0) return null;
  try {
    const { draft } = await draftRun(records, specification, runFolder(workflowId, firstExecutionRunId));
    return questionOf(draft);
  } catch (error) {
    // Planning finds the same error, and reports it with all others.
    if (error instanceof InvalidSpecification) return null;
    throw error;
  }
}

/** Returns what trainers are to be asked about a draft, and on which queue; null: it says too little to ask. */
export function questionOf(draft: unknown): TaskQuestion | null {
  const request = inspect(draft).length > 0 ? undefined : requestOf(draft);
  const trainers = at(draft, 'trainers');
  return request === undefined ? null : { request, trainers: typeof trainers === 'string' ? trainers : null };
}
