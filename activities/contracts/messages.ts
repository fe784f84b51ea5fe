/**
 * Types of the messages of a run, between its workflows and to people. `workflows/messages.ts` defines the signals,
 * updates and queries that carry them.
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

/** The part that all messages between the workflows of a run have. */
export interface MessageKey {
  readonly generation: string;
  readonly round: number;
  /** Name of the sending workflow within the run, such as `P2` or `P2/evaluator-3`. */
  readonly sender: string;
}

/** What the operator wants of the whole run. It is sent again, complete, whenever it changes. */
export interface Steering extends MessageKey {
  /** Why the run is to end after the current round of P1; null: it is not. */
  readonly stop: string | null;
  /** Why P1 may begin no other round; null: it may. */
  readonly pause: string | null;
  /** Rounds that the run is to have: those of the specification, or more. */
  readonly rounds: number;
  /** How often the operator resumed the run. With each time, held workers retry. */
  readonly resumes: number;
}

export interface CommandMessage extends MessageKey {
  /** Unique among the commands of a run, so that no command is followed twice. */
  readonly id: string;
  readonly command: Command;
}

/** The events of P(i−1) in this round up to step 3, which Pi judges against. They include the length of the run. */
export interface NeighbourNews extends MessageKey {
  readonly events: readonly RoundEvent[];
  /** What P(i−1) recorded of the round before; null in round 1. */
  readonly recorded: RoundReference | null;
}

/** All promotions from Pi into P(i−1) in this round. In most rounds there is none. */
export interface PromotionBatch extends MessageKey {
  readonly promotions: readonly Promotion[];
  /** Newest known summaries of Pi and the sub-populations above, for the progress of the run. */
  readonly summaries: readonly SubPopulationSummary[];
}

/** Pi → evaluator: the verdict on the last round, and what to train in this round. Either may be null. */
export interface Instruction extends MessageKey {
  readonly judged: JudgedEvaluation | null;
  readonly train: {
    readonly parent: number;
    readonly child: number;
    readonly evaluationSteps: number;
    readonly request: TrainRequest;
  } | null;
}

/** Evaluator → Pi: the result of a round of training. */
export interface EvaluatorReport extends MessageKey {
  readonly slot: number;
  /** Null: training failed permanently, and the operator ended the evaluation. */
  readonly outcome: {
    readonly checkpoint: CheckpointReference;
    readonly scores: readonly Score[];
    readonly trainerSeconds: number;
  } | null;
}

/** P1 → root, after a round is recorded. */
export interface RoundCompleted extends MessageKey {
  /** That of P1 first. Those of P3 and above are of the round before. */
  readonly summaries: readonly SubPopulationSummary[];
  /** Rounds that the run will have, as P1 decided. An extension that came too late is not included. */
  readonly rounds: number;
}

/** Sub-population or evaluator → root: the reasons for its holds. There is none when it resumes. */
export interface HoldNotice extends MessageKey {
  /** The first ones, each shortened. */
  readonly reasons: readonly string[];
  /** Number of the other holds. */
  readonly more: number;
}

/** Sub-population or evaluator → root: somebody sent it a signal that it does not know. */
export interface IgnoredNotice extends MessageKey {
  /** Name of the signal. */
  readonly signal: string;
}

/** One sub-population at the end of a round. */
export interface SubPopulationSummary {
  readonly subPopulation: number;
  readonly round: number;
  readonly members: number;
  readonly evaluators: number;
  /** Evaluators that trained in the round. */
  readonly evaluatorsBusy: number;
  /** Promotions received from the sub-population above. */
  readonly promotions: number;
  /** Ends of its evaluations so far, by reason. */
  readonly verdicts: Readonly<Record<string, number>>;
  readonly bestScore: number | null;
  /** Of all members: the range of a number, or the choices in use of a category. */
  readonly hyperparameters: Readonly<
    Record<string, { readonly min: number; readonly max: number } | readonly string[]>
  >;
  /** The best members by newest score, best first, at most five. */
  readonly leaders: readonly Leader[];
  /** The codes that decided its rounds, newest last. */
  readonly decidedBy: readonly DecisionCode[];
  /** Numbers of the members that were stopped by hand. */
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
  readonly status:
    'planning' | 'running' | 'holding' | 'paused' | 'stopping' | 'finishing' | 'finished' | 'failed' | 'cancelled';
  /** Completed rounds. */
  readonly round: number;
  readonly rounds: number;
  readonly plan: RunPlan | null;
  readonly bestScore: number | null;
  /** The winner's, once the run has finished. */
  readonly testScore: Score | null;
  readonly subPopulations: readonly SubPopulationSummary[];
  /** Why sub-populations, evaluators or the final report hold, one text each. */
  readonly holds: readonly string[];
  /** Why the run is paused or is being stopped, and which codes decided if there are several; null: none of these. */
  readonly notice: string | null;
  /** The newest signals to the run or its parts that were invalid, each with the reason; newest first. */
  readonly ignored: readonly string[];
  /** What a person should know of the run's objects: records that were refused, checkpoints that were kept. */
  readonly warnings: readonly string[];
  /** Expired objects that the store refuses to delete. */
  readonly undeleted: number;
}

/** One member, for people. */
export interface MemberView {
  readonly member: string;
  /** Null before the first round. */
  readonly checkpoint: CheckpointReference | null;
  readonly hyperparameters: HyperparameterValues;
  readonly newestScore: Score | null;
  /** Null: not ranked in the newest round. */
  readonly fitness: number | null;
  readonly stopped: boolean;
  /** The newest 200 scores since the last exploit. The last score was measured at the end of the newest round. */
  readonly curve: ScoreCurve;
}

/** One evaluator slot, for people. A verdict has the overlap, the score gap, the p-value and its threshold. */
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
 * Stops what it names: a sub-population, a member, or the current evaluation of an evaluator; the whole run if it names
 * nothing. It is a signal, because people expect one in the CLI. An invalid one is logged and dropped.
 */
export interface StopEarly {
  readonly reason: string;
  readonly subPopulation?: number;
  /** Number from 0; needs `subPopulation`. */
  readonly member?: number;
  /** Slot from 0; needs `subPopulation`. */
  readonly evaluator?: number;
}

export interface SetHyperparameters {
  readonly subPopulation: number;
  readonly member: number;
  /** Only the values to change. */
  readonly hyperparameters: HyperparameterValues;
  readonly reason: string;
}

/** How far a comparison is. */
export interface ComparisonProgress {
  readonly runs: number;
  /** Finished runs, in the order of the arms and then of the seeds. */
  readonly rows: readonly ComparisonRow[];
  /** Summary of the rows; in a large comparison that trains, without the newest ones. Null: not made yet. */
  readonly summary: ComparisonSummary | null;
  /** Ids of the runs and retraces in training, in the same order. */
  readonly running: readonly string[];
  /** Failed runs, each with the reason. */
  readonly failures: readonly string[];
  /** What the comparison waits for before its first run, or why there is no report; null: nothing. */
  readonly notice: string | null;
  /** The newest signals to the comparison, which takes none; newest first. */
  readonly ignored: readonly string[];
  /** The table of the rows, with curves, schedules and costs; null: it is not written yet. */
  readonly table: { readonly bucket: string; readonly key: string } | null;
  /** The report for people; null: it is not written yet. */
  readonly report: { readonly bucket: string; readonly key: string } | null;
}
