/**
 * Episodes by the policy's mean action, the same ones for all workers of a seed.
 */
import type { TensorProgram } from '../tensorflow/tensor-program.ts';
import { meansOf, type EpisodeMeans } from './episode-log.ts';
import type { EnvironmentDefinition } from '../environments/environment.ts';
import { VectorEnvironment, type Episode, type VectorPlan } from '../environments/vector-environment.ts';
import type { Normaliser } from './normaliser.ts';

/** One step of an episode. */
export interface RecordedStep {
  readonly observation: readonly number[];
  /** As the policy wants it: 1 and −1 are the bounds, which clip it. */
  readonly action: readonly number[];
  readonly reward: number;
}

export interface Evaluation {
  readonly means: EpisodeMeans;
  /** The episode of the first environment. */
  readonly recorded: readonly RecordedStep[];
}

/**
 * Runs episodes side by side to their ends, as many as the plan has environments. Returns undefined if an action is not
 * finite.
 */
export async function evaluate(
  program: TensorProgram,
  normaliser: Normaliser,
  definition: EnvironmentDefinition,
  plan: VectorPlan,
): Promise<Evaluation | undefined> {
  const vector = await VectorEnvironment.create(definition, plan);
  const { count } = vector;
  try {
    await vector.reset();
    const episodes: (Episode | undefined)[] = Array<undefined>(count).fill(undefined);
    const recorded: RecordedStep[] = [];
    while (episodes.includes(undefined)) {
      const observation = [...vector.observations.subarray(0, definition.observations)];
      const inputs = { observations: normaliser.normalise(vector.observations) };
      const actions = program.run('answer', { inputs })['means'] as Float32Array;
      if (!actions.every(Number.isFinite)) return undefined;
      const { rewards, ended, cut, episodes: over } = await vector.step(actions);
      if (episodes[0] === undefined)
        recorded.push({
          observation,
          action: [...actions.subarray(0, definition.actions.low.length)],
          reward: rewards[0]!,
        });
      const finished = over.values();
      for (let index = 0; index < count; index++) {
        if (ended[index] === 0 && cut[index] === 0) continue;
        const episode = finished.next().value;
        episodes[index] ??= episode;
      }
    }
    return { means: meansOf(episodes.map((episode) => episode!))!, recorded };
  } finally {
    await vector.dispose();
  }
}
