/**
 * The largest of everything that the workflows and activities of a run exchange: each number as long as numbers get,
 * each name as long as the run's names get, each list empty. Their types are those of the contracts, so that a field
 * added there is counted or does not compile.
 */
import type { HyperparameterValue, HyperparameterValues } from '../../workflows/algorithm/hyperparameters.ts';
import { VERDICT_REASONS } from '../../workflows/algorithm/verdict.ts';
import { KEPT_CODES } from '../../workflows/population/decision-code.ts';
import { evaluatorName, memberName } from '../../workflows/population/names.ts';
import { END_REASONS } from '../../workflows/population/events.ts';
import type { JudgedEvaluation, Promotion } from '../../workflows/population/events.ts';
import type {
  DecisionCode,
  EvaluationState,
  HistorySegment,
  MemberState,
  Standing,
} from '../../workflows/population/state.ts';
import { LEADERS } from '../../workflows/population/views.ts';
import { checkpointKey } from '../storage/layout.ts';
import type { CheckpointReference, RunFolder } from '../contracts/checkpoint.ts';
import type {
  EvaluatorReport,
  Instruction,
  Leader,
  MessageKey,
  NeighbourNews,
  PromotionBatch,
  RoundCompleted,
  Steering,
  SubPopulationSummary,
} from '../contracts/messages.ts';
import type { WriteResultRequest } from '../contracts/result.ts';
import type { RoundReference, SaveRoundRequest } from '../contracts/run.ts';
import type { ReportOutcome, TrainOutcome, TrainRequest } from '../contracts/training.ts';
import { limits } from './limits.ts';
import type { Specification } from './specification.ts';

/** The longest that JSON writes a double. */
const LONGEST_NUMBER = -1.2345678901234567e-300;
const LONGEST_COUNT = 1_000_000_000;
const RUN_ID = '0'.repeat(36);
/** A version with a label, and the digest of the workflows. */
const LONGEST_CODE = '0'.repeat(40);
const SHA256 = '0'.repeat(64);

/** The largest values that messages are made of. */
interface LargestParts {
  readonly specification: Specification;
  readonly workflowId: string;
  readonly rounds: number;
  /** Highest number of a member or an evaluator. */
  readonly index: number;
  /** Highest sub-population. */
  readonly level: number;
  readonly storage: RunFolder;
  readonly checkpoint: CheckpointReference;
  readonly hyperparameters: HyperparameterValues;
  readonly key: MessageKey;
  readonly curve: { readonly sinceStep: number; readonly scores: readonly never[] };
}

/** The largest messages of a run. */
export type LargestMessages = ReturnType<typeof largestMessages>;

/** Returns the largest messages of a run; `workflowId` is the root's. */
export function largestMessages(specification: Specification, workflowId: string) {
  const parts = partsOf(specification, workflowId);
  const { checkpoint, hyperparameters, key, storage } = parts;
  const training = trainingOf(parts);
  return {
    checkpoint,
    hyperparameters,
    key,
    storage,
    specification,
    ...training,
    ...evaluationsOf(parts, training.trainRequest),
    verdicts: verdictCounts(parts),
    ...statesOf(parts),
    ...summariesOf(parts),
    ...messagesBetween(parts),
    ...resultsOf(parts),
  };
}

function partsOf(specification: Specification, workflowId: string): LargestParts {
  const { subPopulations, steps, stepsPerRound } = specification;
  const rounds = steps / stepsPerRound;
  const index = Math.max(...subPopulations.map(({ members }) => members));
  const level = subPopulations.length;
  const folder = 'x'.repeat(Math.min(limits.folderCharacters, 3 * Buffer.byteLength(workflowId)));
  const storage = { bucket: specification.storage.bucket, folder: `${folder}/${RUN_ID}` };
  return {
    specification,
    workflowId,
    rounds,
    index,
    level,
    storage,
    checkpoint: {
      key: checkpointKey(storage, SHA256),
      sha256: SHA256,
      sizeBytes: Number.MAX_SAFE_INTEGER,
      step: LONGEST_COUNT,
    },
    hyperparameters: Object.fromEntries(
      Object.entries(specification.hyperparameters).map(([name, space]) => [
        name,
        typeof space !== 'object' ? space : space.kind === 'category' ? longestOf(space.choices) : LONGEST_NUMBER,
      ]),
    ),
    key: { generation: RUN_ID, round: rounds, sender: evaluatorName(level, index) },
    curve: { sinceStep: steps, scores: [] },
  };
}

function trainingOf({ specification, storage, checkpoint, hyperparameters, level, index }: LargestParts) {
  const { task, threads, steps, evalEvery } = specification;
  const trainRequest: TrainRequest = {
    storage,
    task,
    seed: 2 ** 32,
    threads,
    worker: { subPopulation: level, kind: 'evaluator', index },
    checkpoint,
    fromStep: steps,
    toStep: steps,
    evalEvery,
    hyperparameters,
  };
  const trainOutcome: TrainOutcome = {
    checkpoint,
    scores: [],
    effectiveHyperparameters: hyperparameters,
    trainerSeconds: LONGEST_NUMBER,
  };
  return { trainRequest, trainOutcome };
}

function evaluationsOf(parts: LargestParts, request: TrainRequest) {
  const { specification, level, index, checkpoint, key, curve } = parts;
  const points = specification.steps / specification.evalEvery;
  const evaluationSteps = specification.steps;
  const judged: JudgedEvaluation = {
    slot: index,
    parent: index,
    child: index,
    evaluationSteps,
    verdict: {
      outcome: 'continue',
      reason: 'parent-exploited',
      overlap: { startA: points, startB: points, length: points },
      gap: LONGEST_NUMBER,
      p: LONGEST_NUMBER,
      threshold: LONGEST_NUMBER,
    },
  };
  const instruction: Instruction = {
    ...key,
    judged,
    train: { parent: index, child: index, evaluationSteps, request },
  };
  const report: EvaluatorReport = {
    ...key,
    slot: index,
    outcome: { checkpoint, scores: [], trainerSeconds: LONGEST_NUMBER },
  };
  const promotion: Promotion = {
    evaluator: evaluatorName(level, index),
    parent: index,
    member: index,
    checkpoint,
    curve,
    history: [],
  };
  return { judged, instruction, report, promotion };
}

function statesOf({ specification: { steps }, index, level, checkpoint, hyperparameters, curve }: LargestParts) {
  const member: MemberState = {
    checkpoint,
    hyperparameters,
    curve,
    history: [],
    origin: 'set-by-hand',
    fitness: LONGEST_NUMBER,
    justExplored: false,
    copiedFrom: index,
    idleSinceStep: steps,
    exploitedLast: false,
    stopped: false,
    setByHandAtStep: steps,
  };
  const evaluation: EvaluationState = {
    parent: index,
    child: index,
    assignedAtStep: steps,
    hyperparameters,
    checkpoint,
    curve,
    history: [],
    origin: 'evaluation',
  };
  const segment: HistorySegment = {
    worker: evaluatorName(level, index),
    origin: 'initialised',
    fromStep: steps,
    toStep: steps,
    hyperparameters,
  };
  return { member, evaluation, segment };
}

function summariesOf(parts: LargestParts) {
  const decisionCode: DecisionCode = { code: LONGEST_CODE, fromRound: parts.rounds };
  const { specification, rounds, index, level, hyperparameters } = parts;
  const summary: SubPopulationSummary = {
    subPopulation: level,
    round: rounds,
    members: index,
    evaluators: index,
    evaluatorsBusy: index,
    promotions: rounds * index,
    verdicts: verdictCounts(parts),
    bestScore: LONGEST_NUMBER,
    hyperparameters: Object.fromEntries(
      Object.entries(specification.hyperparameters).map(([name, space]) => [
        name,
        typeof space === 'object' && space.kind === 'category' && space.choices.every((one) => typeof one === 'string')
          ? space.choices
          : { min: LONGEST_NUMBER, max: LONGEST_NUMBER },
      ]),
    ),
    leaders: Array<Leader>(LEADERS).fill({ member: memberName(level, index), score: LONGEST_NUMBER, hyperparameters }),
    decidedBy: Array<DecisionCode>(KEPT_CODES).fill(decisionCode),
    stopped: Array<number>(index + 1).fill(index),
  };
  return { summary, decisionCode };
}

function messagesBetween({ specification, workflowId, rounds, level, storage, key }: LargestParts) {
  const run = { workflowId, generation: RUN_ID, specification, storage };
  const steering: Steering = { ...key, stop: null, pause: null, rounds, resumes: rounds };
  const recorded: RoundReference = { round: rounds, subPopulation: level, sha256: SHA256 };
  const news: NeighbourNews = { ...key, events: [], recorded };
  const batch: PromotionBatch = { ...key, promotions: [], summaries: [] };
  const completed: RoundCompleted = { ...key, summaries: [], rounds };
  const saved: SaveRoundRequest = {
    storage,
    generation: RUN_ID,
    previous: recorded,
    round: rounds,
    subPopulation: level,
    events: [],
    trainerSeconds: LONGEST_NUMBER,
  };
  return { run, recorded, steering, news, batch, completed, saved };
}

function resultsOf({ specification, workflowId, rounds, index, storage, checkpoint }: LargestParts) {
  const winner: Standing = { member: index, score: LONGEST_NUMBER, checkpoint, history: [] };
  const report: ReportOutcome = { testScore: LONGEST_NUMBER, untouchedScore: LONGEST_NUMBER, files: [] };
  const result: WriteResultRequest = {
    storage,
    workflowId,
    specification,
    rounds,
    winner,
    other: { member: index, score: LONGEST_NUMBER, checkpoint, report },
    score: 'x'.repeat(100),
    report,
    undeleted: LONGEST_COUNT,
  };
  return { winner, result };
}

function verdictCounts({ rounds, index }: LargestParts): Readonly<Record<string, number>> {
  const reasons = [...VERDICT_REASONS.filter((reason) => reason !== 'undecided'), ...END_REASONS];
  return Object.fromEntries(reasons.map((reason) => [reason, rounds * index]));
}

function longestOf(choices: readonly HyperparameterValue[]): HyperparameterValue {
  return choices.reduce((longest, choice) => (jsonBytes(choice) > jsonBytes(longest) ? choice : longest), '');
}

/** Returns how many bytes a value has as JSON. */
export function jsonBytes(value: unknown): number {
  return Buffer.byteLength(JSON.stringify(value));
}
