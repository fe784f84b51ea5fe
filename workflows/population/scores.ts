/**
 * Reads scores of members: the newest, the best, and whether a member has diverged.
 */
import type { Score } from '../algorithm/curve.ts';
import type { MemberState, PopulationState, Standing } from './state.ts';

/** Returns the newest score of a curve; undefined if it has none. */
export function newestScore(scores: readonly Score[]): Score | undefined {
  return scores.at(-1);
}

/** Tells whether a network has diverged. It stays diverged until exploit replaces it and its curve starts again. */
export function isDiverged(scores: readonly Score[]): boolean {
  return newestScore(scores) === 'diverged';
}

interface BestMember {
  readonly index: number;
  readonly score: number;
  readonly member: MemberState;
}

/**
 * Returns the member with the highest newest score. Among equal scores the lower number wins. A stopped member is
 * returned only if no other has a finite score. Undefined: no member has a finite score.
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

/** Returns the member with the highest newest score as it stands now; null if no member has a finite one. */
export function standingOfBest(state: PopulationState): Standing | null {
  const best = bestMember(state);
  if (!best?.member.checkpoint) return null;
  return { member: best.index, score: best.score, checkpoint: best.member.checkpoint, history: best.member.history };
}

/** Returns the highest newest score; null if no member has a finite one. */
export function bestScoreOf(state: PopulationState): number | null {
  return bestMember(state)?.score ?? null;
}
