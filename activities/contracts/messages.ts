/**
 * Types of the messages of a run: what its workflows tell each other, and what people are told of it.
 * `workflows/messages.ts` defines the signals, updates and queries that carry them.
 */
import type { Score } from '../../workflows/algorithm/curve.ts';
import type { HyperparameterValues } from '../../workflows/algorithm/hyperparameters.ts';
import type { Verdict } from '../../workflows/algorithm/verdict.ts';
import type { Command, JudgedEvaluation, Promotion, RoundEvent } from '../../workflows/population/events.ts';
import type { DecisionCode, ScoreCurve } from '../../workflows/population/state.ts';
import type { ComparisonRow, ComparisonSummary } from './comparison.ts';
import type { RoundReference, RunPlan } from './run.ts';
import type { TrainRequest } from './training.ts';
import type { CheckpointReference } from './checkpoint.ts';

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

export interface CommandMessage extends MessageKey {
  /** Unique among the commands of a run, so that none is followed twice. */
  readonly id: string;
  readonly command: Command;
}

/**
 * What happened in P(i−1) in this round up to step 3, for Pi to judge against: what was decided on the length of the
 * run, too.
 */
export interface NeighbourNews extends MessageKey {
  readonly events: readonly RoundEvent[];
  /** What P(i−1) recorded of the round before; null in round 1. */
  readonly recorded: RoundReference | null;
}

/** Everything that Pi's evaluators earned for P(i−1) in this round; mostly empty. */
export interface PromotionBatch extends MessageKey {
  readonly promotions: readonly Promotion[];
  /** Newest known summaries of Pi and those above it, so that the root's progress shows the whole run. */
  readonly summaries: readonly SubPopulationSummary[];
}

/**
 * Pi → evaluator: the verdict on the last round, if one was being judged, and what to train in this one, if anything.
 */
export interface Instruction extends MessageKey {
  readonly judged: JudgedEvaluation | null;
  readonly train: {
    readonly parent: number;
    readonly child: number;
    readonly evaluationSteps: number;
    readonly request: TrainRequest;
  } | null;
}

/** Evaluator → Pi: what a round of training gave. */
export interface EvaluatorReport extends MessageKey {
  readonly slot: number;
  /** Null: training failed for good, and the operator chose to end the evaluation. */
  readonly outcome: {
    readonly checkpoint: CheckpointReference;
    readonly scores: readonly Score[];
    readonly trainerSeconds: number;
  } | null;
}

/** P1 → root, once a round, after the round is recorded. */
export interface RoundCompleted extends MessageKey {
  /** P1's own first, then what is known of the others (P3 and above: of the round before). */
  readonly summaries: readonly SubPopulationSummary[];
  /** Rounds that the run will have, as P1 decided: an extension that came too late is not in it. */
  readonly rounds: number;
}

/** Sub-population or evaluator → root: what it holds for, nothing when it goes on. */
export interface HoldNotice extends MessageKey {
  readonly reasons: readonly string[];
}

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
  readonly hyperparameters: Readonly<
    Record<string, { readonly min: number; readonly max: number } | readonly string[]>
  >;
  /** Its best members by newest score, best first, five at most. */
  readonly leaders: readonly Leader[];
  /** The codes that decided its rounds, newest last. */
  readonly decidedBy: readonly DecisionCode[];
  /** Members that were stopped by hand. */
  readonly stopped: readonly number[];
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
  /** Why the run is paused or is being stopped, and which codes decided if there are several; null: none of these. */
  readonly notice: string | null;
  /** The newest signals that could not be followed, each with the reason; newest first. */
  readonly ignored: readonly string[];
  /** What a person should know of the run's objects: records that were refused, checkpoints that were kept. */
  readonly warnings: readonly string[];
}

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

/**
 * One evaluator slot as its sub-population sees it; a verdict has the overlap, the score gap, the p-value and its
 * threshold.
 */
export interface EvaluatorView {
  readonly evaluator: string;
  readonly evaluation: {
    readonly parent: string;
    readonly child: string;
    readonly assignedAtStep: number;
    readonly hyperparameters: HyperparameterValues;
    readonly curve: ScoreCurve;
  } | null;
  readonly lastVerdict:
    (Verdict & { readonly parent: string; readonly child: string; readonly evaluationSteps: number }) | null;
}

/**
 * Ends early what it names: the whole run (nothing named), a sub-population, a member, an evaluator's present
 * evaluation. A signal, because that is what people reach for in the CLI; a bad one is logged and dropped.
 */
export interface StopEarly {
  readonly reason: string;
  readonly subPopulation?: number;
  /** From 0; needs `subPopulation`. */
  readonly member?: number;
  /** Slot, from 0; needs `subPopulation`. */
  readonly evaluator?: number;
}

export interface SetHyperparameters {
  readonly subPopulation: number;
  readonly member: number;
  /** Only those to change. */
  readonly hyperparameters: HyperparameterValues;
  readonly reason: string;
}

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
