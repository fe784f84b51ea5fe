/**
 * Rollouts of Ant and Humanoid from given states under given actions.
 */
import { randomStream } from '../../workflows/algorithm/random.ts';
import type { EnvironmentDefinition } from '../../activities/tasks/environments/environment.ts';
import { Walk } from '../../activities/tasks/environments/mujoco/locomotion.ts';

export interface Rollout {
  readonly positions: readonly number[];
  readonly velocities: readonly number[];
  /** One a step. */
  readonly actions: readonly (readonly number[])[];
}

/** What each step gave. */
export interface RolledOut {
  readonly observations: readonly (readonly number[])[];
  readonly rewards: readonly number[];
  readonly ended: readonly boolean[];
}

/** Returns rollouts: starts as an episode's, but noisier from one to the next, and random actions. */
export function rollouts(
  { name, actions: { low, high } }: EnvironmentDefinition,
  count: number,
  steps: number,
): Rollout[] {
  const isAnt = name.startsWith('ant');
  const [joints, height] = isAnt ? [8, 0.75] : [17, 1.4];
  return Array.from({ length: count }, (_, index) => {
    const stream = randomStream(7, 'rollouts', name.split('-')[0]!, index);
    const noise = (most: number): number => most * index * (2 * stream.next() - 1);
    const start = [0, 0, height, 1, 0, 0, 0, ...Array<number>(joints).fill(0)];
    return {
      positions: start.map((value) => value + noise(0.05)),
      velocities: Array.from({ length: 6 + joints }, () => noise(0.1)),
      actions: Array.from({ length: steps }, () => low.map((least, at) => least + stream.next() * (high[at]! - least))),
    };
  });
}

/** Rolls an environment out; goes on behind an end. */
export async function rollOut(definition: EnvironmentDefinition, rollout: Rollout): Promise<RolledOut> {
  const environment = await definition.create();
  if (!(environment instanceof Walk)) throw new Error(`Expected ${definition.name} to be Ant or Humanoid`);
  const observation = new Float64Array(definition.observations);
  try {
    environment.begin(Float64Array.from(rollout.positions), Float64Array.from(rollout.velocities), observation);
    const steps = rollout.actions.map((action) => {
      const { reward, ended } = environment.step(Float64Array.from(action), observation);
      return { reward, ended, observation: [...observation] };
    });
    return {
      observations: steps.map((step) => step.observation),
      rewards: steps.map(({ reward }) => reward),
      ended: steps.map(({ ended }) => ended),
    };
  } finally {
    environment.dispose();
  }
}

/** Returns the largest difference, relative to 1 or to the value, whichever is larger. */
export function largestDifference(found: readonly number[], wanted: readonly number[]): number {
  if (found.length !== wanted.length) return Infinity;
  return found.reduce(
    (most, value, at) => Math.max(most, Math.abs(value - wanted[at]!) / Math.max(1, Math.abs(wanted[at]!))),
    0,
  );
}

/** What is recorded of a rollout: a number that depends on all numbers of an observation, instead of these. */
export interface Condensed {
  readonly fingerprints: readonly number[];
  readonly rewards: readonly number[];
  readonly ended: readonly boolean[];
}

export function condensed({ observations, rewards, ended }: RolledOut): Condensed {
  const fingerprints = observations.map((observation) =>
    observation.reduce((sum, value, at) => sum + value * Math.cos(at), 0),
  );
  return { fingerprints, rewards, ended };
}
