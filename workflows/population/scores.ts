/**
 * Reading scores off members: newest, best, diverged or not.
 */
import type { Score } from '../algorithm/curve.ts';
import type { MemberState, PopulationState } from './state.ts';

/** The newest score of a curve; undefined where it was not measured yet. */
export function newestScore(scores: readonly Score[]): Score | undefined {
  return scores.at(-1);
}

/** Once diverged, a network stays so until exploit replaces it and its curve starts anew. */
export function isDiverged(scores: readonly Score[]): boolean {
  return newestScore(scores) === 'diverged';
}

interface BestMember {
  readonly index: number;
  readonly score: number;
  readonly member: MemberState;
}

/**
 * The member with the highest newest score, the lower number where equal; a stopped one only where no other has a
 * finite score; undefined: nobody has.
 */
export function bestMember(state: PopulationState): BestMember | undefined {
  return bestWhere(state, (member) => !member.stopped) ?? bestWhere(state, (member) => member.stopped);
}

function bestWhere(state: PopulationState, admitted: (member: MemberState) => boolean): BestMember | undefined {
  let best: BestMember | undefined;
  for (const [index, member] of state.members.entries()) {
    const score = newestScore(member.curve.scores);
    if (admitted(member) && typeof score === 'number' && (best === undefined || score > best.score))
      best = { index, score, member };
  }
  return best;
}

/** Highest newest score; null: nobody has a finite one. */
export function bestScoreOf(state: PopulationState): number | null {
  return bestMember(state)?.score ?? null;
}
