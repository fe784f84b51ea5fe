/**
 * How long the histories and how large the messages of a run get, at most, computed from its specification before it
 * starts.
 *
 * Counted as though the worst came true in every round: every message wakes its receiver in a workflow task of its own,
 * no evaluator is ever idle, every evaluation ends in a promotion, no curve is ever cut short by an exploit, every
 * member begins a new segment of its schedule each round, every number is as long as numbers get. Sizes are those of
 * the JSON of the contracts' own types, so that a field added there is counted or does not compile.
 */
import { childWorkflowId, evaluatorName, memberName, subPopulationName } from '../../workflows/population/names.ts';
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
import { reportsOf } from '../../workflows/population/reporting.ts';
import type {
  EvaluationState,
  HistorySegment,
  JudgedEvaluation,
  MemberState,
  Promotion,
  RoundEvent,
} from '../../workflows/population/state.ts';
import type { HyperparameterValues } from '../../workflows/algorithm/hyperparameters.ts';
import type { CheckpointReference, StorageLocation } from '../contracts/checkpoint.ts';
import type { SaveRoundRequest, Winner, WriteResultRequest } from '../contracts/run.ts';
import type { Specification } from './specification.ts';
import type { TrainOutcome, TrainRequest } from '../contracts/training.ts';

/** What Temporal bears, by default (docs.temporal.io, "Temporal Cloud limits"; server 1.32). */
export const TEMPORAL_LIMITS = {
  /** Of one history: beyond these the server ends the workflow. */
  events: 51_200,
  bytes: 50 * 1024 * 1024,
  /** At which the server suggests to continue as new. */
  suggestedEvents: 4_096,
  suggestedBytes: 4 * 1024 * 1024,
  /** Of one argument or result. */
  payloadBytes: 2 * 1024 * 1024,
  /** Of one gRPC message, such as all commands of a workflow task. */
  messageBytes: 4 * 1024 * 1024,
} as const;

/** Of each history, kept free for messages of the operator, holds, and what a reset repeats. */
export const RESERVE: Tally = { events: 4_096, bytes: 4 * 1024 * 1024 };
/**
 * Of an event besides its payloads and workflow ids: 60 … 230 in recorded histories, worker identities of 6 characters
 * in them.
 */
const EVENT_BYTES = 320;
/** Scheduled, started, completed: 450 in recorded histories. */
const WORKFLOW_TASK: Tally = { events: 3, bytes: 750 };
/** Line that the Web UI shows for an activity. */
const SUMMARY_BYTES = 120;
/** As JSON writes the longest double, and the comma after it. */
const NUMBER_BYTES = 25;
const LONGEST_NUMBER = -1.2345678901234567e-300;
const LONGEST_COUNT = 1_000_000_000;
const RUN_ID = '0'.repeat(36);
const SHA256 = '0'.repeat(64);
/** Longest folder made of a workflow id (plan.ts). */
const MAX_FOLDER_CHARACTERS = 200;
/** Members that each sub-population's summary names. */
const LEADERS = 5;
/** A part of a state (rounds.ts) as an activity's result: quotes are written with a backslash. */
const PART_BYTES = 500_000;
const ESCAPED = 1.25;
/** Verdicts that an evaluator carries on as text. */
const STORY_BYTES = 12 * 300;
/** Of a result's summary, the schedule cut short (result.ts). */
const RESULT_BYTES = 16_000;
const REASONS = [
  'child-exploited',
  'diverged',
  'child-diverged',
  'success',
  'no-overlap',
  'binomial-test',
  'fixed-length',
  'child-promoted',
  'parent-exploited',
  'parent-promoted',
  'child-set-by-hand',
  'parent-set-by-hand',
  'child-stopped',
  'parent-stopped',
  'stopped-by-hand',
  'training-failed',
];

/** Events and bytes of a history. */
export interface Tally {
  readonly events: number;
  readonly bytes: number;
}

/** A history, or the longest of those that a workflow continues as new into. */
export interface HistoryDemand {
  readonly perRound: Tally;
  readonly longest: Tally;
}

export interface PayloadDemand {
  readonly what: string;
  readonly sizeBytes: number;
}

export interface HistoryBudget {
  readonly root: HistoryDemand;
  /** P1 first. */
  readonly subPopulations: readonly HistoryDemand[];
  /** Of any sub-population; absent where there are none. */
  readonly evaluator?: HistoryDemand;
  /** Arguments and results, the largest of each kind. */
  readonly payloads: readonly PayloadDemand[];
  /** All commands of one workflow task. */
  readonly messages: readonly PayloadDemand[];
}

/** Something that a run would need more of than there is. */
export interface Excess {
  /** Such as `the history of the root may have 60000 events, of 47104 at most`. */
  readonly reason: string;
}

/** Returns the budget of a run; `workflowId` is the root's, by default one of 100 characters. */
export function historyBudget(specification: Specification, workflowId: string = 'x'.repeat(100)): HistoryBudget {
  const sizes = sizesOf(specification, workflowId);
  const levels = specification.subPopulations.map((_, index) => index + 1);
  const evaluated = specification.subPopulations.some(({ evaluators }) => evaluators > 0);
  return {
    root: rootDemand(specification, sizes),
    subPopulations: levels.map((level) => subPopulationDemand(specification, level, sizes)),
    ...(evaluated ? { evaluator: evaluatorDemand(sizes) } : {}),
    payloads: payloadsOf(specification, sizes),
    messages: messagesOf(specification, sizes),
  };
}

/** Returns what a run would need more of than Temporal bears; nothing for a run that fits. */
export function beyondBudget({
  root,
  subPopulations,
  evaluator,
  payloads,
  messages,
}: HistoryBudget): readonly Excess[] {
  const histories = [
    { what: 'the root', demand: root },
    ...subPopulations.map((demand, index) => ({ what: subPopulationName(index + 1), demand })),
    ...(evaluator ? [{ what: 'an evaluator', demand: evaluator }] : []),
  ];
  const { payloadBytes, messageBytes } = TEMPORAL_LIMITS;
  const events = TEMPORAL_LIMITS.events - RESERVE.events;
  const bytes = TEMPORAL_LIMITS.bytes - RESERVE.bytes;
  const over = (what: string, amount: number, bound: number, unit: string): Excess[] =>
    amount > bound ? [{ reason: `${what} may have ${amount} ${unit}, of ${bound} at most` }] : [];
  return [
    ...histories.flatMap(({ what, demand: { longest } }) => [
      ...over(`the history of ${what}`, longest.events, events, 'events'),
      ...over(`the history of ${what}`, longest.bytes, bytes, 'bytes'),
    ]),
    ...payloads.flatMap(({ what, sizeBytes }) => over(what, sizeBytes, payloadBytes, 'bytes')),
    ...messages.flatMap(({ what, sizeBytes }) => over(what, sizeBytes, messageBytes, 'bytes')),
  ];
}

/** Bytes, as JSON, of what workflows and activities tell one another. */
type Sizes = ReturnType<typeof sizesOf>;

function sizesOf(specification: Specification, workflowId: string) {
  const {
    subPopulations,
    steps,
    stepsPerRound,
    evalEvery,
    storage: { bucket },
  } = specification;
  const rounds = steps / stepsPerRound;
  const points = stepsPerRound / evalEvery;
  const index = Math.max(...subPopulations.map(({ members }) => members));
  const level = subPopulations.length;
  const storage: StorageLocation = {
    bucket,
    prefix: `${'x'.repeat(Math.min(MAX_FOLDER_CHARACTERS, 3 * Buffer.byteLength(workflowId)))}/${RUN_ID}/`,
  };
  const checkpoint: CheckpointReference = {
    key: `${storage.prefix}checkpoints/${SHA256}.safetensors`,
    sha256: SHA256,
    sizeBytes: Number.MAX_SAFE_INTEGER,
    step: LONGEST_COUNT,
  };
  const hyperparameters: HyperparameterValues = Object.fromEntries(
    Object.entries(specification.hyperparameters).map(([name, space]) => [
      name,
      typeof space !== 'object' ? space : space.kind === 'category' ? longestOf(space.choices) : LONGEST_NUMBER,
    ]),
  );
  const key: MessageKey = { generation: RUN_ID, round: rounds, sender: evaluatorName(level, index) };
  const segment: HistorySegment = {
    worker: evaluatorName(level, index),
    origin: 'initialised',
    fromStep: steps,
    toStep: steps,
    hyperparameters,
  };
  const curve = { sinceStep: steps, scores: [] };
  const number = LONGEST_NUMBER;
  const reference = jsonBytes(checkpoint);
  const roundScores = points * NUMBER_BYTES;
  const runScores = rounds * points * NUMBER_BYTES;
  const schedule = rounds * (jsonBytes(segment) + 1);

  const trainRequest: TrainRequest = {
    storage,
    task: specification.task,
    seed: 2 ** 32,
    threads: specification.threads,
    worker: { subPopulation: level, kind: 'evaluator', index },
    checkpoint,
    fromStep: steps,
    toStep: steps,
    evalEvery,
    hyperparameters,
  };
  const trainOutcome: TrainOutcome = { checkpoint, scores: [], inEffect: hyperparameters, trainerSeconds: number };
  const judged: JudgedEvaluation = {
    slot: index,
    parent: index,
    child: index,
    evaluationSteps: steps,
    verdict: {
      outcome: 'continue',
      reason: 'parent-exploited',
      overlap: { startA: rounds * points, startB: rounds * points, length: rounds * points },
      gap: number,
      p: number,
      threshold: number,
    },
  };
  const instruction: Instruction = {
    ...key,
    judged,
    train: { parent: index, child: index, evaluationSteps: steps, request: trainRequest },
  };
  const report: EvaluatorReport = { ...key, slot: index, outcome: { checkpoint, scores: [], trainerSeconds: number } };
  const promotion: Promotion = {
    evaluator: evaluatorName(level, index),
    parent: index,
    member: index,
    checkpoint,
    curve,
    history: [],
  };
  const member: MemberState = {
    checkpoint,
    hyperparameters,
    curve,
    history: [],
    origin: 'set-by-hand',
    fitness: number,
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
  const verdicts = Object.fromEntries(REASONS.map((reason) => [reason, rounds * index]));
  const ranges = Object.fromEntries(
    Object.entries(specification.hyperparameters).map(([name, space]) => [
      name,
      typeof space === 'object' && space.kind === 'category' ? space.choices : { min: number, max: number },
    ]),
  );
  const summary: SubPopulationSummary = {
    subPopulation: level,
    round: rounds,
    members: index,
    evaluators: index,
    evaluatorsBusy: index,
    promotions: rounds * index,
    verdicts,
    bestScore: number,
    hyperparameters: ranges,
  };
  const leader: Leader = { member: memberName(level, index), score: number, hyperparameters };
  const winner: Winner = { member: index, score: number, checkpoint, history: [] };
  const run = { workflowId, generation: RUN_ID, specification, storage };
  const steering: Steering = { ...key, stop: null, pause: null, rounds, resumes: rounds };
  const news: NeighbourNews = { ...key, events: [], rounds };
  const batch: PromotionBatch = { ...key, promotions: [], summaries: [] };
  const completed: RoundCompleted = { ...key, summaries: [], rounds };
  const saved: SaveRoundRequest = { storage, round: rounds, subPopulation: level, events: [], trainerSeconds: number };
  const result: WriteResultRequest = {
    storage,
    workflowId,
    specification,
    rounds,
    winner,
    report: { testScore: number, untouchedScore: number, files: [] },
  };

  const summaries =
    subPopulations.length *
    (jsonBytes({
      ...summary,
      leaders: Array<Leader>(LEADERS).fill(leader),
      stopped: Array<number>(index + 1).fill(index),
    }) +
      1);
  const promoted = jsonBytes(promotion) + runScores + schedule + 1;
  const trainedOne = jsonBytes({ member: index, checkpoint, scores: [] }) + roundScores + 1;
  const kind = (event: RoundEvent): number => jsonBytes(event) + 1;
  /** What P(level + 1) is told of a round: trained, exploited (nobody is copied twice, and one at least stays). */
  const newsOf = (members: number): number =>
    kind({ kind: 'trained', step: steps, members: [], evaluators: [] }) +
    members * trainedOne +
    kind({ kind: 'exploited', fitness: [], copies: [] }) +
    members * (NUMBER_BYTES + jsonBytes({ member: index, source: index, hyperparameters }) + 1);
  const promotionsOf = (evaluators: number): number =>
    kind({ kind: 'promoted', promotions: [] }) + evaluators * promoted;
  const eventsOf = (members: number, evaluators: number, evaluatorsAbove: number): number =>
    newsOf(members) +
    kind({ kind: 'initialised', subPopulation: level, evaluators, members: [] }) +
    members * (jsonBytes(hyperparameters) + 1) +
    evaluators *
      (trainedOne +
        jsonBytes({ slot: index, parent: index, child: index, hyperparameters }) +
        jsonBytes(judged) +
        jsonBytes({ slot: index, parent: index, child: index, reason: 'child-set-by-hand' }) +
        3) +
    4 * kind({ kind: 'evaluations-ended', ended: [] }) +
    promotionsOf(evaluatorsAbove);
  const carried = (members: number, evaluators: number, membersBelow: number): number =>
    jsonBytes({
      run,
      subPopulation: level,
      completedRound: rounds,
      carried: { steering, rounds, news: [], promotions: [], reports: [], commands: [], judged: [], above: [] },
    }) +
    evaluators * (jsonBytes(judged) + 1) +
    summaries +
    // P(level − 1) may be a round ahead.
    (membersBelow > 0 ? jsonBytes(news) + newsOf(membersBelow) : 0);
  const state = (members: number, evaluators: number): number =>
    members * (jsonBytes(member) + runScores + schedule) +
    evaluators * (jsonBytes(evaluation) + runScores + schedule) +
    jsonBytes(verdicts);

  return {
    workflowId: Buffer.byteLength(childWorkflowId(workflowId, evaluatorName(level, index))),
    specification: jsonBytes(specification),
    run: jsonBytes(run),
    steering: jsonBytes(steering),
    key: jsonBytes(key),
    reference,
    trainRequest: jsonBytes(trainRequest),
    trainOutcome: jsonBytes(trainOutcome) + roundScores,
    instruction: jsonBytes(instruction),
    report: jsonBytes(report) + roundScores,
    location: jsonBytes(storage),
    summaries,
    completed: jsonBytes(completed) + summaries,
    winner: jsonBytes(winner) + schedule,
    result: jsonBytes(result) + schedule + 3 * (storage.prefix.length + 60),
    news: (members: number) => jsonBytes(news) + newsOf(members),
    batch: (evaluators: number) => jsonBytes(batch) + summaries + evaluators * promoted,
    saved: (members: number, evaluators: number, evaluatorsAbove: number) =>
      jsonBytes(saved) + eventsOf(members, evaluators, evaluatorsAbove),
    carried,
    state,
  };
}

function rootDemand({ subPopulations, steps, stepsPerRound }: Specification, sizes: Sizes): HistoryDemand {
  const evaluators = subPopulations.reduce((sum, one) => sum + one.evaluators, 0);
  const children = subPopulations.length + evaluators;
  const perRound = sum(received(sizes.completed), activity(sizes.location + 100, 50), {
    events: 1,
    bytes: EVENT_BYTES,
  });
  const once = sum(
    { events: 1, bytes: 2 * EVENT_BYTES + sizes.specification },
    WORKFLOW_TASK,
    activity(sizes.specification + sizes.workflowId, sizes.run + 1_000),
    activity(children * sizes.workflowId, children * sizes.workflowId),
    activity(sizes.location, 50),
    times(children, child(sizes, sizes.run + 100)),
    times(subPopulations.length, sent(sizes, sizes.steering)),
    { events: 0, bytes: sizes.winner },
    // What runs beside the whole run, the report, the result, the last collection.
    activity(sizes.run, 1_000),
    activity(sizes.run + sizes.reference, 2_000),
    activity(sizes.result, RESULT_BYTES),
    activity(sizes.location + 100, 50),
    { events: 1, bytes: EVENT_BYTES + RESULT_BYTES },
  );
  return { perRound, longest: sum(once, times(reportsOf(steps / stepsPerRound), perRound)) };
}

function subPopulationDemand({ subPopulations }: Specification, level: number, sizes: Sizes): HistoryDemand {
  const { members, evaluators } = at(subPopulations, level);
  const below = at(subPopulations, level - 1);
  const above = at(subPopulations, level + 1);
  const isLowest = level === 1;
  const isHighest = level === subPopulations.length;
  const perRound = sum(
    times(members, activity(sizes.trainRequest, sizes.trainOutcome)),
    times(evaluators, sum(sent(sizes, sizes.instruction), received(sizes.report))),
    isHighest ? NOTHING : sum(sent(sizes, sizes.news(members)), received(sizes.batch(above.evaluators))),
    isLowest
      ? sent(sizes, sizes.completed)
      : sum(received(sizes.news(below.members)), sent(sizes, sizes.batch(evaluators))),
    activity(sizes.saved(members, evaluators, above.evaluators), 10),
  );
  const parts = [sizes.state(members, evaluators), isLowest ? 0 : sizes.state(below.members, below.evaluators)].filter(
    (bytes) => bytes > 0,
  );
  const loaded = sum(
    ...parts.map((bytes) =>
      sum(times(Math.ceil(bytes / PART_BYTES), activity(sizes.location + 100, 50)), {
        events: 0,
        bytes: Math.ceil(ESCAPED * bytes),
      }),
    ),
  );
  const beginning = sum(
    { events: 1, bytes: 2 * EVENT_BYTES + sizes.carried(members, evaluators, below.members) },
    WORKFLOW_TASK,
    loaded,
  );
  return { perRound, longest: continued(beginning, perRound) };
}

function evaluatorDemand(sizes: Sizes): HistoryDemand {
  const perRound = sum(
    received(sizes.instruction),
    activity(sizes.trainRequest, sizes.trainOutcome),
    sent(sizes, sizes.report),
  );
  const beginning = sum(
    { events: 1, bytes: 2 * EVENT_BYTES + sizes.run + sizes.instruction + STORY_BYTES },
    WORKFLOW_TASK,
  );
  return { perRound, longest: continued(beginning, perRound) };
}

/** One that continues as new between two rounds when the server suggests it: by then it is at most a round beyond. */
function continued(beginning: Tally, perRound: Tally): Tally {
  const { suggestedEvents, suggestedBytes } = TEMPORAL_LIMITS;
  return sum(
    { events: Math.max(suggestedEvents, beginning.events), bytes: Math.max(suggestedBytes, beginning.bytes) },
    perRound,
  );
}

function payloadsOf({ subPopulations }: Specification, sizes: Sizes): PayloadDemand[] {
  const levels = subPopulations.map((_, index) => index + 1);
  return [
    { what: 'what a trainer is asked', sizeBytes: sizes.trainRequest },
    { what: 'what a trainer answers', sizeBytes: sizes.trainOutcome },
    { what: "an evaluator's instruction", sizeBytes: sizes.instruction },
    { what: "an evaluator's report", sizeBytes: sizes.report },
    { what: 'the report of a round to the root', sizeBytes: sizes.completed },
    { what: 'the winner with its schedule', sizeBytes: sizes.result },
    ...levels.flatMap((level) => {
      const { members, evaluators } = at(subPopulations, level);
      const name = subPopulationName(level);
      return [
        {
          what: `the record of a round of ${name}`,
          sizeBytes: sizes.saved(members, evaluators, at(subPopulations, level + 1).evaluators),
        },
        {
          what: `what ${name} continues as new with`,
          sizeBytes: sizes.carried(members, evaluators, at(subPopulations, level - 1).members),
        },
        ...(level < levels.length
          ? [{ what: `the news from ${name} to ${subPopulationName(level + 1)}`, sizeBytes: sizes.news(members) }]
          : []),
        ...(level > 1
          ? [
              {
                what: `the promotions from ${name} into ${subPopulationName(level - 1)}`,
                sizeBytes: sizes.batch(evaluators),
              },
            ]
          : []),
      ];
    }),
  ];
}

function messagesOf({ subPopulations }: Specification, sizes: Sizes): PayloadDemand[] {
  const event = EVENT_BYTES + sizes.workflowId;
  const children = subPopulations.reduce((total, { evaluators }) => total + 1 + evaluators, 0);
  return [
    { what: 'the start of all children', sizeBytes: children * (event + sizes.run) },
    ...subPopulations.map(({ members, evaluators }, index) => ({
      what: `the start of a round of ${subPopulationName(index + 1)}`,
      sizeBytes: members * (event + SUMMARY_BYTES + sizes.trainRequest) + evaluators * (event + sizes.instruction),
    })),
  ];
}

const NOTHING: Tally = { events: 0, bytes: 0 };

function activity(inputBytes: number, resultBytes: number): Tally {
  return sum({ events: 3, bytes: 3 * EVENT_BYTES + SUMMARY_BYTES + inputBytes + resultBytes }, WORKFLOW_TASK);
}

function sent({ workflowId }: Sizes, bytes: number): Tally {
  return sum({ events: 2, bytes: 2 * (EVENT_BYTES + workflowId) + bytes }, WORKFLOW_TASK);
}

function received(bytes: number): Tally {
  return sum({ events: 1, bytes: EVENT_BYTES + bytes }, WORKFLOW_TASK);
}

function child({ workflowId }: Sizes, inputBytes: number): Tally {
  return sum(
    { events: 3, bytes: 3 * (EVENT_BYTES + workflowId) + SUMMARY_BYTES + inputBytes },
    WORKFLOW_TASK,
    WORKFLOW_TASK,
  );
}

function sum(...tallies: readonly Tally[]): Tally {
  return tallies.reduce(
    (total, { events, bytes }) => ({ events: total.events + events, bytes: total.bytes + bytes }),
    NOTHING,
  );
}

function times(count: number, { events, bytes }: Tally): Tally {
  return { events: count * events, bytes: count * bytes };
}

function at(
  subPopulations: Specification['subPopulations'],
  level: number,
): { readonly members: number; readonly evaluators: number } {
  return subPopulations[level - 1] ?? { members: 0, evaluators: 0 };
}

function longestOf(texts: readonly string[]): string {
  return texts.reduce((longest, text) => (jsonBytes(text) > jsonBytes(longest) ? text : longest), '');
}

function jsonBytes(value: unknown): number {
  return Buffer.byteLength(JSON.stringify(value));
}
