/**
 * How a run ends: P1 picks its winner.
 */
import { ApplicationFailure } from '@temporalio/workflow';
import type { HyperparameterValues } from '../algorithm/hyperparameters.ts';
import type { PopulationState, RunEnd, Standing } from '../population/state.ts';
import { lastHyperparameters, pickWinner, type WinnerRule } from '../population/winner.ts';

/** Who would have won under the other rule, without the schedule: messages have room for one. */
export interface OtherWinner extends Pick<Standing, 'member' | 'score' | 'checkpoint'> {
  /** Those that it was trained with last. */
  readonly hyperparameters: HyperparameterValues;
}

/** How a run ended. */
export interface Finish {
  readonly winner: Standing;
  /** Who would have won under the other rule; null: the winner too, or nobody. */
  readonly other: OtherWinner | null;
  /** The last round. */
  readonly round: number;
  /** Null: the run had all of its rounds. */
  readonly stoppedEarly: RunEnd | null;
}

/** Returns the winner of P1 and who would have won under the other rule. @throws if every member has diverged */
export function winnerOf(
  state: PopulationState,
  rule: WinnerRule,
  workflowId: string,
): Pick<Finish, 'winner' | 'other'> {
  const { winner, other } = pickWinner(state, rule);
  if (winner === null) {
    const seen = other ? `; the best checkpoint seen is ${other.checkpoint.key}` : '';
    const message = `Cannot pick a winner of run ${workflowId}: every member of P1 has diverged${seen}`;
    throw ApplicationFailure.nonRetryable(message, 'NoWinner');
  }
  if (other === null) return { winner, other };
  const { history: _, ...rest } = other;
  return { winner, other: { ...rest, hyperparameters: lastHyperparameters(other) } };
}
