/**
 * Returns and advantages of a batch: how much better the future was than the critic expected.
 *
 * T: steps of the batch; E: environments. Arrays are [T, E], row by row.
 */

/** What happened, and what the critic expects. */
export interface Trajectories {
  readonly environments: number;
  /** [T, E]: of the step. */
  readonly rewards: Float64Array;
  /** [T, E]: the critic's value of the observation before the step. */
  readonly values: Float64Array;
  /** [T, E]: of the observation after the step; 0 if the episode ended with it. */
  readonly nextValues: Float64Array;
  /** [T, E]: 1 if an episode ended or was cut off with the step, so that the next step belongs to another one. */
  readonly last: Uint8Array;
}

export interface ReturnRules {
  /** γ: what a reward is worth one step later. */
  readonly discount: number;
  /** λ of generalised advantage estimation; 1: returns as they were, until they bootstrap. */
  readonly lambda: number;
  /** Steps after which all returns bootstrap: those of the steps 0 … unroll − 1 at step `unroll`, and so on. */
  readonly unroll: number;
}

/**
 * Returns advantages A and returns G = A + V, [T, E] each, as generalised advantage estimation has them (Schulman et
 * al., arXiv 1506.02438): δ = r + γ·V′ − V; A = δ + γ·λ·A′, with A′ = 0 behind the last step of an episode or unroll.
 */
export function advantagesOf(
  { environments, rewards, values, nextValues, last }: Trajectories,
  { discount, lambda, unroll }: ReturnRules,
): { readonly advantages: Float64Array; readonly returns: Float64Array } {
  const advantages = new Float64Array(rewards.length);
  const steps = rewards.length / environments;
  for (let environment = 0; environment < environments; environment++) {
    let next = 0;
    for (let step = steps - 1; step >= 0; step--) {
      const at = step * environments + environment;
      if (last[at] === 1 || (step + 1) % unroll === 0) next = 0;
      next = rewards[at]! + discount * nextValues[at]! - values[at]! + discount * lambda * next;
      advantages[at] = next;
    }
  }
  return { advantages, returns: advantages.map((advantage, at) => advantage + values[at]!) };
}

/** Returns numbers with mean 0 and deviation 1; only shifted if they are all the same. */
export function standardised(numbers: Float64Array): Float64Array {
  const mean = numbers.reduce((sum, value) => sum + value, 0) / numbers.length;
  const variance = numbers.reduce((sum, value) => sum + (value - mean) ** 2, 0) / numbers.length;
  const deviation = Math.sqrt(variance);
  return numbers.map((value) => (deviation > 1e-8 ? (value - mean) / deviation : value - mean));
}
