/**
 * Bytes, as JSON, of everything that the workflows and activities of a run exchange.
 */
import { childWorkflowId, evaluatorName } from '../../workflows/population/names.ts';
import type { RoundEvent } from '../../workflows/population/events.ts';
import { jsonBytes, largestMessages, type LargestMessages } from './largest-messages.ts';
import type { Specification } from './specification.ts';

/** As JSON writes the longest double, and the comma after it. */
const NUMBER_BYTES = 25;

/** Codes that decide in one round: workers with other code take the run over while the round trains. */
const CODES_PER_ROUND = 4;

/** Files that trainers report on a checkpoint, with the end of each key. */
const REPORTED_FILES = 4;

/** Bytes of each message; functions where they depend on how many members and evaluators a sub-population has. */
export type Sizes = ReturnType<typeof sizesOf>;

/** What the messages consist of, and how long their lists get. */
interface Measures {
  readonly messages: LargestMessages;
  readonly rounds: number;
  readonly index: number;
  readonly level: number;
  /** Scores of one round, and of all. */
  readonly roundScores: number;
  readonly runScores: number;
  /** A schedule that changes every round. */
  readonly schedule: number;
  /** The summaries of all sub-populations. */
  readonly summaries: number;
  /** One entry of what was trained. */
  readonly trained: number;
  readonly promoted: number;
}

/** Returns the bytes of everything that a run exchanges; `workflowId` is the root's. */
export function sizesOf(specification: Specification, workflowId: string) {
  const measures = measure(specification, workflowId);
  const { messages, index, level, roundScores, schedule, summaries, promoted } = measures;
  return {
    workflowId: Buffer.byteLength(childWorkflowId(workflowId, evaluatorName(level, index))),
    specification: jsonBytes(specification),
    run: jsonBytes(messages.run),
    steering: jsonBytes(messages.steering),
    reference: jsonBytes(messages.checkpoint),
    trainRequest: jsonBytes(messages.trainRequest),
    trainOutcome: jsonBytes(messages.trainOutcome) + roundScores,
    instruction: jsonBytes(messages.instruction),
    report: jsonBytes(messages.report) + roundScores,
    location: jsonBytes(messages.storage),
    recorded: jsonBytes(messages.recorded),
    completed: jsonBytes(messages.completed) + summaries,
    // And who would have won under the other rule, with hyperparameters instead of a schedule.
    winner: 2 * jsonBytes(messages.winner) + schedule + jsonBytes(messages.hyperparameters),
    result: jsonBytes(messages.result) + schedule + 2 * REPORTED_FILES * (messages.storage.folder.length + 71),
    news: (members: number) => jsonBytes(messages.news) + newsOf(measures, members),
    batch: (evaluators: number) => jsonBytes(messages.batch) + summaries + evaluators * promoted,
    saved: (members: number, evaluators: number, evaluatorsAbove: number) =>
      jsonBytes(messages.saved) + eventsOf(measures, members, evaluators, evaluatorsAbove),
    carried: (members: number, evaluators: number, membersBelow: number) =>
      carriedOf(measures, evaluators, membersBelow),
    state: (members: number, evaluators: number) => stateOf(measures, members, evaluators),
  };
}

function measure(specification: Specification, workflowId: string): Measures {
  const { subPopulations, steps, stepsPerRound, evalEvery } = specification;
  const messages = largestMessages(specification, workflowId);
  const rounds = steps / stepsPerRound;
  const index = Math.max(...subPopulations.map(({ members }) => members));
  const roundScores = (stepsPerRound / evalEvery) * NUMBER_BYTES;
  const runScores = rounds * roundScores;
  const schedule = rounds * (jsonBytes(messages.segment) + 1);
  return {
    messages,
    rounds,
    index,
    level: subPopulations.length,
    roundScores,
    runScores,
    schedule,
    summaries: subPopulations.length * (jsonBytes(messages.summary) + 1),
    trained: jsonBytes({ member: index, checkpoint: messages.checkpoint, scores: [] }) + roundScores + 1,
    promoted: jsonBytes(messages.promotion) + runScores + schedule + 1,
  };
}

/** What P(level + 1) is told of a round: trained, exploited (nobody is copied twice, and one at least stays). */
function newsOf({ messages: { hyperparameters, specification }, index, trained }: Measures, members: number): number {
  return (
    eventBytes({ kind: 'trained', step: specification.steps, members: [], evaluators: [] }) +
    members * trained +
    eventBytes({ kind: 'exploited', fitness: [], copies: [] }) +
    members * (NUMBER_BYTES + jsonBytes({ member: index, source: index, hyperparameters }) + 1)
  );
}

/** Everything that happens in a round of a sub-population. */
function eventsOf(measures: Measures, members: number, evaluators: number, evaluatorsAbove: number): number {
  const { messages, index, level, trained, promoted } = measures;
  const { hyperparameters, judged } = messages;
  return (
    newsOf(measures, members) +
    eventBytes({ kind: 'initialised', subPopulation: level, evaluators, members: [] }) +
    members * (jsonBytes(hyperparameters) + 1) +
    evaluators *
      (trained +
        jsonBytes({ slot: index, parent: index, child: index, hyperparameters }) +
        jsonBytes(judged) +
        jsonBytes({ slot: index, parent: index, child: index, reason: 'child-set-by-hand' }) +
        3) +
    CODES_PER_ROUND * eventBytes({ kind: 'decided-by', ...messages.decisionCode }) +
    4 * eventBytes({ kind: 'evaluations-ended', ended: [] }) +
    eventBytes({ kind: 'promoted', promotions: [] }) +
    evaluatorsAbove * promoted
  );
}

/** What a sub-population continues as new with; P(level − 1) may be a round ahead. */
function carriedOf(measures: Measures, evaluators: number, membersBelow: number): number {
  const { messages, level, summaries } = measures;
  const { run, recorded, steering, judged, news } = messages;
  const carried = { steering, news: [], promotions: [], reports: [], commands: [], judged: [], above: [] };
  return (
    jsonBytes({ run, subPopulation: level, recorded, recordedBelow: recorded, carried }) +
    evaluators * (jsonBytes(judged) + 1) +
    summaries +
    (membersBelow > 0 ? jsonBytes(news) + newsOf(measures, membersBelow) : 0)
  );
}

function stateOf({ messages, runScores, schedule }: Measures, members: number, evaluators: number): number {
  return (
    jsonBytes(messages.winner) +
    schedule +
    members * (jsonBytes(messages.member) + runScores + schedule) +
    evaluators * (jsonBytes(messages.evaluation) + runScores + schedule) +
    jsonBytes(messages.verdicts)
  );
}

function eventBytes(event: RoundEvent): number {
  return jsonBytes(event) + 1;
}
