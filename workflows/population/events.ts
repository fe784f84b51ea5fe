/**
 * The events of a round: everything that it decides or learns. They are the decision log, and the news that neighbours
 * get.
 */
import type { Score } from '../algorithm/curve.ts';
import type { HyperparameterValues } from '../algorithm/hyperparameters.ts';
import type { Verdict } from '../algorithm/verdict.ts';
import type { CheckpointReference } from '../../activities/contracts/checkpoint.ts';
import type { DecisionCode, HistorySegment, RunEnd, ScoreCurve } from './state.ts';

/** Why an evaluation ended other than by its own verdict. */
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
  /** Worker that the child takes everything from, such as `P2/evaluator-3`. */
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
   * Whom it was judged against: another than it was assigned where the specification has it follow a copied child, or
   * succeed against anyone.
   */
  readonly child: number;
  /** T: steps since the assignment, this round included. */
  readonly evaluationSteps: number;
  readonly verdict: Verdict;
}

/** What the operator wants of one sub-population. */
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
  /** What a round trains with, of the members whose schedule changes it. */
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
      /** Per member; null: not ranked this round. */
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
  /** The run is to have so many rounds, more than before. */
  | { readonly kind: 'extended'; readonly rounds: number }
  /** Another code than before decides from here on. The digest of decisions leaves it out. */
  | ({ readonly kind: 'decided-by' } & DecisionCode)
  /** The operator ended the run early. */
  | ({ readonly kind: 'ended' } & RunEnd);
