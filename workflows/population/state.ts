/**
 * A sub-population's whole state. Plain JSON throughout: no Map, no Set, no NaN. `reducer.ts` changes it.
 */
import type { Score } from '../algorithm/curve.ts';
import type { HyperparameterValues } from '../algorithm/hyperparameters.ts';
import type { CheckpointReference } from '../../activities/contracts/checkpoint.ts';

/**
 * Scores since the last exploit (a member's) or the assignment (an evaluator's): score k was measured at sinceStep +
 * (k+1)·evalEvery.
 */
export interface ScoreCurve {
  readonly sinceStep: number;
  readonly scores: readonly Score[];
}

/** How a stretch of training came to follow the one before it. */
export type SegmentOrigin =
  'initialised' | 'continued' | 'scheduled' | 'exploit' | 'evaluation' | 'promotion' | 'set-by-hand';

/**
 * One stretch of training under constant hyperparameters by one worker; a member's list of them, from step 0, is its
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
  /** Fitness in the newest step 3; null: not ranked then. */
  readonly fitness: number | null;
  /** Replaced in the newest step 3: not offered as a child in the next assignment. */
  readonly justExplored: boolean;
  /** The member that it last copied; null: it never did. */
  readonly copiedFrom: number | null;
  /** Step at which its last evaluation ended, or it was exploited; 0 at the start. */
  readonly idleSinceStep: number;
  /** Whether exploit, rather than the end of an evaluation, set `idleSinceStep`: then it is the youngest of all. */
  readonly exploitedLast: boolean;
  /** Stopped by hand: keeps its weights, trains no more, is never ranked or copied from. */
  readonly stopped: boolean;
  /** Step at which its hyperparameters were last set by hand; null: never. */
  readonly setByHandAtStep: number | null;
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
  /** One per evaluator slot; null: idle. */
  readonly evaluations: readonly (EvaluationState | null)[];
  /** Promotions received from the sub-population above. */
  readonly promotions: number;
  /** Verdicts given so far, by reason ('undecided' ones, which go on, are not counted). */
  readonly verdicts: Readonly<Record<string, number>>;
  /** Ids of the operator's commands followed so far: none is followed twice, whatever is reset. */
  readonly followed: readonly string[];
  /** Rounds of the run after the newest extension; null: as many as the specification says. */
  readonly extendedTo: number | null;
  /** The codes that decided its rounds, newest last: `KEPT_CODES` at most, and no two neighbours are equal. */
  readonly decidedBy: readonly DecisionCode[];
  /** The last round that counts, and why, if the operator ended the run early. No run goes on from such a round. */
  readonly ended: RunEnd | null;
}

/** The code that decides from a round on, until another does. */
export interface DecisionCode {
  /** The package's version and a digest of the workflows, such as `0.2.0+9be3e936697e7397`: the worker's build id. */
  readonly code: string;
  readonly fromRound: number;
}

/** How the operator ended a run before its last round. */
export interface RunEnd {
  /** The last round that counts. */
  readonly round: number;
  readonly reason: string;
}
