/**
 * Estimates what an agent's checkpoint takes.
 */
import { shippedEnvironment } from '../environments/shipped.ts';
import { criticNetwork, policyNetwork, sizesOf } from './agent-variables.ts';
import type { ReinforcementLearning } from './settings.ts';

const FLOAT_BYTES = 4;
const DOUBLE_BYTES = 8;
/** Numbers of an environment's state for one of its observation, at most for those that ship. */
const STATE_SHARE = 2;
/** A name with type, shape and place in the file's header. */
const HEADER_BYTES = 110;
/** Tensors besides those of the networks. */
const OTHER_TENSORS = 20;

/** Returns an estimate in bytes; null for an environment of the user's own, which is not loaded for it. */
export function estimateCheckpointBytes(settings: ReinforcementLearning): number | null {
  const environment = shippedEnvironment(settings.environment);
  if (!environment) return null;
  const sizes = sizesOf(environment);
  const [policy, critic] = [policyNetwork(settings, sizes), criticNetwork(settings, sizes)].map(({ parameters }) => ({
    tensors: parameters.length,
    values: parameters.reduce((sum, { shape }) => sum + shape.reduce((size, length) => size * length, 1), 0),
  })) as [Counted, Counted];
  // Weights and Adam's two moments of both; the target policy.
  const floats = 4 * policy.values + 3 * critic.values;
  const tensors = 4 * policy.tensors + 3 * critic.tensors + OTHER_TENSORS;
  const perEnvironment = (1 + STATE_SHARE) * sizes.observations;
  const doubles = settings.environments * perEnvironment + 2 * sizes.observations + 3 * settings.scoreEpisodes;
  return FLOAT_BYTES * floats + DOUBLE_BYTES * doubles + HEADER_BYTES * tensors;
}

interface Counted {
  readonly tensors: number;
  readonly values: number;
}
