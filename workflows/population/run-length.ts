/**
 * The length of a run: that of the specification, unless the operator extends the run or ends it early. P1 alone
 * decides.
 */
import type { Specification } from '../../activities/specification/specification.ts';
import type { RoundEvent } from './events.ts';
import type { PopulationState } from './state.ts';

/** Returns the number of rounds in a specification. */
export function plannedRounds({ steps, stepsPerRound }: Pick<Specification, 'steps' | 'stepsPerRound'>): number {
  return steps / stepsPerRound;
}

/**
 * Returns the decision of P1 after it trained `round` of `rounds`. It ends the run if the operator wants this or if
 * every member was stopped. It extends the run if no sub-population can be in the last round yet. Otherwise it returns
 * null.
 */
export function decideLength(
  { round, rounds, subPopulations }: Readonly<Record<'round' | 'rounds' | 'subPopulations', number>>,
  wanted: { readonly stop: string | null; readonly rounds: number },
  { members }: Pick<PopulationState, 'members'>,
): Extract<RoundEvent, { kind: 'extended' | 'ended' }> | null {
  if (round >= rounds) return null;
  const isEveryoneStopped = members.every((member) => member.stopped);
  const reason = wanted.stop ?? (isEveryoneStopped ? 'every member of P1 was stopped' : null);
  if (reason !== null) return { kind: 'ended', round, reason };
  // P(i) receives an extension in round r + i − 2 at the latest.
  const isInTime = round + subPopulations - 2 < rounds;
  return isInTime && wanted.rounds > rounds ? { kind: 'extended', rounds: wanted.rounds } : null;
}
