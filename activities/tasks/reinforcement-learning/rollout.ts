/**
 * The target policy acts in all environments for a number of steps.
 *
 * E: environments; T: steps; O: numbers of an observation; A: numbers of an action.
 */
import type { TensorProgram } from '../tensorflow/tensor-program.ts';
import type { Sizes } from './agent-variables.ts';
import type { Episode, VectorEnvironment } from '../environments/vector-environment.ts';
import type { Normaliser } from './normaliser.ts';
import type { Trajectories } from './returns.ts';

/** A batch; all arrays are [T, E, …], row by row. Rewards are not scaled. */
export interface Batch extends Trajectories {
  /** [T, E, O]: as the environments show them, and as the networks saw them. */
  readonly observations: Float64Array;
  readonly inputs: Float32Array;
  /** [T, E, A]: what the policy drew, not clipped; and its means. */
  readonly actions: Float32Array;
  readonly means: Float32Array;
  readonly episodes: readonly Episode[];
}

export class Rollout {
  readonly #vector: VectorEnvironment;
  readonly #program: TensorProgram;
  readonly #sizes: Sizes;
  readonly #steps: number;

  constructor(vector: VectorEnvironment, program: TensorProgram, sizes: Sizes, steps: number) {
    this.#vector = vector;
    this.#program = program;
    this.#sizes = sizes;
    this.#steps = steps;
  }

  /**
   * Acts, with a random key for each of the steps 0 … T − 1. Returns undefined if an action or a reward is not finite.
   */
  async run(normaliser: Normaliser, keyAt: (step: number) => readonly [number, number]): Promise<Batch | undefined> {
    const batch = this.#emptyBatch();
    const { count } = this.#vector;
    const { observations: width, actions: size } = this.#sizes;
    for (let step = 0; step < this.#steps; step++) {
      const first = step * count;
      const shown = this.#vector.observations.slice();
      const inputs = normaliser.normalise(shown);
      batch.observations.set(shown, first * width);
      batch.inputs.set(inputs, first * width);
      const acted = this.#program.run('act', { key: keyAt(step), inputs: { observations: inputs } });
      const actions = acted['actions'] as Float32Array;
      if (!actions.every(Number.isFinite)) return undefined;
      batch.actions.set(actions, first * size);
      batch.means.set(acted['means']!, first * size);
      batch.values.set(acted['values']!, first);
      if (step > 0) setNextValues(batch, first - count, acted['values']!);

      const { rewards, ended, cut, final, episodes } = await this.#vector.step(actions);
      if (!rewards.every(Number.isFinite)) return undefined;
      batch.rewards.set(rewards, first);
      batch.episodes.push(...episodes);
      for (let index = 0; index < count; index++) batch.last[first + index] = ended[index]! | cut[index]!;
      // Nothing follows an end; behind a time limit would have come what the critic expects.
      if (cut.includes(1)) {
        const values = this.#valuesOf(normaliser.normalise(final));
        cut.forEach((is, index) => is === 1 && (batch.nextValues[first + index] = values[index]!));
      }
    }
    const values = this.#valuesOf(normaliser.normalise(this.#vector.observations));
    setNextValues(batch, (this.#steps - 1) * count, values);
    return batch;
  }

  #valuesOf(observations: Float32Array): ArrayLike<number> {
    return this.#program.run('value', { inputs: { observations } })['values']!;
  }

  #emptyBatch() {
    const { count } = this.#vector;
    const samples = this.#steps * count;
    const { observations, actions } = this.#sizes;
    return {
      environments: count,
      observations: new Float64Array(samples * observations),
      inputs: new Float32Array(samples * observations),
      actions: new Float32Array(samples * actions),
      means: new Float32Array(samples * actions),
      rewards: new Float64Array(samples),
      values: new Float64Array(samples),
      nextValues: new Float64Array(samples),
      last: new Uint8Array(samples),
      episodes: [] as Episode[],
    };
  }
}

/** Sets the values behind the step that begins at `first`, unless an episode was over with it. */
function setNextValues({ nextValues, last }: Trajectories, first: number, values: ArrayLike<number>): void {
  for (let index = 0; index < values.length; index++)
    if (last[first + index] === 0) nextValues[first + index] = values[index]!;
}
