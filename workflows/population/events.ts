/**
 * The events of a round: everything that it decides or measures. They form the decision log and the news for
 * neighbours.
 */
import type { Score } from '../algorithm/curve.ts';
import type { HyperparameterValues } from '../algorithm/hyperparameters.ts';
import type { Verdict } from '../algorithm/verdict.ts';
import type { CheckpointReference } from '../../activities/contracts/checkpoint.ts';
import type { DecisionCode, HistorySegment, RunEnd, ScoreCurve } from './state.ts';

/** Reason of an evaluation's end other than its own verdict. */
export const END_REASONS = [
  'parent-promoted',
  'child-set-by-hand',
  'parent-set-by-hand',
  'child-stopped',
  'parent-stopped',
  'stopped-by-hand',
  'training-failed',
] as const;
export type EndReason = (typeof END_REASONS)[number];

export interface EndedEvaluation {
  readonly slot: number;
  readonly parent: number;
  readonly child: number;
  readonly reason: EndReason;
}

export interface Promotion {
  /** Worker whose weights, curve and history the child takes over, for example `P2/evaluator-3`. */
  readonly evaluator: string;
  readonly parent: number;
  /** The child: member of the sub-population that receives the promotion. */
  readonly member: number;
  readonly checkpoint: CheckpointReference;
  readonly curve: ScoreCurve;
  readonly history: readonly HistorySegment[];
}

export interface JudgedEvaluation {
  readonly slot: number;
  readonly parent: number;
  /**
   * The member that it was judged against. It differs from the assigned child if the specification lets evaluations
   * follow a copied child or succeed against anyone.
   */
  readonly child: number;
  /** T: steps since the assignment, including this round. */
  readonly evaluationSteps: number;
  readonly verdict: Verdict;
}

/** A command of the operator to one sub-population. */
export type Command =
  | { readonly kind: 'stop-members'; readonly members: readonly number[]; readonly reason: string }
  | { readonly kind: 'stop-evaluation'; readonly slot: number; readonly reason: string }
  | {
      readonly kind: 'set-hyperparameters';
      readonly member: number;
      readonly hyperparameters: HyperparameterValues;
      readonly reason: string;
    };

export type RoundEvent =
  | {
      readonly kind: 'initialised';
      readonly subPopulation: number;
      readonly evaluators: number;
      readonly members: readonly HyperparameterValues[];
    }
  /** New hyperparameters of the members whose schedule changes them in this round. */
  | {
      readonly kind: 'scheduled';
      readonly members: readonly { readonly member: number; readonly hyperparameters: HyperparameterValues }[];
    }
  | {
      readonly kind: 'assigned';
      readonly assignments: readonly {
        readonly slot: number;
        readonly parent: number;
        readonly child: number;
        readonly hyperparameters: HyperparameterValues;
      }[];
    }
  | {
      readonly kind: 'trained';
      readonly step: number;
      readonly members: readonly {
        readonly member: number;
        readonly checkpoint: CheckpointReference;
        readonly scores: readonly Score[];
      }[];
      readonly evaluators: readonly {
        readonly slot: number;
        readonly checkpoint: CheckpointReference;
        readonly scores: readonly Score[];
      }[];
    }
  | {
      readonly kind: 'exploited';
      /** Fitness per member; null: not ranked in this round. */
      readonly fitness: readonly (number | null)[];
      readonly copies: readonly {
        readonly member: number;
        readonly source: number;
        readonly hyperparameters: HyperparameterValues;
      }[];
    }
  | { readonly kind: 'judged'; readonly evaluations: readonly JudgedEvaluation[] }
  | { readonly kind: 'promoted'; readonly promotions: readonly Promotion[] }
  | { readonly kind: 'evaluations-ended'; readonly ended: readonly EndedEvaluation[] }
  | { readonly kind: 'commanded'; readonly id: string; readonly command: Command }
  /** The run was extended to this number of rounds. */
  | { readonly kind: 'extended'; readonly rounds: number }
  /** Another code decides from here on. The digest of decisions excludes this event. */
  | ({ readonly kind: 'decided-by' } & DecisionCode)
  /** The operator ended the run early. */
  | ({ readonly kind: 'ended' } & RunEnd);
