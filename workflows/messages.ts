/**
 * Every message of a run, defined once; activities/contracts/messages.ts has the types.
 *
 * Between workflows there are only signals (Temporal has no update from workflow to workflow). Each carries the
 * generation of the run it belongs to (the root's run id: a run that was reset has a new one) and its round; what is of
 * another generation or of an earlier round is dropped, what is of the next round waits in the inbox. People read a run
 * through queries.
 */
import { defineQuery, defineSignal, defineUpdate } from '@temporalio/workflow';
import type { Ancestor } from './population/lineage.ts';
import type { HistorySegment } from './population/state.ts';
import type {
  CommandMessage,
  ComparisonProgress,
  EvaluatorReport,
  EvaluatorView,
  HoldNotice,
  Instruction,
  Leader,
  MemberView,
  MessageKey,
  NeighbourNews,
  PromotionBatch,
  RoundCompleted,
  RunProgress,
  SetHyperparameters,
  Steering,
  StopEarly,
} from '../activities/contracts/messages.ts';

/** Root → sub-populations and evaluators: first that everybody exists, so start; then whatever the operator changes. */
export const steerSignal = defineSignal<[Steering]>('steer');

/** Root → sub-population: stops apply after the round that is being trained, hyperparameters before the next one is. */
export const commandSignal = defineSignal<[CommandMessage]>('command');

/** P(i−1) → Pi, once a round. */
export const neighbourNewsSignal = defineSignal<[NeighbourNews]>('neighbourNews');

/** Pi → P(i−1), once a round. */
export const promotionsSignal = defineSignal<[PromotionBatch]>('promotions');

export const instructSignal = defineSignal<[Instruction]>('instruct');

export const evaluatorReportSignal = defineSignal<[EvaluatorReport]>('evaluatorReport');

export const roundCompletedSignal = defineSignal<[RoundCompleted]>('roundCompleted');

export const holdSignal = defineSignal<[HoldNotice]>('hold');

/** Pi → evaluator: the run is over. */
export const finishSignal = defineSignal<[MessageKey]>('finish');

export const progressQuery = defineQuery<RunProgress>('progress');

/** Best members of every sub-population, P1's first. */
export const leaderboardQuery = defineQuery<readonly Leader[]>('leaderboard');

export const membersQuery = defineQuery<readonly MemberView[]>('members');

/** With a member's number (from 0), that member's; without, the best member's. */
export const scheduleQuery = defineQuery<
  { readonly member: string; readonly schedule: readonly HistorySegment[] },
  [member?: number]
>('schedule');
export const lineageQuery = defineQuery<
  { readonly member: string; readonly lineage: readonly Ancestor[] },
  [member?: number]
>('lineage');

export const evaluatorsQuery = defineQuery<readonly EvaluatorView[]>('evaluators');

export const stopEarlySignal = defineSignal<[StopEarly]>('stopEarly');

/** Updates, because the sender wants to know what was done or why not. */
export const pauseUpdate = defineUpdate<string, [{ readonly reason: string }]>('pause');
export const resumeUpdate = defineUpdate<string, []>('resume');
export const extendUpdate = defineUpdate<string, [{ readonly steps: number }]>('extend');

export const setHyperparametersUpdate = defineUpdate<string, [SetHyperparameters]>('setHyperparameters');

export const comparisonQuery = defineQuery<ComparisonProgress>('comparison');

export const MESSAGE_DESCRIPTIONS = {
  stopEarly:
    'Stops early, with a reason: {"reason": "…"} the run (it finishes its round, picks its winner, reports); ' +
    'with "subPopulation": 2 that sub-population; with "member": 3 or "evaluator": 0 besides, that member ' +
    '(keeps its weights, trains no more) or that evaluation.',
  pause: 'Begins no further round until resumed: {"reason": "…"}. Answers from when on.',
  resume: 'Goes on after a pause; whoever holds after a failure tries again.',
  extend:
    'Lengthens the run: {"steps": 20000}, a multiple of stepsPerRound beyond its present end. Answers the new ' +
    'end, or why not.',
  setHyperparameters:
    'Sets hyperparameters of a member by hand: {"subPopulation": 1, "member": 3, "hyperparameters": ' +
    '{"learningRate": 0.01}, "reason": "…"}. In effect from its next round.',
  steer: 'Internal: the root says that everybody exists, and what the operator wants of the whole run.',
  command: 'Internal: what the operator wants of this sub-population.',
  neighbourNews: 'Internal: what happened this round in the sub-population below.',
  promotions: 'Internal: what the evaluators of the sub-population above earned this round.',
  instruct: 'Internal: what this evaluator trains this round, and the verdict on the last.',
  evaluatorReport: 'Internal: an evaluator finished its round of training.',
  roundCompleted: 'Internal: P1 recorded a round.',
  hold: 'Internal: a sub-population holds, or goes on.',
  finish: 'Internal: the run is over.',
  progress: 'Status, round, best score, every sub-population in brief, what holds, signals that could not be followed.',
  leaderboard: 'The best members of every sub-population: newest score and hyperparameters.',
  members: 'Every member: newest checkpoint, hyperparameters, fitness, curve since the last exploit.',
  schedule:
    'Which hyperparameters at which steps led to a member, through every copy and promotion: a number from 0, ' +
    'or nothing for the best.',
  lineage: "Which workers' weights became a member's, and how: a number from 0, or nothing for the best.",
  evaluators:
    'Every evaluator slot: what it evaluates, its curve, its last verdict with overlap, score gap, p-value ' +
    'and threshold.',
  comparison: 'Runs done and what each reached, what the arms come to, runs that failed, where the table is.',
} as const;

/**
 * Tells whether a payload belongs to this generation of the run and can be handled at all; a wrong one is dropped,
 * never thrown upon.
 */
export function belongsTo(generation: string, message: unknown): message is MessageKey {
  if (typeof message !== 'object' || message === null) return false;
  const { generation: theirs, round } = message as Partial<MessageKey>;
  return theirs === generation && Number.isInteger(round);
}

/** Returns a signal handler that drops messages of another generation. */
export function ofGeneration<M extends MessageKey>(
  generation: string,
  take: (message: M) => void,
): (message: M) => void {
  return (message) => {
    if (belongsTo(generation, message)) take(message);
  };
}
