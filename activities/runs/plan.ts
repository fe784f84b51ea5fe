/**
 * Planning of a run: validation of its specification, its place in the bucket, its estimated costs.
 */
import { ApplicationFailure } from '@temporalio/common';
import { roundsPerReport } from '../../workflows/population/reporting.ts';
import {
  algorithmOf,
  childWorkflowId,
  evaluatorName,
  MAX_ID_BYTES,
  subPopulationName,
  WORKFLOW_TYPES,
} from '../../workflows/population/names.ts';
import type { Algorithm } from '../../workflows/population/names.ts';
import type { RunFolder } from '../contracts/checkpoint.ts';
import type { TaskDescription, TaskLookup } from '../contracts/task.ts';
import type { ObjectStore } from '../storage/object-store.ts';
import { historyBudget, type HistoryBudget } from '../specification/history-budget.ts';
import type { HistoryCosts, RetracedRun, RunCosts, RunPlan } from '../contracts/run.ts';
import { retracedKey, runFolder } from '../storage/layout.ts';
import { readableJson } from '../storage/readable-json.ts';
import {
  bucketOf,
  continuedSpecification,
  isContinuationInput,
  wrongField,
  type ContinuationInput,
} from './continuation.ts';
import { provenSpecification, recordSpecification } from './recorded-specification.ts';
import { isRetracingInput, recordedRetraced, retracingSpecification } from './retracing.ts';
import { expected } from '../../workflows/validation/complaints.ts';
import { isRecord } from '../../workflows/validation/draft.ts';
import { descriptionOf } from '../specification/described-task.ts';
import { RoundRecords } from './rounds.ts';
import { mostRounds } from '../specification/budget.ts';
import { InvalidSpecification, parseSpecification } from '../specification/parsing.ts';
import type { Specification } from '../specification/specification.ts';

/** Failure type of a run whose specification is invalid. */
export const INVALID_SPECIFICATION = 'InvalidSpecification';

/** Failure type of a run whose workflow id leaves no room for those of its children. */
export const INVALID_WORKFLOW_ID = 'InvalidWorkflowId';

/** The input of a run, and its ids. */
export interface PlanRequest {
  readonly specification: unknown;
  readonly workflowId: string;
  readonly firstExecutionRunId: string;
}

/** The root that plans. */
export interface PlannedWorkflow {
  readonly runId: string;
  readonly workflowType: string;
}

/**
 * Plans a run: validates its specification, creates its bucket if it is missing, and writes into the run's folder the
 * specification with its defaults and which run it retraces. Planning again after a reset gives the same plan, even if
 * the run that it resumes from or retraces was deleted meanwhile.
 *
 * `generation` in the plan is the root's own run id. `lookup` has what trainers say of the task.
 *
 * @throws ApplicationFailure of type 'InvalidSpecification', not retryable, with every error in the message and, as a
 *   list, in the details
 * @throws ApplicationFailure of type 'RecordRefused', not retryable, if the earlier run's specification was edited
 * @throws ApplicationFailure of type 'InvalidWorkflowId', not retryable, if a child's id would be longer than Temporal
 *   allows
 * @throws ObjectStoreError if the store cannot be reached or refuses
 */
export async function planRun(
  objects: ObjectStore,
  { specification: given, workflowId, firstExecutionRunId }: PlanRequest,
  { runId: generation, workflowType }: PlannedWorkflow,
  lookup: TaskLookup,
): Promise<RunPlan> {
  const folder = runFolder(workflowId, firstExecutionRunId);
  const records = new RoundRecords(objects);
  const { specification, from, retraced, refused } = await asSpecification(() =>
    resolveSpecification(records, given, workflowType, folder, lookup),
  );
  checkWorkflowId(workflowId, specification);
  const storage = { bucket: specification.storage.bucket, folder };
  await objects.ensureBucket(storage.bucket);
  const rewritten = await recordSpecification(objects, records, storage, specification, lookup);
  if (retraced) await objects.put(storage.bucket, retracedKey(storage), readableJson(retraced), 'application/json');
  return {
    generation,
    specification,
    storage,
    ...(from ? { from } : {}),
    ...(retraced ? { retraced } : {}),
    costs: {
      ...costsOf(specification, descriptionOf(specification, lookup)),
      histories: historyCosts(historyBudget(specification, workflowId)),
    },
    maxRounds: mostRounds(specification),
    refused: [...refused, ...rewritten],
  };
}

interface ResolvedSpecification {
  readonly specification: Specification;
  readonly from?: RunFolder | undefined;
  readonly retraced?: RetracedRun | undefined;
  /** What was not used of an earlier run, as `key: reason`. */
  readonly refused: readonly string[];
}

async function resolveSpecification(
  records: RoundRecords,
  given: unknown,
  workflowType: string,
  own: string,
  lookup: TaskLookup,
): Promise<ResolvedSpecification> {
  if (isRecord(given) && 'arms' in given)
    throw wrongField(
      ['arms'],
      `absent for workflow type ${workflowType} (workflow type compare takes it)`,
      given['arms'],
    );
  if (isRetracingInput(given)) {
    if (workflowType !== 'retrace')
      throw wrongField(['run'], `absent for workflow type ${workflowType} (workflow type retrace takes it)`, given.run);
    const again = await plannedAgain(records, { bucket: bucketOf(given), folder: own }, lookup);
    return again ?? { ...(await retracingSpecification(records, given, own, lookup)), refused: [] };
  }
  const read = isContinuationInput(given)
    ? await continued(records, given, own, lookup)
    : await parsed(records, given, own, lookup);
  // Whoever resumes from a run, such as `npm start`, need not know its algorithm: firePbt resumes any.
  if (!isContinuationInput(given) || workflowType !== 'firePbt') checkAlgorithm(read.specification, workflowType);
  return read;
}

async function parsed(
  records: RoundRecords,
  given: unknown,
  own: string,
  lookup: TaskLookup,
): Promise<ResolvedSpecification> {
  const specification = parseSpecification(given, lookup);
  const again = await plannedAgain(records, { bucket: specification.storage.bucket, folder: own }, lookup);
  return again ?? { specification, refused: [] };
}

async function continued(
  records: RoundRecords,
  given: ContinuationInput,
  own: string,
  lookup: TaskLookup,
): Promise<ResolvedSpecification> {
  const storage = { bucket: bucketOf(given), folder: own };
  const again = await plannedAgain(records, storage, lookup);
  if (again) return { ...again, from: { bucket: storage.bucket, folder: String(given.from) } };
  const read = await continuedSpecification(records, given, own, lookup);
  // A run that resumes from a retrace is a retrace of the same run.
  const retraced = (await recordedRetraced(records, read.from)) ?? (await recordedRetraced(records, storage));
  return { ...read, retraced };
}

/** After a reset, a run of which a round is recorded can follow no other specification than that round did. */
async function plannedAgain(
  records: RoundRecords,
  own: RunFolder,
  lookup: TaskLookup,
): Promise<ResolvedSpecification | undefined> {
  const specification = await provenSpecification(records, own, lookup);
  return specification && { specification, retraced: await recordedRetraced(records, own), refused: [] };
}

/** The algorithms that each workflow type runs. */
const ALGORITHMS: Readonly<Record<string, readonly Algorithm[]>> = {
  firePbt: ['fire-pbt', 'pbt'],
  pbt: ['pbt'],
  randomSearch: ['random-search'],
  retrace: ['retrace'],
};

function checkAlgorithm(specification: Specification, workflowType: string): void {
  const algorithm = algorithmOf(specification);
  const runs = ALGORITHMS[workflowType];
  if (runs === undefined || runs.includes(algorithm)) return;
  const { schedule, subPopulations } = specification;
  const runner = WORKFLOW_TYPES[algorithm];
  const instead = `for workflow type ${workflowType} (workflow type ${runner} runs this specification)`;
  if (runs.includes('random-search'))
    throw wrongField(['schedule'], `an object of shapes by hyperparameter ${instead}`, schedule);
  if (runs.includes('retrace'))
    throw wrongField(
      ['schedule'],
      `an array of segments, or left out beside a finished run's folder as \`run\`, ${instead}`,
      schedule,
    );
  if (schedule !== undefined) throw wrongField(['schedule'], `absent ${instead}`, schedule);
  throw new InvalidSpecification([
    expected(['subPopulations'], `one sub-population ${instead}`, `${subPopulations.length} sub-populations`),
  ]);
}

async function asSpecification<T>(read: () => Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (error) {
    if (!(error instanceof InvalidSpecification)) throw error;
    throw ApplicationFailure.create({
      type: INVALID_SPECIFICATION,
      nonRetryable: true,
      message: error.message,
      details: [error.complaints],
    });
  }
}

/** A child's id that is longer would fail the root's workflow task again and again. */
function checkWorkflowId(workflowId: string, { subPopulations }: Specification): void {
  const names = subPopulations.map(({ evaluators }, index) =>
    evaluators > 0 ? evaluatorName(index + 1, evaluators - 1) : subPopulationName(index + 1),
  );
  const room = Math.max(...names.map((name) => Buffer.byteLength(childWorkflowId('', name))));
  const bytes = Buffer.byteLength(workflowId);
  if (bytes + room <= MAX_ID_BYTES) return;
  const message =
    `Expected the workflow id to be at most ${MAX_ID_BYTES - room} bytes, so that those of its children have at ` +
    `most ${MAX_ID_BYTES}, got ${bytes}`;
  throw ApplicationFailure.nonRetryable(message, INVALID_WORKFLOW_ID);
}

/**
 * Returns what a run will cost at most: as if its evaluators were never idle. Without a description, the bytes of its
 * checkpoints are unknown.
 */
export function costsOf(
  { subPopulations, steps, stepsPerRound, storage }: Specification,
  described?: TaskDescription,
): RunCosts {
  const members = subPopulations.reduce((sum, one) => sum + one.members, 0);
  const evaluators = subPopulations.reduce((sum, one) => sum + one.evaluators, 0);
  const workers = members + evaluators;
  const rounds = steps / stepsPerRound;
  // The rounds kept, those that are about to be collected, the one in training.
  const checkpointsKept = workers * (storage.keepRounds + roundsPerReport(rounds) + 1);
  const bytes = described?.checkpointBytes ?? null;
  return {
    members,
    evaluators,
    rounds,
    workerSteps: workers * steps,
    trainActivities: workers * rounds,
    checkpointsKept,
    ...(bytes === null ? {} : { checkpointBytes: bytes, storedBytes: checkpointsKept * bytes }),
  };
}

function historyCosts({ root, subPopulations, payloads }: HistoryBudget): HistoryCosts {
  return {
    rootEvents: root.longest.events,
    rootBytes: root.longest.bytes,
    roundEvents: Math.max(...subPopulations.map(({ perRound }) => perRound.events)),
    roundBytes: Math.max(...subPopulations.map(({ perRound }) => perRound.bytes)),
    largestPayloadBytes: Math.max(...payloads.map(({ sizeBytes }) => sizeBytes)),
  };
}
