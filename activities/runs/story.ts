/**
 * The story of a run: what its records in the bucket tell, while it trains and afterwards. `read-run.ts` reads it.
 *
 * Steps are training steps of one worker, from 0. Rounds count from 1; round r ends at step r · stepsPerRound. Workers
 * have their names, like `P1/member-0` and `P2/evaluator-3`. Everything is plain JSON.
 */
import type { Score } from '../../workflows/algorithm/curve.ts';
import type { HyperparameterValues } from '../../workflows/algorithm/hyperparameters.ts';
import type { Verdict } from '../../workflows/algorithm/verdict.ts';
import type { Command } from '../../workflows/population/events.ts';
import type { EvaluationEnd } from '../../workflows/population/verdict-text.ts';
import type { Algorithm } from '../../workflows/population/names.ts';
import type { DecisionCode, HistorySegment, RunEnd, ScoreCurve } from '../../workflows/population/state.ts';
import type { CheckpointReference, RunFolder } from '../contracts/checkpoint.ts';
import type { RunCurve, TrainingCosts } from '../contracts/comparison.ts';
import type { Specification } from '../specification/specification.ts';
import type { StoredResult } from './recorded-result.ts';
import type { LostRecord } from './sealing.ts';

/** A score and the step at which it was measured. */
export type Measurement = readonly [step: number, score: Score];

/** When something happened: `step` is the step at the end of `round`. */
export interface Moment {
  readonly round: number;
  readonly step: number;
}

/** The hyperparameters with which a worker trained from a step on, until its next entry. */
export interface HyperparameterChange {
  readonly fromStep: number;
  readonly hyperparameters: HyperparameterValues;
}

/** What one worker trained. An evaluator has gaps while it is idle. */
export interface WorkerStory {
  readonly worker: string;
  /** All scores that it measured, in order of their steps. Copies and promotions replace its weights in between. */
  readonly curve: readonly Measurement[];
  readonly hyperparameters: readonly HyperparameterChange[];
}

/** A member. */
export interface MemberStory extends WorkerStory {
  /** How its present weights were trained, from step 0. */
  readonly history: readonly HistorySegment[];
  readonly stopped: boolean;
}

/** A member copied another one of its sub-population, and explored. */
export interface ExploitStory extends Moment {
  readonly member: string;
  readonly source: string;
  readonly hyperparameters: HyperparameterValues;
}

/** A member took over the weights of an evaluator of the sub-population above. */
export interface PromotionStory extends Moment {
  readonly member: string;
  readonly evaluator: string;
  readonly parent: string;
  readonly checkpointSha256: string;
}

/** One verdict on an evaluation. */
export interface JudgementStory extends Moment {
  readonly child: string;
  /** Steps since the assignment. */
  readonly evaluationSteps: number;
  /** `overlap` counts points of `evaluatorCurve` (A) and `childCurve` (B) of this round. */
  readonly verdict: Verdict;
}

/** One evaluation: from the assignment of a parent and a child to its end. */
export interface EvaluationStory {
  readonly evaluator: string;
  readonly parent: string;
  /** The member it was last compared with, else the assigned one. */
  readonly child: string;
  /** Its first round, and the step at which that began. */
  readonly assigned: Moment;
  readonly hyperparameters: HyperparameterValues;
  readonly judgements: readonly JudgementStory[];
  /** Null: it has not ended. */
  readonly ended: Moment | null;
  readonly reason: EvaluationEnd;
  /** Scores since the assignment. */
  readonly evaluatorCurve: ScoreCurve;
  /** The curve that the newest judgement compared with; null: it was never judged. */
  readonly childCurve: ScoreCurve | null;
}

/** An operator's command to a sub-population, as it was applied. */
export interface CommandStory extends Moment {
  readonly subPopulation: number;
  readonly id: string;
  readonly command: Command;
}

/** One sub-population. */
export interface SubPopulationStory {
  readonly subPopulation: number;
  readonly members: readonly MemberStory[];
  readonly evaluators: readonly WorkerStory[];
  readonly exploits: readonly ExploitStory[];
  /** Promotions received. */
  readonly promotions: readonly PromotionStory[];
  /** In the order of their assignment, then of their slots. */
  readonly evaluations: readonly EvaluationStory[];
}

/** A member of P1 that leads, and how its weights were trained from step 0. */
export interface LeaderStory {
  readonly member: string;
  readonly score: Score;
  readonly checkpoint: CheckpointReference;
  readonly history: readonly HistorySegment[];
}

/** The member of P1 that had the best score of all after a round, as it stood then. */
export type BestSeen = LeaderStory & Moment;

/** A run, as its records tell it. */
export interface RunStory {
  readonly storage: RunFolder;
  readonly algorithm: Algorithm;
  readonly specification: Specification;
  /** Rounds that all sub-populations recorded and whose records fit. */
  readonly rounds: number;
  /** Rounds that the run is to have: those of the specification, unless it was extended. */
  readonly plannedRounds: number;
  readonly subPopulations: readonly SubPopulationStory[];
  /** The winner of a finished run, else the member of P1 that leads; null: no member has a finite score. */
  readonly leader: LeaderStory | null;
  readonly best: BestSeen | null;
  readonly costs: TrainingCosts;
  /** Best score in P1 against the steps of all workers. */
  readonly curve: RunCurve;
  readonly commands: readonly CommandStory[];
  readonly endedEarly: RunEnd | null;
  /** The codes that decided its rounds. */
  readonly decidedBy: readonly DecisionCode[];
  /** What the run wrote at its end; null: it has not finished. */
  readonly result: StoredResult | null;
  /** Objects that do not fit. The story ends before the first round whose record is among them. */
  readonly lost: readonly LostRecord[];
}
