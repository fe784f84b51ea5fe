/**
 * Every message of a run, defined once.
 *
 * Between workflows there are only signals (Temporal has no update from workflow to workflow). Each carries the generation of the run it belongs to
 * (the root's run id: a run that was reset has a new one) and its round; what is of another generation or of an earlier round is dropped,
 * what is of the next round waits in the inbox. People read a run through queries.
 */
import { defineQuery, defineSignal, defineUpdate } from '@temporalio/workflow';
import type { Score } from './algorithm/curve.ts';
import type { HyperparameterValues } from './algorithm/hyperparameters.ts';
import type { Verdict } from './algorithm/verdict.ts';
import type { Ancestor } from './lineage.ts';
import type { Command, HistorySegment, JudgedEvaluation, Promotion, RoundEvent, ScoreCurve } from './population-state.ts';
import type { ComparisonRow } from '../activities/comparison/run.ts';
import type { ComparisonSummary } from '../activities/comparison/summary.ts';
import type { RunPlan } from '../activities/orchestration-contract.ts';
import type { TrainRequest } from '../activities/train-contract.ts';
import type { CheckpointReference } from '../activities/checkpoints/reference.ts';

/** What every message between the workflows of a run carries. */
export interface MessageKey {
  readonly generation: string;
  readonly round: number;
  /** Name of the sending workflow within the run, such as `P2` or `P2/evaluator-3`. */
  readonly sender: string;
}

/** What the operator wants of the run as a whole; sent again, whole, whenever it changes. */
export interface Steering extends MessageKey {
  /** Why the run is to end after the round that P1 is in; null: it is not. */
  readonly stop: string | null;
  /** Why P1 is not to begin another round; null: it may. */
  readonly pause: string | null;
  /** Rounds that the run is to have: the specification's, or more. */
  readonly rounds: number;
  /** How often the operator has said to go on: whoever holds tries again. */
  readonly resumes: number;
}

/** Root → sub-populations and evaluators: first that everybody exists, so start; then whatever the operator changes. */
export const steerSignal = defineSignal<[Steering]>('steer');

export interface CommandMessage extends MessageKey {
  /** Unique among the commands of a run, so that none is followed twice. */
  readonly id: string;
  readonly command: Command;
}

/** Root → sub-population: stops apply after the round that is being trained, hyperparameters before the next one is. */
export const commandSignal = defineSignal<[CommandMessage]>('command');

/** What happened in P(i−1) in this round up to step 3, for Pi to judge against. */
export interface NeighbourNews extends MessageKey {
  readonly events: readonly RoundEvent[];
  /** Rounds that the run is to have, as P1 last decided. */
  readonly rounds: number;
  /** Present when the operator ended the run: the last round that counts, and why. */
  readonly ended?: { readonly round: number; readonly reason: string };
}

/** P(i−1) → Pi, once a round. */
export const neighbourNewsSignal = defineSignal<[NeighbourNews]>('neighbourNews');

/** Everything that Pi's evaluators earned for P(i−1) in this round; mostly empty. */
export interface PromotionBatch extends MessageKey {
  readonly promotions: readonly Promotion[];
  /** Newest known summaries of Pi and those above it, so that the root's progress shows the whole run. */
  readonly summaries: readonly SubPopulationSummary[];
}

/** Pi → P(i−1), once a round. */
export const promotionsSignal = defineSignal<[PromotionBatch]>('promotions');

/** Pi → evaluator: the verdict on the last round, if one was being judged, and what to train in this one, if anything. */
export interface Instruction extends MessageKey {
  readonly judged: JudgedEvaluation | null;
  readonly train: { readonly parent: number; readonly child: number; readonly evaluationSteps: number; readonly request: TrainRequest } | null;
}

export const instructSignal = defineSignal<[Instruction]>('instruct');

/** Evaluator → Pi: what a round of training gave. */
export interface EvaluatorReport extends MessageKey {
  readonly slot: number;
  /** Null: training failed for good, and the operator chose to end the evaluation. */
  readonly outcome: { readonly checkpoint: CheckpointReference; readonly scores: readonly Score[]; readonly trainerSeconds: number } | null;
}

export const evaluatorReportSignal = defineSignal<[EvaluatorReport]>('evaluatorReport');

/** P1 → root, once a round, after the round is recorded. */
export interface RoundCompleted extends MessageKey {
  /** P1's own first, then what is known of the others (P3 and above: of the round before). */
  readonly summaries: readonly SubPopulationSummary[];
  /** Rounds that the run will have, as P1 decided: an extension that came too late is not in it. */
  readonly rounds: number;
}

export const roundCompletedSignal = defineSignal<[RoundCompleted]>('roundCompleted');

/** Sub-population or evaluator → root: what it holds for, nothing when it goes on. */
export interface HoldNotice extends MessageKey {
  readonly reasons: readonly string[];
}

export const holdSignal = defineSignal<[HoldNotice]>('hold');

/** Pi → evaluator: the run is over. */
export const finishSignal = defineSignal<[MessageKey]>('finish');

/** One sub-population at the end of a round. */
export interface SubPopulationSummary {
  readonly subPopulation: number;
  readonly round: number;
  readonly members: number;
  readonly evaluators: number;
  /** That trained in the round. */
  readonly evaluatorsBusy: number;
  /** Received from the sub-population above. */
  readonly promotions: number;
  /** Ends of its evaluations so far, by reason. */
  readonly verdicts: Readonly<Record<string, number>>;
  readonly bestScore: number | null;
  /** Over its members: the range of a number, the choices in use of a category. */
  readonly hyperparameters: Readonly<Record<string, { readonly min: number; readonly max: number } | readonly string[]>>;
  /** Its best members by newest score, best first, five at most; absent in what 0.1 recorded, as the next. */
  readonly leaders?: readonly Leader[];
  /** Members that were stopped by hand. */
  readonly stopped?: readonly number[];
}

/** A row of the leaderboard. */
export interface Leader {
  /** Such as `P1/member-3`. */
  readonly member: string;
  /** Newest score. */
  readonly score: number;
  readonly hyperparameters: HyperparameterValues;
}

export interface RunProgress {
  readonly status: 'planning' | 'running' | 'holding' | 'paused' | 'stopping' | 'finishing' | 'finished';
  /** Completed rounds. */
  readonly round: number;
  readonly rounds: number;
  readonly plan: RunPlan | null;
  readonly bestScore: number | null;
  readonly subPopulations: readonly SubPopulationSummary[];
  /** What sub-populations, evaluators and, at the end, the report hold for, one text each. */
  readonly holds: readonly string[];
  /** Why the run is paused or stops, while it does. */
  readonly notice: string | null;
  /** The newest signals that could not be followed, each with the reason; newest first. */
  readonly ignored: readonly string[];
}

export const progressQuery = defineQuery<RunProgress>('progress');

/** Best members of every sub-population, P1's first. */
export const leaderboardQuery = defineQuery<readonly Leader[]>('leaderboard');

/** One member as people read it. */
export interface MemberView {
  readonly member: string;
  /** Null before the first round. */
  readonly checkpoint: CheckpointReference | null;
  readonly hyperparameters: HyperparameterValues;
  readonly newestScore: Score | null;
  /** Null: not ranked in the newest round. */
  readonly fitness: number | null;
  readonly stopped: boolean;
  /** Since the last exploit, the newest 200 scores: the last was measured after the newest round. */
  readonly curve: ScoreCurve;
}

export const membersQuery = defineQuery<readonly MemberView[]>('members');

/** With a member's number (from 0), that member's; without, the best member's. */
export const scheduleQuery = defineQuery<{ readonly member: string; readonly schedule: readonly HistorySegment[] }, [member?: number]>('schedule');
export const lineageQuery = defineQuery<{ readonly member: string; readonly lineage: readonly Ancestor[] }, [member?: number]>('lineage');

/** One evaluator slot as its sub-population sees it; a verdict has the overlap, the score gap, the p-value and its threshold. */
export interface EvaluatorView {
  readonly evaluator: string;
  readonly evaluation: {
    readonly parent: string;
    readonly child: string;
    readonly assignedAtStep: number;
    readonly hyperparameters: HyperparameterValues;
    readonly curve: ScoreCurve;
  } | null;
  readonly lastVerdict: (Verdict & { readonly parent: string; readonly child: string; readonly evaluationSteps: number }) | null;
}

export const evaluatorsQuery = defineQuery<readonly EvaluatorView[]>('evaluators');

/**
 * Ends early what it names: the whole run (nothing named), a sub-population, a member, an evaluator's present evaluation. A signal, because
 * that is what people reach for in the CLI; a bad one is logged and dropped.
 */
export interface StopEarly {
  readonly reason: string;
  readonly subPopulation?: number;
  /** From 0; needs `subPopulation`. */
  readonly member?: number;
  /** Slot, from 0; needs `subPopulation`. */
  readonly evaluator?: number;
}

export const stopEarlySignal = defineSignal<[StopEarly]>('stopEarly');

/** Updates, because the sender wants to know what was done or why not. */
export const pauseUpdate = defineUpdate<string, [{ readonly reason: string }]>('pause');
export const resumeUpdate = defineUpdate<string, []>('resume');
export const extendUpdate = defineUpdate<string, [{ readonly steps: number }]>('extend');

export interface SetHyperparameters {
  readonly subPopulation: number;
  readonly member: number;
  /** Only those to change. */
  readonly hyperparameters: HyperparameterValues;
  readonly reason: string;
}

export const setHyperparametersUpdate = defineUpdate<string, [SetHyperparameters]>('setHyperparameters');

/** How far a comparison is. */
export interface ComparisonProgress {
  readonly runs: number;
  /** Runs that are done, arms in the order given, then seeds. */
  readonly rows: readonly ComparisonRow[];
  /** Of the rows; null: none is done, or the comparison began before there were summaries. */
  readonly summary: ComparisonSummary | null;
  /** Ids of the runs and retraces that are being trained, in the same order. */
  readonly running: readonly string[];
  /** Runs that failed, and why. */
  readonly failures: readonly string[];
  /** Where the table of the rows is, with curves, schedules and costs; null: not yet anywhere. */
  readonly table: { readonly bucket: string; readonly key: string } | null;
}

export const comparisonQuery = defineQuery<ComparisonProgress>('comparison');

export const MESSAGE_DESCRIPTIONS = {
  stopEarly:
    'Stops early, with a reason: {"reason": "…"} the run (it finishes its round, picks its winner, reports); with "subPopulation": 2 that sub-population; with "member": 3 or "evaluator": 0 besides, that member (keeps its weights, trains no more) or that evaluation.',
  pause: 'Begins no further round until resumed: {"reason": "…"}. Answers from when on.',
  resume: 'Goes on after a pause; whoever holds after a failure tries again.',
  extend: 'Lengthens the run: {"steps": 20000}, a multiple of stepsPerRound beyond its present end. Answers the new end, or why not.',
  setHyperparameters: 'Sets hyperparameters of a member by hand: {"subPopulation": 1, "member": 3, "hyperparameters": {"learningRate": 0.01}, "reason": "…"}. In effect from its next round.',
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
  schedule: 'Which hyperparameters at which steps led to a member, through every copy and promotion: a number from 0, or nothing for the best.',
  lineage: "Which workers' weights became a member's, and how: a number from 0, or nothing for the best.",
  evaluators: 'Every evaluator slot: what it evaluates, its curve, its last verdict with overlap, score gap, p-value and threshold.',
  comparison: 'Runs done and what each reached, what the arms come to, runs that failed, where the table is.',
} as const;

/** Tells whether a payload belongs to this generation of the run and can be handled at all; a wrong one is dropped, never thrown upon. */
export function belongsTo(generation: string, message: unknown): message is MessageKey {
  if (typeof message !== 'object' || message === null) return false;
  const { generation: theirs, round } = message as Partial<MessageKey>;
  return theirs === generation && Number.isInteger(round);
}
