/**
 * The specification that a run recorded when it was planned, held against what the run's records say of it.
 *
 * The first record of every sub-population names the digest of `specification.json`. So an edited specification is
 * noticed before anything follows it.
 */
import { isDeepStrictEqual } from 'node:util';
import { isRecord } from '../../workflows/validation/draft.ts';
import { MISSING } from '../storage/checkpoints.ts';
import type { RunFolder } from '../contracts/checkpoint.ts';
import { UNASKED } from '../specification/described-task.ts';
import { InvalidSpecification, parseSpecification } from '../specification/parsing.ts';
import type { Specification } from '../specification/specification.ts';
import type { ObjectStore } from '../storage/object-store.ts';
import { specificationKey } from '../storage/layout.ts';
import { readableJson } from '../storage/readable-json.ts';
import type { RoundRecords } from './rounds.ts';
import { digestJson, refused } from './sealing.ts';

/** What lies under a run's `specification.json`. */
export interface RecordedSpecification {
  /** Undefined if it is missing, null if it is no JSON. */
  readonly json: unknown;
  /** Why it is not the specification that the run's records follow; undefined if it is, or if there is no record. */
  readonly problem?: string | undefined;
  /** Digest of the specification that the run's records follow; undefined if there is no record. */
  readonly followed?: string | undefined;
}

const KEEP_ROUNDS =
  "Restore the object if it was changed, and reset the run's root to its first task: the workflow's input and the " +
  'defaults of today give another specification, which no recorded round fits';

/** Reads the specification that a run recorded. */
export async function readSpecification(records: RoundRecords, run: RunFolder): Promise<RecordedSpecification> {
  const json = await records.readJson(run.bucket, specificationKey(run));
  const followed = await followedDigest(records, run);
  if (json !== undefined && !isRecord(json))
    return { json, problem: `expected ${json === null ? 'JSON' : 'an object'}, got something else`, followed };
  if (followed === undefined) return { json };
  if (json === undefined) return { json, problem: MISSING, followed };
  const found = digestJson(json);
  return found === followed ? { json, followed } : { json, problem: differs(followed, found), followed };
}

/** Returns the specification that a run recorded, if a record of the run follows it: the run can follow no other. */
export async function provenSpecification(records: RoundRecords, own: RunFolder): Promise<unknown> {
  const { json, problem, followed } = await readSpecification(records, own);
  return problem === undefined && followed !== undefined ? json : undefined;
}

/**
 * Returns the specification that a run recorded, or undefined if it recorded none.
 *
 * @throws ApplicationFailure of type 'RecordRefused', not retryable, if it is not the one that the run's records follow
 */
export async function plannedBefore(records: RoundRecords, own: RunFolder): Promise<unknown> {
  const { json, problem } = await readSpecification(records, own);
  if (problem !== undefined) throw refused(specificationKey(own), problem);
  return json;
}

/**
 * Writes the specification of a run that is planned, unless it is there. After a reset somebody may have edited it
 * meanwhile: then it is written anew. Returns what was refused, as `key: reason`.
 *
 * @throws ApplicationFailure of type 'RecordRefused', not retryable, if the run's records follow another specification,
 *   as with other trainers' defaults: once it was written, no recorded round would fit
 */
export async function recordSpecification(
  objects: Pick<ObjectStore, 'put'>,
  records: RoundRecords,
  run: RunFolder,
  specification: Specification,
): Promise<readonly string[]> {
  const { json, problem, followed } = await readSpecification(records, run);
  const says = sameSpecification(json, specification);
  if (says && problem === undefined) return [];
  const key = specificationKey(run);
  const planned = digestJson(specification);
  if (followed !== undefined && followed !== planned)
    throw refused(key, problem ?? differs(followed, planned), KEEP_ROUNDS);
  await objects.put(run.bucket, key, readableJson(specification), 'application/json');
  if (says || (json === undefined && problem === undefined)) return [];
  return [`${key}: ${problem ?? differs(planned, digestJson(json))}`];
}

/** Returns the digest that the first sound record of the run names, or undefined if there is no such record. */
async function followedDigest(records: RoundRecords, run: RunFolder): Promise<string | undefined> {
  for (const level of (await records.decided(run)).get(1) ?? []) {
    const first = await records.record(run, 1, level);
    if (typeof first?.previous === 'string') return first.previous;
  }
  return undefined;
}

function differs(expected: string, found: string): string {
  return `expected the specification with SHA-256 ${expected}, got ${found}`;
}

/** Whether recorded JSON, with the present defaults for what it leaves out besides its task, says the same. */
function sameSpecification(json: unknown, specification: Specification): boolean {
  try {
    return isDeepStrictEqual(parseSpecification(json, UNASKED), parseSpecification(specification, UNASKED));
  } catch (error) {
    if (error instanceof InvalidSpecification) return false;
    throw error;
  }
}
