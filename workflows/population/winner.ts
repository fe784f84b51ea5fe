/**
 * Picks the winner of a run from the state of P1, which remembers the best member seen.
 */
import type { HyperparameterValues } from '../algorithm/hyperparameters.ts';
import { standingOfBest } from './scores.ts';
import type { PopulationState, Standing } from './state.ts';

/**
 * Who wins: the member with the best score of the last round, as in the paper, or the best one that was seen after any
 * round.
 */
export const WINNER_RULES = ['last-round', 'best-seen'] as const;
export type WinnerRule = (typeof WINNER_RULES)[number];

/** The winner under a rule, and the one under the other rule. */
export interface Picked {
  /** Null: every member has diverged. */
  readonly winner: Standing | null;
  /** Null: the winner too, or nobody. */
  readonly other: Standing | null;
}

/** Returns the state with the best member of P1 so far, whoever replaces that member later. */
export function keepBest(state: PopulationState): PopulationState {
  if (state.subPopulation !== 1) return state;
  const best = standingOfBest(state);
  return best && (state.best === null || best.score > state.best.score) ? { ...state, best } : state;
}

export function otherRule(rule: WinnerRule): WinnerRule {
  return rule === 'last-round' ? 'best-seen' : 'last-round';
}

/** Picks the winner of P1. */
export function pickWinner(state: PopulationState, rule: WinnerRule): Picked {
  const last = standingOfBest(state);
  const [winner, other] = rule === 'last-round' ? [last, state.best] : [state.best, last];
  return { winner, other: winner?.checkpoint.key === other?.checkpoint.key ? null : other };
}

/** Returns the hyperparameters that a member was trained with last. */
export function lastHyperparameters({ history }: Pick<Standing, 'history'>): HyperparameterValues {
  return history.at(-1)?.hyperparameters ?? {};
}
