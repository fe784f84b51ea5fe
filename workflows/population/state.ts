/**
 * The state of a sub-population. It is plain JSON: no Map, no Set, no NaN. Only `reducer.ts` changes it.
 */
import type { Score } from '../algorithm/curve.ts';
import type { HyperparameterValues } from '../algorithm/hyperparameters.ts';
import type { CheckpointReference } from '../../activities/contracts/checkpoint.ts';

/**
 * Scores of a member since its last exploit, or of an evaluator since its assignment. Score k was measured at step
 * sinceStep + (k+1)·evalEvery.
 */
export interface ScoreCurve {
  readonly sinceStep: number;
  readonly scores: readonly Score[];
}

/** Why a segment of training begins. */
export type SegmentOrigin =
  'initialised' | 'continued' | 'scheduled' | 'exploit' | 'evaluation' | 'promotion' | 'set-by-hand';

/**
 * A segment of training with constant hyperparameters by one worker. The segments of a member, from step 0, are its
 * schedule.
 */
export interface HistorySegment {
  readonly worker: string;
  readonly origin: SegmentOrigin;
  readonly fromStep: number;
  readonly toStep: number;
  readonly hyperparameters: HyperparameterValues;
}

export interface MemberState {
  /** Null before the first round. */
  readonly checkpoint: CheckpointReference | null;
  readonly hyperparameters: HyperparameterValues;
  readonly curve: ScoreCurve;
  readonly history: readonly HistorySegment[];
  /** Origin of the next segment of the history. */
  readonly origin: SegmentOrigin;
  /** Fitness in the newest step 3; null: it was not ranked. */
  readonly fitness: number | null;
  /** Whether the newest step 3 replaced it: then it cannot become a child in the next assignment. */
  readonly justExplored: boolean;
  /** The member that it copied last; null: none. */
  readonly copiedFrom: number | null;
  /** Step at which its last evaluation ended or exploit replaced it; 0 at the start. */
  readonly idleSinceStep: number;
  /** Whether exploit (not the end of an evaluation) set `idleSinceStep`: then it is the youngest of all. */
  readonly exploitedLast: boolean;
  /** Whether the operator stopped it: it keeps its weights, does not train, and is never ranked or copied. */
  readonly stopped: boolean;
  /** Step at which its hyperparameters were last set by hand; null: never. */
  readonly setByHandAtStep: number | null;
}

/** A member of P1 as it stood after some round: what a winner is. */
export interface Standing {
  readonly member: number;
  readonly score: number;
  readonly checkpoint: CheckpointReference;
  readonly history: readonly HistorySegment[];
}

/** A busy evaluator slot. */
export interface EvaluationState {
  readonly parent: number;
  /** Member of P(i−1). */
  readonly child: number;
  readonly assignedAtStep: number;
  readonly hyperparameters: HyperparameterValues;
  readonly checkpoint: CheckpointReference;
  readonly curve: ScoreCurve;
  readonly history: readonly HistorySegment[];
  readonly origin: SegmentOrigin;
}

export interface PopulationState {
  readonly subPopulation: number;
  /** Steps trained by every member. */
  readonly step: number;
  readonly members: readonly MemberState[];
  /** One entry per evaluator slot; null: idle. */
  readonly evaluations: readonly (EvaluationState | null)[];
  /** The member of P1 with the best newest score so far, the earliest of equal ones; null: none yet, or not P1. */
  readonly best: Standing | null;
  /** Promotions received from the sub-population above. */
  readonly promotions: number;
  /** Number of ended evaluations by reason. */
  readonly verdicts: Readonly<Record<string, number>>;
  /** Ids of the operator's commands that were applied, so that none is applied twice after a reset. */
  readonly followed: readonly string[];
  /** Number of rounds after the newest extension; null: that of the specification. */
  readonly extendedTo: number | null;
  /** The codes that decided its rounds, newest last, at most `KEPT_CODES`. Neighbours differ. */
  readonly decidedBy: readonly DecisionCode[];
  /** The last round and the reason, if the operator ended the run early. No run can resume from such a round. */
  readonly ended: RunEnd | null;
}

/** A code that decides from a round on, until another does. */
export interface DecisionCode {
  /** Build id of the worker: the package's version and a digest of the workflows, like `0.2.0+9be3e936697e7397`. */
  readonly code: string;
  readonly fromRound: number;
}

/** How the operator ended a run before its last round. */
export interface RunEnd {
  /** The last round of the run. */
  readonly round: number;
  readonly reason: string;
}
