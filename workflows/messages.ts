/**
 * All messages of a run. activities/contracts/messages.ts has their types.
 *
 * Workflows send each other only signals, because Temporal has no updates between workflows. Each signal carries the
 * generation of the run (the root's run id, which a reset changes) and the round. Receivers drop messages of another
 * generation or of an earlier round. Messages of a later round wait in the inbox. People read a run through queries.
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
  IgnoredNotice,
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

/** Root → sub-populations and evaluators: all of them exist and can start; later, the operator's changes. */
export const steerSignal = defineSignal<[Steering]>('steer');

/** Root → sub-population: a stop takes effect after the current training, new hyperparameters before the next one. */
export const commandSignal = defineSignal<[CommandMessage]>('command');

/** P(i−1) → Pi, once per round. */
export const neighbourNewsSignal = defineSignal<[NeighbourNews]>('neighbourNews');

/** Pi → P(i−1), once per round. */
export const promotionsSignal = defineSignal<[PromotionBatch]>('promotions');

export const instructSignal = defineSignal<[Instruction]>('instruct');

export const evaluatorReportSignal = defineSignal<[EvaluatorReport]>('evaluatorReport');

export const roundCompletedSignal = defineSignal<[RoundCompleted]>('roundCompleted');

export const holdSignal = defineSignal<[HoldNotice]>('hold');

export const ignoredSignal = defineSignal<[IgnoredNotice]>('ignored');

/** Pi → evaluator: the run is over. */
export const finishSignal = defineSignal<[MessageKey]>('finish');

export const progressQuery = defineQuery<RunProgress>('progress');

/** Best members of every sub-population, P1's first. */
export const leaderboardQuery = defineQuery<readonly Leader[]>('leaderboard');

export const membersQuery = defineQuery<readonly MemberView[]>('members');

/** The number of a member (from 0); without it, the best member. */
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

/** These are updates, because the sender needs to know whether they took effect. */
export const pauseUpdate = defineUpdate<string, [{ readonly reason: string }]>('pause');
export const resumeUpdate = defineUpdate<string, []>('resume');
export const extendUpdate = defineUpdate<string, [{ readonly steps: number }]>('extend');

export const setHyperparametersUpdate = defineUpdate<string, [SetHyperparameters]>('setHyperparameters');

export const comparisonQuery = defineQuery<ComparisonProgress>('comparison');

export const MESSAGE_DESCRIPTIONS = {
  stopEarly:
    'Stops the run early: {"reason": "…"}. The run finishes its round, picks its winner and reports. With ' +
    '"subPopulation": 2 it stops only that sub-population; with "member": 3 or "evaluator": 0 in addition, only that ' +
    'member (it keeps its weights and trains no more) or that evaluation.',
  pause: 'Starts no further round until the run is resumed: {"reason": "…"}. Answers when the pause takes effect.',
  resume: 'Resumes a paused run. Workers that hold after a failure try again.',
  extend:
    'Extends the run: {"steps": 20000}, a multiple of stepsPerRound beyond the present end. Answers the new end, or ' +
    'the reason for a refusal.',
  setHyperparameters:
    'Sets hyperparameters of a member by hand: {"subPopulation": 1, "member": 3, "hyperparameters": ' +
    '{"learningRate": 0.01}, "reason": "…"}. They take effect in its next round.',
  steer: 'Internal: all workflows of the run exist; the operator’s wishes for the whole run.',
  command: 'Internal: a command of the operator to this sub-population.',
  neighbourNews: 'Internal: the events of this round in the sub-population below.',
  promotions: 'Internal: the promotions of this round from the sub-population above.',
  instruct: 'Internal: the training of this evaluator in this round, and the verdict on the last round.',
  evaluatorReport: 'Internal: an evaluator finished its round of training.',
  roundCompleted: 'Internal: P1 recorded a round.',
  hold: 'Internal: a sub-population or an evaluator holds, or continues.',
  ignored: 'Internal: a sub-population or an evaluator ignored a signal.',
  finish: 'Internal: the run is over.',
  progress: 'Status, round, best score, a summary of every sub-population, holds, and ignored signals with reasons.',
  leaderboard: 'The best members of every sub-population: newest score and hyperparameters.',
  members: 'All members: newest checkpoint, hyperparameters, fitness, curve since the last exploit.',
  schedule:
    'The hyperparameters that led to a member, by step, through every copy and promotion. Input: the number of a ' +
    'member from 0, or nothing for the best member.',
  lineage:
    'The workers that trained the weights of a member. Input: the number of a member from 0, or nothing for the best ' +
    'member.',
  evaluators:
    'All evaluator slots: evaluation, curve, and the last verdict with overlap, score gap, p-value and threshold.',
  comparison: 'Finished runs with their results, the summary of the arms, failed runs, and the address of the table.',
} as const;

/**
 * Tells whether a payload is a message of this generation of the run. Callers drop other payloads without an error.
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
