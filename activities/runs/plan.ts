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
import type { ObjectStore } from '../storage/object-store.ts';
import { historyBudget, type HistoryBudget } from '../specification/history-budget.ts';
import type { HistoryCosts, RetracedRun, RunCosts, RunPlan } from '../contracts/run.ts';
import { retracedKey, runFolder, specificationKey } from '../storage/layout.ts';
import { readableJson } from '../storage/readable-json.ts';
import { continuedSpecification, goesOn, wrongField } from './continuation.ts';
import { namesRun, recordedRetraced, retracingSpecification } from './retracing.ts';
import { expected } from '../../workflows/validation/complaints.ts';
import { mostRounds } from '../specification/budget.ts';
import { InvalidSpecification, parseSpecification } from '../specification/parsing.ts';
import type { Specification, TaskSpecification } from '../specification/specification.ts';

/** Failure type of a run whose specification is refused. */
export const INVALID_SPECIFICATION = 'InvalidSpecification';

/** Failure type of a run whose workflow id leaves no room for those of its children. */
export const INVALID_WORKFLOW_ID = 'InvalidWorkflowId';

const FLOAT_BYTES = 4;
/** Of a tensor's entry in a checkpoint's header. */
const TENSOR_HEADER_BYTES = 100;
const CLASSES = 10;
const IMAGE_SIDE = 28;
const KERNEL_VALUES = 9;

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
 * `generation` in the plan is the root's own run id.
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
): Promise<RunPlan> {
  const folder = runFolder(workflowId, firstExecutionRunId);
  const { specification, from, retraced } = await asSpecification(() =>
    readSpecification(objects, given, workflowType, folder),
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
    costs: { ...costsOf(specification), histories: historyCosts(historyBudget(specification, workflowId)) },
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
): Promise<ReadSpecification> {
  if (namesRun(given)) {
    if (workflowType !== 'retrace')
      throw wrongField(['run'], `absent for workflow type ${workflowType} (workflow type retrace takes it)`, given.run);
    return retracingSpecification(objects, given, own);
  }
  const read = goesOn(given) ? await continued(objects, given, own) : { specification: parseSpecification(given) };
  // Whoever goes on from a run, `npm start` for one, cannot know what it computes: firePbt goes on with any.
  if (!goesOn(given) || workflowType !== 'firePbt') checkAlgorithm(read.specification, workflowType);
  return read;
}

/** A retrace that is gone on from still is one of its run. */
async function continued(
  objects: ObjectStore,
  given: Parameters<typeof continuedSpecification>[1],
  own: string,
): Promise<ReadSpecification> {
  const read = await continuedSpecification(objects, given, own);
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

/** Returns what a run will take, at most: as though its evaluators were never idle. */
export function costsOf({ subPopulations, steps, stepsPerRound, storage, task }: Specification): RunCosts {
  const members = subPopulations.reduce((sum, one) => sum + one.members, 0);
  const evaluators = subPopulations.reduce((sum, one) => sum + one.evaluators, 0);
  const workers = members + evaluators;
  const rounds = steps / stepsPerRound;
  // The rounds kept, those that are about to be collected, the one in training.
  const checkpointsKept = workers * (storage.keepRounds + roundsPerReport(rounds) + 1);
  const checkpointBytes = estimateCheckpointBytes(task);
  return {
    members,
    evaluators,
    rounds,
    workerSteps: workers * steps,
    trainActivities: workers * rounds,
    checkpointBytes,
    checkpointsKept,
    storedBytes: checkpointsKept * checkpointBytes,
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

/** Returns about how many bytes one checkpoint has: weights, as much again for each optimiser slot, and the header. */
export function estimateCheckpointBytes(task: TaskSpecification): number {
  if (task.kind === 'toy') return 3 * TENSOR_HEADER_BYTES;
  const copies = 1 + (task.optimizer === 'adam' ? 2 : 1);
  const tensors = 2 * (task.model.kind === 'perceptron' ? task.model.hidden.length + 1 : task.model.filters.length + 2);
  return copies * (parameterCount(task) * FLOAT_BYTES + tensors * TENSOR_HEADER_BYTES);
}

/** Returns how many numbers a task's model learns: kernels and biases. */
export function parameterCount(task: TaskSpecification): number {
  if (task.kind === 'toy') return 1;
  const { model } = task;
  if (model.kind === 'perceptron') return denseParameters([IMAGE_SIDE * IMAGE_SIDE, ...model.hidden, CLASSES]);
  let side = IMAGE_SIDE;
  let channels = 1;
  let convolutions = 0;
  for (const filters of model.filters) {
    convolutions += (KERNEL_VALUES * channels + 1) * filters;
    channels = filters;
    side = Math.floor(side / 2);
  }
  return convolutions + denseParameters([side * side * channels, model.dense, CLASSES]);
}

function denseParameters(widths: readonly number[]): number {
  return widths.slice(1).reduce((sum, width, index) => sum + ((widths[index] ?? 0) + 1) * width, 0);
}
