/**
 * Assignment: step 1 of a round. Each idle evaluator takes a parent, and all of them share a child.
 */
import type { RandomStream } from './random.ts';

/** A member of Pi that may become a parent. */
export interface Candidate {
  readonly member: number;
  /** Neither evaluated already, nor stopped, nor diverged. */
  readonly available: boolean;
  /** Step at which its last evaluation ended, or at which it was exploited; 0 at the start. */
  readonly idleSinceStep: number;
  /** Whether exploit (not the end of an evaluation) set `idleSinceStep`: then it is the youngest of all. */
  readonly exploitedLast: boolean;
}

/** A member of P(i−1) whose hyperparameters may be evaluated. */
export interface ChildCandidate {
  readonly member: number;
  /** Neither stopped nor diverged. */
  readonly healthy: boolean;
  /** From the previous round's step 3; null: not ranked then. */
  readonly fitness: number | null;
  /** Replaced in the previous round's step 3. */
  readonly justExplored: boolean;
}

/**
 * Returns a parent for each idle slot, in the order of `idleSlots`, until no candidate is left.
 *
 * 'oldest-first' sorts by `idleSinceStep`. At equal steps, exploited candidates come last; then the lower number comes
 * first. 'youngest-first' reverses the order of age, but not that of numbers.
 */
export function chooseParents(
  idleSlots: readonly number[],
  candidates: readonly Candidate[],
  order: 'oldest-first' | 'youngest-first',
): { slot: number; parent: number }[] {
  const direction = order === 'oldest-first' ? 1 : -1;
  const queue = candidates
    .filter((one) => one.available)
    .sort((a, b) => direction * byAge(a, b) || a.member - b.member);
  return idleSlots.flatMap((slot, index) => {
    const parent = queue[index];
    return parent ? [{ slot, parent: parent.member }] : [];
  });
}

/** Negative if a is older. */
function byAge(a: Candidate, b: Candidate): number {
  return a.idleSinceStep - b.idleSinceStep || Number(a.exploitedLast) - Number(b.exploitedLast);
}

/**
 * Returns the child whose hyperparameters a round's new evaluations keep: the best-ranked healthy member that has not
 * just explored, the lower number if equal. None of these ranked: a random one of them. All healthy members have
 * just explored: a random healthy one. None healthy: undefined.
 */
export function chooseChild(children: readonly ChildCandidate[], stream: RandomStream): number | undefined {
  const healthy = children.filter((one) => one.healthy).sort((a, b) => a.member - b.member);
  const settled = healthy.filter((one) => !one.justExplored);
  let best: { member: number; fitness: number } | undefined;
  for (const { member, fitness } of settled) {
    if (fitness !== null && (best === undefined || fitness > best.fitness)) best = { member, fitness };
  }
  if (best) return best.member;
  const eligible = settled.length > 0 ? settled : healthy;
  return eligible.length === 0 ? undefined : eligible[stream.integer(eligible.length)]?.member;
}
