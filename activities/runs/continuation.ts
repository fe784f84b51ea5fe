/**
 * Continuation: the specification of a run that resumes from an earlier run's rounds.
 *
 * People write `{"from": "my-run/01a2…"}`, the earlier run's folder, and beside it only what is to differ. All earlier
 * decisions followed from the rest, so the rest stays.
 */
import type { RunFolder } from '../contracts/checkpoint.ts';
import { DEFAULT_BUCKET, RUN_FOLDER, specificationKey } from '../storage/layout.ts';
import { expected, valueText } from '../../workflows/validation/complaints.ts';
import { bucketName } from '../../workflows/validation/fields.ts';
import { InvalidSpecification } from '../specification/parsing.ts';
import type { Specification } from '../specification/specification.ts';
import { plannedBefore, readSpecification } from './recorded-specification.ts';
import type { RoundRecords } from './rounds.ts';
import { refused } from './sealing.ts';

/** Fields that may differ from the earlier run's. */
const FREE = ['steps', 'storage', 'trainers'] as const;

export interface ContinuationInput {
  readonly from: unknown;
  readonly [field: string]: unknown;
}

/** Returns whether an input asks to resume from an earlier run. */
export function isContinuationInput(input: unknown): input is ContinuationInput {
  return typeof input === 'object' && input !== null && !Array.isArray(input) && Object.hasOwn(input, 'from');
}

/** The draft of a run that resumes, and where the earlier run's objects are. */
export interface ContinuationDraft {
  readonly draft: unknown;
  readonly from: RunFolder;
  /** The earlier run's specification, with which the fields of the new one must agree. */
  readonly earlier?: Readonly<Record<string, unknown>>;
  /** What was not used of the earlier run, as `key: reason`. */
  readonly refused: readonly string[];
}

/**
 * Returns the earlier run's specification, with the fields that stand beside `from` replaced, not yet validated. `own`
 * is the new run's folder. If the earlier run's specification was deleted or edited since the new run was planned, the
 * one in `own` is used.
 *
 * @throws InvalidSpecification if there is no such run
 * @throws ApplicationFailure of type 'RecordRefused', not retryable, if the earlier run's specification was edited
 */
export async function draftContinuation(
  records: RoundRecords,
  { from, ...given }: ContinuationInput,
  own: string,
): Promise<ContinuationDraft> {
  if (typeof from !== 'string' || !RUN_FOLDER.test(from))
    throw wrongField(
      ['from'],
      "an earlier run's folder, `<workflow id>/<first run id>`, as its result and its progress query tell it",
      from,
    );
  const earlier = { bucket: bucketOf(given), folder: from };
  const { json, problem } = await readSpecification(records, earlier);
  if (json !== undefined && problem === undefined) {
    const recorded = json as Readonly<Record<string, unknown>>;
    return { draft: { ...recorded, ...given }, from: earlier, earlier: recorded, refused: [] };
  }
  const key = specificationKey(earlier);
  const planned = await plannedBefore(records, { bucket: earlier.bucket, folder: own });
  if (planned !== undefined)
    return { draft: planned, from: earlier, refused: problem === undefined ? [] : [`${key}: ${problem}`] };
  if (problem !== undefined) throw refused(key, problem);
  throw wrongField(['from'], `the folder of a run in bucket ${earlier.bucket}`, from);
}

/** @throws InvalidSpecification if a field that may not differ from the earlier run's does */
export function requireSameRun(
  given: ContinuationInput,
  earlier: Readonly<Record<string, unknown>>,
  specification: Specification,
): void {
  const complaints = Object.keys(given)
    .filter((field): field is keyof Specification => !FREE.some((free) => free === field) && field in specification)
    .filter((field) => JSON.stringify(specification[field]) !== JSON.stringify(earlier[field]))
    .map((field) =>
      expected(
        [field],
        `left out, or what it was in the earlier run (${valueText(earlier[field])})`,
        valueText(specification[field]),
      ),
    );
  if (complaints.length > 0) throw new InvalidSpecification(complaints);
}

/** Returns the bucket that an incomplete specification names, or the usual one. */
export function bucketOf({ storage }: Readonly<Record<string, unknown>>): string {
  if (typeof storage !== 'object' || storage === null || !('bucket' in storage)) return DEFAULT_BUCKET;
  const parsed = bucketName.safeParse(storage.bucket);
  if (!parsed.success)
    throw wrongField(['storage', 'bucket'], parsed.error.issues[0]?.message ?? 'a bucket name', storage.bucket);
  return parsed.data;
}

/** Returns the error of a field of an incomplete specification that cannot be used. */
export function wrongField(path: readonly string[], rule: string, value: unknown): InvalidSpecification {
  return new InvalidSpecification([expected(path, rule, valueText(value))]);
}
