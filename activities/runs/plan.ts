/**
 * Planning of a run: its specification validated, its place in the bucket, what it will cost.
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
import { retracedKey, runFolder, specificationKey } from '../storage/layout.ts';
import { readableJson } from '../storage/readable-json.ts';
import { continuedSpecification, isContinuationInput, wrongField } from './continuation.ts';
import { isRetracingInput, recordedRetraced, retracingSpecification } from './retracing.ts';
import { expected } from '../../workflows/validation/complaints.ts';
import { descriptionOf } from '../specification/described-task.ts';
import { mostRounds } from '../specification/budget.ts';
import { InvalidSpecification, parseSpecification } from '../specification/parsing.ts';
import type { Specification } from '../specification/specification.ts';

/** Failure type of a run whose specification is refused. */
export const INVALID_SPECIFICATION = 'InvalidSpecification';

/** Failure type of a run whose workflow id leaves no room for those of its children. */
export const INVALID_WORKFLOW_ID = 'InvalidWorkflowId';

/** What a plan is made of. */
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
 * Plans a run: validates its specification, makes its bucket where missing, writes the specification, defaults filled
 * in, and which run it retraces into its folder. Planning again, after a reset, comes to the same, also where the run
 * that it goes on from or retraces was deleted meanwhile.
 *
 * `generation` in the plan is the root's own run id. `lookup` has what trainers say of the task.
 *
 * @throws ApplicationFailure of type 'InvalidSpecification', not retryable, with every error in the message and, as a
 *   list, in the details
 * @throws ApplicationFailure of type 'InvalidWorkflowId', not retryable, where a child's id would be longer than
 *   Temporal takes
 * @throws ObjectStoreError where the store cannot be reached or refuses
 */
export async function planRun(
  objects: ObjectStore,
  { specification: given, workflowId, firstExecutionRunId }: PlanRequest,
  { runId: generation, workflowType }: PlannedWorkflow,
  lookup: TaskLookup,
): Promise<RunPlan> {
  const folder = runFolder(workflowId, firstExecutionRunId);
  const { specification, from, retraced } = await asSpecification(() =>
    readSpecification(objects, given, workflowType, folder, lookup),
  );
  checkWorkflowId(workflowId, specification);
  const storage = { bucket: specification.storage.bucket, folder };
  await objects.ensureBucket(storage.bucket);
  await objects.put(storage.bucket, specificationKey(storage), readableJson(specification), 'application/json');
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
  };
}

interface ReadSpecification {
  readonly specification: Specification;
  readonly from?: RunFolder | undefined;
  readonly retraced?: RetracedRun | undefined;
}

async function readSpecification(
  objects: ObjectStore,
  given: unknown,
  workflowType: string,
  own: string,
  lookup: TaskLookup,
): Promise<ReadSpecification> {
  if (isRetracingInput(given)) {
    if (workflowType !== 'retrace')
      throw wrongField(['run'], `absent for workflow type ${workflowType} (workflow type retrace takes it)`, given.run);
    return retracingSpecification(objects, given, own, lookup);
  }
  const read = isContinuationInput(given)
    ? await continued(objects, given, own, lookup)
    : { specification: parseSpecification(given, lookup) };
  // Whoever goes on from a run, `npm start` for one, cannot know what it computes: firePbt goes on with any.
  if (!isContinuationInput(given) || workflowType !== 'firePbt') checkAlgorithm(read.specification, workflowType);
  return read;
}

/** A retrace that is gone on from still is one of its run. */
async function continued(
  objects: ObjectStore,
  given: Parameters<typeof continuedSpecification>[1],
  own: string,
  lookup: TaskLookup,
): Promise<ReadSpecification> {
  const read = await continuedSpecification(objects, given, own, lookup);
  const retraced =
    (await recordedRetraced(objects, read.from)) ??
    (await recordedRetraced(objects, { bucket: read.specification.storage.bucket, folder: own }));
  return { ...read, retraced };
}

/** By workflow type, the algorithms that it runs. */
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

/** A child's id that is longer would fail the root's workflow task for ever. */
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
 * Returns what a run will take, at most: as though its evaluators were never idle. Without a description nothing is
 * known of the bytes of its checkpoints.
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
