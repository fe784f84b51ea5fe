/**
 * The result of a finished run as it lies in its bucket: `result/result.json`.
 *
 * Steps are training steps of one worker, from 0. Rounds count from 1; round r ends at step r · stepsPerRound. Workers
 * have their names, like `P1/member-0` and `P2/evaluator-3`.
 */
import type { Score } from '../../workflows/algorithm/curve.ts';
import type { HyperparameterValues } from '../../workflows/algorithm/hyperparameters.ts';
import type { Verdict } from '../../workflows/algorithm/verdict.ts';
import type { Command, EndReason } from '../../workflows/population/events.ts';
import type { Ancestor } from '../../workflows/population/lineage.ts';
import type { DecisionCode, RunEnd } from '../../workflows/population/state.ts';
import type { Specification } from '../specification/specification.ts';
import type { ResultSummary } from './result.ts';

/** Format of a run's result. Its number rises with every change of the fields. */
export const RESULT_FORMAT = 'fire-pbt-result/1';

/** A run's result. Its `schedule` and its `lost` are whole, while the workflow's summary may leave entries out. */
export interface RunResult extends ResultSummary {
  readonly format: typeof RESULT_FORMAT;
  /** Who trained the winner's weights, oldest first. */
  readonly lineage: readonly Ancestor[];
  /** P1 first, as they stood after the last round. */
  readonly subPopulations: readonly FinalSubPopulation[];
  /** How often each kind of decision was made in all sub-populations. */
  readonly counts: DecisionCounts;
  /** The specification with its defaults filled in. */
  readonly specification: Specification;
  /** What was decided in every round. Scores are in `decisions/` only. */
  readonly decisions: readonly DecidedRound[];
  /** Wall-clock seconds of all trainers. It differs between equal runs. */
  readonly cost: { readonly trainerSeconds: number };
}

export interface FinalSubPopulation {
  readonly subPopulation: number;
  /** Promotions received. */
  readonly promotions: number;
  /** Ends of evaluations, by reason. */
  readonly verdicts: Readonly<Record<string, number>>;
  readonly decidedBy: readonly DecisionCode[];
  readonly members: readonly FinalMember[];
}

export interface FinalMember {
  readonly member: string;
  /** Null: it has none since it was last replaced. */
  readonly newestScore: Score | null;
  /** Fitness when members were last ranked; null: it was not ranked. */
  readonly fitness: number | null;
  readonly hyperparameters: HyperparameterValues;
  /** Null: it never trained. */
  readonly checkpointSha256: string | null;
  /** Present if the operator stopped it. */
  readonly stopped?: boolean;
}

export interface DecisionCounts {
  readonly assignments: number;
  readonly exploits: number;
  readonly judgements: number;
  readonly promotions: number;
  readonly evaluationsEnded: number;
}

export interface DecidedRound {
  readonly round: number;
  /** P1 first. */
  readonly subPopulations: readonly {
    readonly subPopulation: number;
    /** In order; null: the record is lost. */
    readonly events: readonly DescribedDecision[] | null;
  }[];
}

/** An evaluator, the member of its own sub-population whose hyperparameters it tries, and whom it is to beat. */
export interface DescribedEvaluation {
  readonly evaluator: string;
  readonly parent: string;
  /** Member of the sub-population below. */
  readonly child: string;
}

/** A decision, with names of workers instead of numbers and digests instead of references. */
export type DescribedDecision =
  /** The first hyperparameters of all members, `member-0` first. */
  | { readonly kind: 'initialised'; readonly hyperparameters: readonly HyperparameterValues[] }
  /** Members whose schedule changes their hyperparameters in this round. */
  | {
      readonly kind: 'scheduled';
      readonly members: readonly { readonly member: string; readonly hyperparameters: HyperparameterValues }[];
    }
  /** Evaluators that begin. */
  | {
      readonly kind: 'assigned';
      readonly assignments: readonly (DescribedEvaluation & { readonly hyperparameters: HyperparameterValues })[];
    }
  | {
      readonly kind: 'exploited';
      /** By member; null: not ranked in this round. */
      readonly fitness: readonly (number | null)[];
      /** Members that copied another one, and explored. */
      readonly copies: readonly {
        readonly member: string;
        readonly source: string;
        readonly hyperparameters: HyperparameterValues;
      }[];
    }
  | {
      readonly kind: 'judged';
      /** `evaluationSteps`: steps since the assignment, with this round. */
      readonly evaluations: readonly (DescribedEvaluation & { readonly evaluationSteps: number } & Verdict)[];
    }
  /** Members that took over the weights of an evaluator of the sub-population above. */
  | {
      readonly kind: 'promoted';
      readonly promotions: readonly {
        readonly member: string;
        readonly evaluator: string;
        readonly parent: string;
        readonly checkpointSha256: string;
      }[];
    }
  /** Evaluations that ended for another reason than their own verdict. */
  | {
      readonly kind: 'evaluations-ended';
      readonly ended: readonly (DescribedEvaluation & { readonly reason: EndReason })[];
    }
  /** A command of the operator. */
  | { readonly kind: 'commanded'; readonly id: string; readonly command: Command }
  /** The run was extended to this number of rounds. */
  | { readonly kind: 'extended'; readonly rounds: number }
  /** The operator ended the run early. */
  | ({ readonly kind: 'ended' } & RunEnd);
