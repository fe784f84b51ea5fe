/**
 * The length of a run: as the specification says, unless the operator extends it or ends it early. P1 alone decides.
 */
import type { Specification } from '../../activities/specification/specification.ts';
import type { RoundEvent } from './events.ts';
import type { PopulationState } from './state.ts';

/** Returns the rounds that a specification asks for. */
export function plannedRounds({ steps, stepsPerRound }: Pick<Specification, 'steps' | 'stepsPerRound'>): number {
  return steps / stepsPerRound;
}

/**
 * Returns what P1 decides after it trained `round` of `rounds`: an end, because the operator wants it or because every
 * member was stopped; an extension, while no sub-population can be in the last round yet; or nothing.
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
  // P(i) hears of an extension in round r + i − 2 at the latest.
  const isInTime = round + subPopulations - 2 < rounds;
  return isInTime && wanted.rounds > rounds ? { kind: 'extended', rounds: wanted.rounds } : null;
}
