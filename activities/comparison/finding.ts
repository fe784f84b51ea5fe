/**
 * Looks up the runs of a comparison in the bucket, so that no finished run is trained twice, even if the Temporal
 * server that trained it is lost.
 *
 * The folders of runs with one workflow id are `<workflow id>/<first run id>/`, the oldest first.
 */
import { isDeepStrictEqual } from 'node:util';
import { MISSING, type CheckpointStore } from '../storage/checkpoints.ts';
import type { ObjectStore, StoredObject } from '../storage/object-store.ts';
import { ObjectStoreError } from '../storage/store-errors.ts';
import type { RunFolder } from '../contracts/checkpoint.ts';
import type { FoundRun } from '../contracts/comparison.ts';
import { findLatestRound } from '../runs/latest-round.ts';
import { decisionsKey, folderName } from '../storage/layout.ts';
import { readResult, type StoredResult } from '../runs/recorded-result.ts';
import { readSpecification } from '../runs/recorded-specification.ts';
import { readRetraced } from '../runs/retracing.ts';
import { subPopulationNumbers, type RoundRecords } from '../runs/rounds.ts';
import { at, isRecord } from '../../workflows/validation/draft.ts';
import { UNASKED } from '../specification/described-task.ts';
import { InvalidSpecification, parseSpecification } from '../specification/parsing.ts';
import type { Specification } from '../specification/specification.ts';

type Objects = Pick<ObjectStore, 'list' | 'exists'>;

/** What to look for among the runs of one workflow id. */
interface Sought {
  readonly isFinished: (result: StoredResult, folder: StoredFolder) => boolean;
  /**
   * Returns the specification of a folder without such a result, or undefined if the folder is of another run.
   * `recorded` is the specification in that folder.
   */
  readonly begun: (
    recorded: unknown,
    storage: RunFolder,
  ) => Specification | undefined | Promise<Specification | undefined>;
}

/**
 * Returns a finished run of the specification, or the run with the most rounds, or that there is none. A run that was
 * stopped early is not finished; another run can continue it. `given` is the specification as people wrote it: a run of
 * trainers that did not know yet what it has by default is a run of it.
 */
export async function findRun(
  objects: Objects,
  rounds: RoundRecords,
  workflowId: string,
  specification: Specification,
  given: unknown,
): Promise<FoundRun> {
  const levels = subPopulationNumbers(specification.subPopulations.length);
  return find(objects, rounds, specification.storage.bucket, workflowId, {
    isFinished: (result, folder) =>
      sameSpecification(withDefaults(result.specification, specification, given), specification) &&
      hasDecisions(folder, result, levels),
    begun: (recorded) =>
      sameSpecification(withDefaults(recorded, specification, given), specification) ? specification : undefined,
  });
}

/** Returns the same for retraces, with this seed, of the run in the folder. */
export async function findRetrace(
  objects: Objects,
  rounds: RoundRecords,
  workflowId: string,
  { bucket, folder }: RunFolder,
  seed: number,
): Promise<FoundRun> {
  return find(objects, rounds, bucket, workflowId, {
    isFinished: (result) => result.retraced?.folder === folder && result.seed === seed,
    begun: async (recorded, storage) => {
      const specification = parsed(recorded);
      if (specification?.seed !== seed) return undefined;
      const retraced = await readRetraced(rounds, storage);
      return 'value' in retraced && retraced.value.folder === folder ? specification : undefined;
    },
  });
}

async function find(
  objects: Objects,
  rounds: RoundRecords,
  bucket: string,
  workflowId: string,
  { isFinished, begun }: Sought,
): Promise<FoundRun> {
  let furthest: Extract<FoundRun, { state: 'recorded' }> | undefined;
  for (const stored of await foldersOf(objects, bucket, workflowId)) {
    const { storage } = stored;
    const result = await readResult(rounds, storage);
    if ('value' in result && !result.value.stoppedEarly && isFinished(result.value, stored))
      return { state: 'finished', ...storage };
    const specification = await begun((await readSpecification(rounds, storage)).json, storage);
    if (specification === undefined) continue;
    const { round } = await findLatestRound(unread(objects), rounds, {
      storage,
      subPopulations: specification.subPopulations.length,
      rounds: specification.steps / specification.stepsPerRound,
    });
    if (round > (furthest?.round ?? 0)) furthest = { state: 'recorded', ...storage, round };
  }
  return furthest ?? { state: 'absent' };
}

/** Looks whether checkpoints are there, and leaves it to the run that resumes from them to read them. */
function unread(objects: Pick<ObjectStore, 'exists'>): Pick<CheckpointStore, 'findDamage'> {
  return { findDamage: async (bucket, { key }) => ((await objects.exists(bucket, key)) ? null : MISSING) };
}

interface StoredFolder {
  readonly storage: RunFolder;
  readonly keys: ReadonlySet<string>;
}

async function foldersOf(objects: Objects, bucket: string, workflowId: string): Promise<StoredFolder[]> {
  const prefix = `${folderName(workflowId)}/`;
  const stored = await listed(objects, bucket, prefix);
  const byRun = new Map<string, Set<string>>();
  for (const { key } of stored) {
    const run = key.slice(prefix.length).split('/')[0] ?? '';
    byRun.set(run, (byRun.get(run) ?? new Set()).add(key));
  }
  return [...byRun].map(([run, keys]) => ({ storage: { bucket, folder: `${prefix}${run}` }, keys }));
}

async function listed(objects: Objects, bucket: string, prefix: string): Promise<StoredObject[]> {
  try {
    return await objects.list(bucket, prefix);
  } catch (error) {
    if (error instanceof ObjectStoreError && error.trouble === 'missing-bucket') return [];
    throw error;
  }
}

/** Tells whether all decisions are there. Costs and curves are computed from them. */
function hasDecisions({ keys, storage }: StoredFolder, { rounds }: StoredResult, levels: readonly number[]): boolean {
  return Array.from({ length: rounds }, (_, index) => index + 1).every((round) =>
    levels.every((level) => keys.has(decisionsKey(storage, round, level))),
  );
}

/**
 * Tells whether a recorded specification, which has all defaults, is equal to the wanted one. `storage` and `trainers`
 * are not compared, because no decision depends on them.
 */
function sameSpecification(recorded: unknown, { storage: _, trainers: _trainers, ...wanted }: Specification): boolean {
  const specification = parsed(recorded);
  if (specification === undefined) return false;
  const { storage: _recorded, trainers: _served, ...same } = specification;
  return isDeepStrictEqual(same, wanted);
}

/** Returns what was recorded, and what `wanted` has that neither this nor `given` has: defaults of today's trainers. */
function withDefaults(recorded: unknown, wanted: unknown, given: unknown): unknown {
  if (!isRecord(recorded) || !isRecord(wanted)) return recorded;
  const added = Object.entries(wanted).filter(([key]) => !Object.hasOwn(recorded, key) && at(given, key) === undefined);
  const kept = Object.entries(recorded).map(([key, value]) => [
    key,
    withDefaults(value, Object.hasOwn(wanted, key) ? wanted[key] : undefined, at(given, key)),
  ]);
  return Object.fromEntries([...kept, ...added]);
}

/** Returns a recorded specification with all defaults; undefined: it cannot be used. */
function parsed(recorded: unknown): Specification | undefined {
  try {
    return parseSpecification(recorded, UNASKED);
  } catch (error) {
    if (error instanceof InvalidSpecification) return undefined;
    throw error;
  }
}
