/**
 * The decision code of a run: which code decided which rounds.
 *
 * Temporal records with every workflow task the build id of the worker that completed it, so a replay sees the code
 * that decided then. A state holds the changes, because an event tells each of them.
 */
import type { RoundEvent } from './events.ts';
import type { DecisionCode } from './state.ts';

/** Changes of code that a state holds, the newest: they travel to the root. The events of the rounds have all. */
export const KEPT_CODES = 4;

/** Returns the event of a change of code in this round, or nothing if the code is the same as before. */
export function changeOfCode(before: readonly DecisionCode[], code: string, round: number): RoundEvent[] {
  return before.at(-1)?.code === code ? [] : [{ kind: 'decided-by', code, fromRound: round }];
}

/** Returns the changes of code of a run, in order of their rounds, from those of its sub-populations. */
export function mergeCodes(subPopulations: readonly (readonly DecisionCode[])[]): DecisionCode[] {
  const changes = subPopulations.flat().sort((a, b) => a.fromRound - b.fromRound);
  return changes.filter(({ code }, index) => code !== changes[index - 1]?.code);
}

/** Returns a sentence for people if more than one code decided, or null. */
export function describeCodes(decidedBy: readonly DecisionCode[]): string | null {
  if (decidedBy.length < 2) return null;
  const stretches = decidedBy.map(({ code, fromRound }) => `${code} from round ${fromRound}`);
  return `Decided by more than one code: ${stretches.join(', ')}`;
}
