/**
 * States of sub-populations for tests of decisions: small, and only what a test names differs from the usual.
 */
import type { Score } from '../../../workflows/algorithm/index.ts';
import { emptyPopulation } from '../../../workflows/population/reducer.ts';
import type { EvaluationState, MemberState, PopulationState } from '../../../workflows/population/state.ts';
import type { Specification } from '../../../activities/specification/specification.ts';
import type { CheckpointReference } from '../../../activities/contracts/checkpoint.ts';
import { toySpecification } from '../stand-ins.ts';

/** Steps trained in all the states below, three rounds of 20. */
export const STEP = 60;

/** The small toy, curves not smoothed, with other settings of the evaluation. */
export function specification(evaluationSwitches: Partial<Specification['evaluation']>): Specification {
  const plain = toySpecification({ smoothing: 'none' });
  return { ...plain, evaluation: { ...plain.evaluation, ...evaluationSwitches } };
}

/** A sub-population after three rounds. */
export function population(
  subPopulation: number,
  members: readonly MemberState[],
  evaluations: readonly (EvaluationState | null)[] = [],
): PopulationState {
  return { ...emptyPopulation(), subPopulation, step: STEP, members, evaluations };
}

/** A member that trained three rounds, with the differences. */
export function member(changes: Partial<MemberState> = {}): MemberState {
  return {
    checkpoint: checkpoint('member'),
    hyperparameters: { h: 1 },
    curve: curve([1, 1]),
    history: [],
    origin: 'continued',
    fitness: null,
    justExplored: false,
    copiedFrom: null,
    idleSinceStep: 0,
    exploitedLast: false,
    stopped: false,
    setByHandAtStep: null,
    ...changes,
  };
}

/** An evaluation in its second round, with the differences. */
export function evaluation(changes: Partial<EvaluationState>): EvaluationState {
  return {
    parent: 0,
    child: 0,
    assignedAtStep: 40,
    hyperparameters: { h: 1 },
    checkpoint: checkpoint('evaluator'),
    curve: curve([1, 1]),
    history: [],
    origin: 'continued',
    ...changes,
  };
}

/** A curve from step 0. */
export function curve(scores: readonly Score[]): MemberState['curve'] {
  return { sinceStep: 0, scores };
}

function checkpoint(key: string): CheckpointReference {
  return { key, sha256: key, sizeBytes: 1, step: STEP };
}
