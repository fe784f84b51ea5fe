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
import type { AnsweredRequest, TaskDescription, TaskLookup } from '../contracts/task.ts';
import type { ObjectStore } from '../storage/object-store.ts';
import { historyBudget, type HistoryBudget } from '../specification/history-budget.ts';
import type { HistoryCosts, RunCosts, RunPlan } from '../contracts/run.ts';
import { retracedKey, runFolder, specificationKey } from '../storage/layout.ts';
import { requireRights } from '../storage/rights.ts';
import { readableJson } from '../storage/readable-json.ts';
import { isContinuationInput, requireSameRun, wrongField } from './continuation.ts';
import { draftRun, type DraftedRun, type RunInput } from './draft.ts';
import { recordSpecification } from './recorded-specification.ts';
import { isRetracingInput } from './retracing.ts';
import { expected } from '../../workflows/validation/complaints.ts';
import { isRecord } from '../../workflows/validation/draft.ts';
import { requireAnswer } from '../specification/answers.ts';
import { descriptionOf, lookupIn, UNASKED } from '../specification/described-task.ts';
import { RoundRecords } from './rounds.ts';
import { mostRounds } from '../specification/budget.ts';
import { InvalidSpecification, parseSpecification } from '../specification/parsing.ts';
import type { Specification } from '../specification/specification.ts';

/** Failure type of a run whose specification is invalid. */
export const INVALID_SPECIFICATION = 'InvalidSpecification';

/** Failure type of a run whose workflow id leaves no room for those of its children. */
export const INVALID_WORKFLOW_ID = 'InvalidWorkflowId';

/** The input of a run, and what trainers say of its task. */
export interface PlanRequest extends RunInput {
  /** Null: trainers were not asked, as the input says too little. */
  readonly answered: AnsweredRequest | null;
}

/** The root that plans. */
export interface PlannedWorkflow {
  readonly runId: string;
  readonly workflowType: string;
}

/**
 * Plans a run: validates its specification, creates its bucket if it is missing, and writes into the run's folder the
 * specification with its defaults and which run it retraces. Planning again after a reset gives the same plan, even if
 * the run that it resumes from or retraces was deleted meanwhile, or the trainers' task has more defaults.
 *
 * `generation` in the plan is the root's own run id.
 *
 * @throws ApplicationFailure of type 'InvalidSpecification', not retryable, with every error in the message and, as a
 *   list, in the details; after a reset also if the trainers refuse the recorded one
 * @throws ApplicationFailure of type 'RecordRefused', not retryable, if the earlier run's specification was edited, or
 *   the run's own was lost and cannot be written anew as its records follow it
 * @throws ApplicationFailure of type 'RightsMissing', not retryable, if a right in the bucket is missing without which
 *   the run cannot train or report
 * @throws ApplicationFailure of type 'InvalidWorkflowId', not retryable, if a child's id would be longer than Temporal
 *   allows
 * @throws ObjectStoreError if the store cannot be reached or refuses
 */
export async function planRun(
  objects: ObjectStore,
  { specification: given, workflowId, firstExecutionRunId, answered }: PlanRequest,
  { runId: generation, workflowType }: PlannedWorkflow,
): Promise<RunPlan> {
  const folder = runFolder(workflowId, firstExecutionRunId);
  const records = new RoundRecords(objects);
  const lookup = lookupIn(answered ? [requireAnswer(answered)] : []);
  const { specification, described, from, retraced, refused } = await asSpecification(() =>
    resolveSpecification(records, given, workflowType, folder, lookup),
  );
  checkWorkflowId(workflowId, specification);
  const storage = { bucket: specification.storage.bucket, folder };
  await objects.ensureBucket(storage.bucket);
  const warnings = await requireRights(objects, storage, described.checkpointBytes);
  const rewritten = await recordSpecification(objects, records, storage, specification);
  if (retraced) await objects.put(storage.bucket, retracedKey(storage), readableJson(retraced), 'application/json');
  return {
    generation,
    specification,
    storage,
    ...(from ? { from } : {}),
    ...(retraced ? { retraced } : {}),
    task: { label: described.label, score: described.score },
    costs: {
      ...costsOf(specification, described),
      histories: historyCosts(historyBudget(specification, workflowId)),
    },
    maxRounds: mostRounds(specification),
    refused: [...refused, ...rewritten],
    warnings,
  };
}

interface ResolvedSpecification extends DraftedRun {
  readonly specification: Specification;
  readonly described: TaskDescription;
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
  if (isRetracingInput(given) && workflowType !== 'retrace')
    throw wrongField(['run'], `absent for workflow type ${workflowType} (workflow type retrace takes it)`, given.run);
  const drafted = await draftRun(records, given, own);
  const specification = drafted.isRecorded
    ? recordedSpecification(drafted.draft, lookup, specificationKey({ folder: own }))
    : parseSpecification(drafted.draft, lookup);
  const described = descriptionOf(drafted.draft, lookup);
  if (described === undefined)
    throw new Error(`Cannot plan ${own}: no trainer has described task ${specification.task.kind}`);
  if (isContinuationInput(given) && drafted.earlier) requireSameRun(given, drafted.earlier, specification);
  // Whoever resumes from a run, such as `npm start`, need not know its algorithm: firePbt resumes any.
  const resumes = isContinuationInput(given) && workflowType === 'firePbt';
  if (!isRetracingInput(given) && !resumes) checkAlgorithm(specification, workflowType);
  return { ...drafted, specification, described };
}

/**
 * Returns the specification that a run's records follow. Trainers are asked whether they accept it; what their task has
 * by default since the run was planned is not added, because the records would not fit it.
 */
function recordedSpecification(draft: unknown, lookup: TaskLookup, key: string): Specification {
  try {
    parseSpecification(draft, lookup);
  } catch (error) {
    if (!(error instanceof InvalidSpecification)) throw error;
    const refusal =
      `Cannot resume by ${key}, which the run's records follow: it is refused. Start trainers that accept it, such ` +
      "as those that it was planned with, and reset the run's root to its first task";
    throw invalid(error, [refusal, ...error.complaints].join('\n'));
  }
  return parseSpecification(draft, UNASKED);
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
    throw invalid(error);
  }
}

function invalid({ message, complaints }: InvalidSpecification, instead = message): ApplicationFailure {
  return ApplicationFailure.create({
    type: INVALID_SPECIFICATION,
    nonRetryable: true,
    message: instead,
    details: [complaints],
  });
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
  // The rounds kept, those that are about to be collected, the one in training; and the best one seen.
  const checkpointsKept = workers * (storage.keepRounds + roundsPerReport(rounds) + 1) + 1;
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
