/**
 * Several environments side by side: they take their actions together, and begin a new episode each when one is over.
 *
 * Episode e of environment k draws from streams of its own, so nothing depends on the order in which environments are
 * stepped, nor on time. E: environments; O: numbers of an observation; A: numbers of an action.
 */
import { randomStream, type RandomStream } from '../../../workflows/algorithm/random.ts';
import type { State } from '../task.ts';
import { readNumbers, savedNumbers } from './saved-numbers.ts';
import type { Environment, EnvironmentDefinition } from './environment.ts';

/** An episode that is over. */
export interface Episode {
  /** Sum of all rewards. */
  readonly return: number;
  readonly steps: number;
  /** Means over its steps, as the environment's definition names them. */
  readonly measurements: readonly number[];
}

/** What one step of all environments gave. */
export interface Steps {
  /** [E]. */
  readonly rewards: Float64Array;
  /** [E]: 1 if the episode ended. */
  readonly ended: Uint8Array;
  /** [E]: 1 if the time limit cut the episode off. */
  readonly cut: Uint8Array;
  /** [E, O]: after the step, before a new episode began. */
  readonly final: Float64Array;
  /** Episodes that are over, in the order of the environments. */
  readonly episodes: readonly Episode[];
}

/** Columns of the running episodes before their measurements: number, steps, return. */
const COLUMNS = 3;

export class VectorEnvironment {
  readonly count: number;
  /** [E, O]: what the environments show now. */
  readonly observations: Float64Array;
  readonly #definition: EnvironmentDefinition;
  readonly #environments: readonly Environment[];
  readonly #stream: (...name: readonly (string | number)[]) => RandomStream;
  /** [E, 3 + measurements]: number of the running episode, its steps, its return, sums of its measurements. */
  readonly #running: Float64Array;
  readonly #action: Float64Array;

  /** Makes environments whose streams are named by the purpose and by `name`. They must be reset or restored first. */
  static async create(
    definition: EnvironmentDefinition,
    count: number,
    seed: number,
    ...name: readonly string[]
  ): Promise<VectorEnvironment> {
    const environments: Environment[] = [];
    for (let index = 0; index < count; index++) environments.push(await definition.create());
    return new VectorEnvironment(definition, environments, (...rest) => randomStream(seed, ...name, ...rest));
  }

  private constructor(
    definition: EnvironmentDefinition,
    environments: readonly Environment[],
    stream: (...name: readonly (string | number)[]) => RandomStream,
  ) {
    this.count = environments.length;
    this.#definition = definition;
    this.#environments = environments;
    this.#stream = stream;
    this.observations = new Float64Array(this.count * definition.observations);
    this.#running = new Float64Array(this.count * this.#columns);
    this.#action = new Float64Array(definition.actions.low.length);
  }

  /** Returns of the running episodes so far. */
  get runningReturns(): number[] {
    return this.#environments.map((_, index) => this.#running[index * this.#columns + 2]!);
  }

  /** Begins first episodes everywhere. */
  reset(): void {
    this.#running.fill(0);
    this.#environments.forEach((environment, index) => {
      environment.reset(this.#stream('episode', index, 0), this.#observation(this.observations, index));
    });
  }

  /**
   * Does one step everywhere. Actions are [E, A] in units in which −1 and 1 are the bounds of the environment, and are
   * clipped to these.
   */
  step(actions: Float32Array): Steps {
    const final = new Float64Array(this.observations.length);
    const rewards = new Float64Array(this.count);
    const [ended, cut] = [new Uint8Array(this.count), new Uint8Array(this.count)];
    const episodes: Episode[] = [];
    this.#environments.forEach((environment, index) => {
      const running = this.#running.subarray(index * this.#columns, (index + 1) * this.#columns);
      const [episode = 0, step = 0] = running;
      const observation = this.#observation(final, index);
      const transition = environment.step(this.#actionOf(actions, index), observation, () =>
        this.#stream('step', index, episode, step),
      );
      rewards[index] = transition.reward;
      running[1]! += 1;
      running[2]! += transition.reward;
      transition.measurements?.forEach((value, which) => (running[COLUMNS + which]! += value));
      ended[index] = Number(transition.ended);
      cut[index] = Number(!transition.ended && running[1]! >= this.#definition.mostSteps);
      const shown = this.#observation(this.observations, index);
      if (ended[index] === 0 && cut[index] === 0) return shown.set(observation);
      episodes.push(episodeOf(running));
      running.fill(0);
      running[0] = episode + 1;
      environment.reset(this.#stream('episode', index, episode + 1), shown);
    });
    return { rewards, ended, cut, final, episodes };
  }

  /** Returns the exact state of everything, as tensors of a checkpoint. */
  save(): State {
    const states = this.#environments.flatMap((environment) => {
      const state = new Float64Array(environment.stateSize);
      environment.save(state);
      return [...state];
    });
    return new Map([
      ['environments/states', savedNumbers(states, this.#stateShape)],
      ['environments/observations', savedNumbers(this.observations, [this.count, this.#definition.observations])],
      ['environments/episodes', savedNumbers(this.#running, [this.count, this.#columns])],
    ]);
  }

  /**
   * Takes over what `save` returned.
   *
   * @throws Error if a tensor is missing or of another shape
   */
  restore(state: State): void {
    const [, size] = this.#stateShape;
    const states = readNumbers(state, 'environments/states', this.#stateShape);
    this.#environments.forEach((environment, index) => {
      environment.restore(states.slice(index * size, (index + 1) * size));
    });
    const { observations } = this.#definition;
    this.observations.set(readNumbers(state, 'environments/observations', [this.count, observations]));
    this.#running.set(readNumbers(state, 'environments/episodes', [this.count, this.#columns]));
  }

  dispose(): void {
    for (const environment of this.#environments) environment.dispose?.();
  }

  get #columns(): number {
    return COLUMNS + (this.#definition.measurements?.length ?? 0);
  }

  get #stateShape(): readonly [number, number] {
    return [this.count, this.#environments[0]!.stateSize];
  }

  #observation(all: Float64Array, index: number): Float64Array {
    const { observations } = this.#definition;
    return all.subarray(index * observations, (index + 1) * observations);
  }

  #actionOf(actions: Float32Array, index: number): Float64Array {
    const { low, high } = this.#definition.actions;
    const first = index * low.length;
    for (let at = 0; at < low.length; at++) {
      const clipped = Math.max(-1, Math.min(1, actions[first + at]!));
      this.#action[at] = low[at]! + ((clipped + 1) / 2) * (high[at]! - low[at]!);
    }
    return this.#action;
  }
}

function episodeOf(running: Float64Array): Episode {
  const [, steps = 0, sum = 0, ...sums] = running;
  return { return: sum, steps, measurements: sums.map((value) => value / steps) };
}
