/**
 * Fitness in P2 and above: how fast a member improves from similar performance. (In P1 it is simply the newest score.)
 */
import type { Curve } from './curve.ts';
import { bestScoreDifference } from './score-gap.ts';

/**
 * Returns the fitness of every member whose evaluator is busy: the sum, over the other such members, of
 * bestScoreDifference(own evaluator's curve, their evaluator's curve). In the order given; a lone member has fitness 0.
 * Members without an evaluator are not ranked, so they are not passed in, and neither are those whose evaluator
 * diverged. `shifts` is bestScoreDifference's.
 */
export function fitnessByImprovement(
  evaluations: readonly { readonly member: number; readonly curve: Curve }[],
  shifts: boolean,
): { member: number; fitness: number }[] {
  return evaluations.map(({ member, curve }, own) => ({
    member,
    fitness: evaluations.reduce(
      (sum, other, index) => (index === own ? sum : sum + bestScoreDifference(curve, other.curve, shifts)),
      0,
    ),
  }));
}
