/**
 * The winner of a run, which P1 picks.
 */
import { ApplicationFailure } from '@temporalio/workflow';
import type { Winner } from '../../activities/contracts/run.ts';
import { bestMember } from '../population/scores.ts';
import type { PopulationState, RunEnd } from '../population/state.ts';

/** How a run ended. */
export interface Finish {
  readonly winner: Winner;
  /** The last round. */
  readonly round: number;
  /** Null: the run had all of its rounds. */
  readonly stoppedEarly: RunEnd | null;
}

/** Returns the member of P1 with the highest newest score. @throws if every member has diverged */
export function winnerOf(state: PopulationState, workflowId: string): Winner {
  const best = bestMember(state);
  if (!best?.member.checkpoint) {
    const message = `Cannot pick a winner of run ${workflowId}: every member of P1 has diverged`;
    throw ApplicationFailure.nonRetryable(message, 'NoWinner');
  }
  return { member: best.index, score: best.score, checkpoint: best.member.checkpoint, history: best.member.history };
}
