/**
 * Continuation: the specification of a run that goes on from an earlier one's rounds.
 *
 * People write `{"from": "my-run/01a2…"}`, the earlier run's folder, and beside it only what is to differ. What was
 * decided so far followed from the rest, so the rest stays.
 */
import { ObjectStoreError, type ObjectStore } from '../storage/object-store.ts';
import type { RunFolder } from '../contracts/checkpoint.ts';
import type { TaskLookup } from '../contracts/task.ts';
import { DEFAULT_BUCKET, RUN_FOLDER, specificationKey } from '../storage/layout.ts';
import { expected, valueText } from '../../workflows/validation/complaints.ts';
import { bucketName } from '../../workflows/validation/fields.ts';
import { InvalidSpecification, parseSpecification } from '../specification/parsing.ts';
import type { Specification } from '../specification/specification.ts';

/** Fields that may differ from the earlier run's. */
const FREE = ['steps', 'storage'] as const;
interface ContinuationInput {
  readonly from: unknown;
  readonly [field: string]: unknown;
}

/** Returns whether an input asks to go on from an earlier run. */
export function isContinuationInput(input: unknown): input is ContinuationInput {
  return typeof input === 'object' && input !== null && !Array.isArray(input) && Object.hasOwn(input, 'from');
}

/**
 * Returns the earlier run's specification with what is given beside `from` in its place, and where the earlier run's
 * objects are. `own` is the new run's folder: the specification there goes on where the earlier run was deleted since
 * the new one was planned.
 *
 * @throws InvalidSpecification where there is no such run, a field differs that may not, or the whole is invalid
 */
export async function continuedSpecification(
  objects: Pick<ObjectStore, 'get'>,
  { from, ...given }: ContinuationInput,
  own: string,
  lookup: TaskLookup,
): Promise<{ specification: Specification; from: RunFolder }> {
  if (typeof from !== 'string' || !RUN_FOLDER.test(from))
    throw wrongField(
      ['from'],
      "an earlier run's folder, `<workflow id>/<first run id>`, as its result and its progress query tell it",
      from,
    );
  const earlier = { bucket: bucketOf(given), folder: from };
  const recorded = await readRecorded(objects, earlier.bucket, specificationKey(earlier));
  if (recorded === undefined) {
    const planned = await plannedBefore(objects, { bucket: earlier.bucket, folder: own }, lookup);
    if (planned) return { specification: planned, from: earlier };
    throw wrongField(['from'], `the folder of a run in bucket ${earlier.bucket}`, from);
  }
  const specification = parseSpecification({ ...recorded, ...given }, lookup);
  const differing = Object.keys(given).filter(
    (field): field is keyof Specification => !FREE.some((free) => free === field) && field in specification,
  );
  const complaints = differing
    .filter((field) => JSON.stringify(specification[field]) !== JSON.stringify(recorded[field]))
    .map((field) =>
      expected(
        [field],
        `left out, or what it was in the earlier run (${valueText(recorded[field])})`,
        valueText(specification[field]),
      ),
    );
  if (complaints.length > 0) throw new InvalidSpecification(complaints);
  return { specification, from: earlier };
}

/**
 * Returns the specification that a run recorded when it was planned; undefined where it never was. A root that is reset
 * to its first task plans again.
 */
export async function plannedBefore(
  objects: Pick<ObjectStore, 'get'>,
  own: RunFolder,
  lookup: TaskLookup,
): Promise<Specification | undefined> {
  const recorded = await readRecorded(objects, own.bucket, specificationKey(own));
  return recorded && parseSpecification(recorded, lookup);
}

/** Returns an object that a run recorded as JSON, or undefined where there is none. */
export async function readRecorded(
  objects: Pick<ObjectStore, 'get'>,
  bucket: string,
  key: string,
): Promise<Record<string, unknown> | undefined> {
  try {
    return JSON.parse(Buffer.from(await objects.get(bucket, key)).toString()) as Record<string, unknown>;
  } catch (error) {
    if (error instanceof ObjectStoreError && (error.trouble === 'missing-object' || error.trouble === 'missing-bucket'))
      return undefined;
    throw error;
  }
}

/** Returns the bucket that an incomplete specification names, or the usual one. */
export function bucketOf({ storage }: Readonly<Record<string, unknown>>): string {
  if (typeof storage !== 'object' || storage === null || !('bucket' in storage)) return DEFAULT_BUCKET;
  const parsed = bucketName.safeParse(storage.bucket);
  if (!parsed.success)
    throw wrongField(['storage', 'bucket'], parsed.error.issues[0]?.message ?? 'a bucket name', storage.bucket);
  return parsed.data;
}

/** A field of an incomplete specification that cannot be used. */
export function wrongField(path: readonly string[], rule: string, value: unknown): InvalidSpecification {
  return new InvalidSpecification([expected(path, rule, valueText(value))]);
}
