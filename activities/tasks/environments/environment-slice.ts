/**
 * Some of the environments that stand side by side, all of them stepped in one thread. Slices share the arrays of all
 * environments, and each reads and writes the rows of its own.
 *
 * Episode e of environment k draws from streams of its own, so nothing depends on which slice an environment is in.
 *
 * E: environments of all slices; O: numbers of an observation; A: of an action; S: of a state; C: of an episode.
 */
import { randomStream, type RandomStream } from '../../../workflows/algorithm/random.ts';
import { messageWithLine } from '../author-line.ts';
import { disposeOf } from '../disposal.ts';
import type { Environment, EnvironmentDefinition, Transition } from './environment.ts';
import {
  allFinite,
  requireEnvironment,
  requireNow,
  requireObservation,
  requireTransition,
  saveState,
} from './environment-rules.ts';

/** Columns of an episode before its measurements: its number, its steps, its return. */
const COLUMNS = 3;

/** What all environments read and write. They may be in shared memory. */
export interface EnvironmentArrays {
  /** [E, A]: −1 and 1 are the bounds of the environment, which clip them. */
  readonly actions: Float32Array;
  /** [E]: NaN if an environment that may diverge has diverged. */
  readonly rewards: Float64Array;
  /** [E]: 1 if the episode ended with the newest step. */
  readonly ended: Uint8Array;
  /** [E]: 1 if the time limit cut the episode off. */
  readonly cut: Uint8Array;
  /** [E, O]: after the newest step, before a new episode began. */
  readonly final: Float64Array;
  /** [E, O]: what the environments show now. */
  readonly observations: Float64Array;
  /** [E, C]: number of the running episode, its steps, its return, sums of its measurements. */
  readonly running: Float64Array;
  /** [E, C]: the same of the episodes that were over with the newest step. */
  readonly over: Float64Array;
  /** [E, S]: what `save` writes, and `restore` reads. */
  readonly states: Float64Array;
}

/** What slices do. */
export type SliceCommand = 'reset' | 'step' | 'save' | 'restore';

/** Which environments are in a slice, and what they draw from. */
export interface SlicePlan {
  /** Number of its first environment. */
  readonly first: number;
  readonly count: number;
  readonly seed: number;
  /** Begins the names of all streams. */
  readonly name: readonly string[];
  readonly staggered?: boolean | undefined;
}

/** Returns C. */
export function episodeColumns({ measurements = [] }: EnvironmentDefinition): number {
  return COLUMNS + measurements.length;
}

/**
 * Makes so many environments, whose states have this size; default: any, the same for all.
 *
 * @throws Error if one cannot be made or used; the others are disposed of
 */
export async function createEnvironments(
  definition: EnvironmentDefinition,
  count: number,
  stateSize?: number,
): Promise<Environment[]> {
  const environments: Environment[] = [];
  try {
    for (let number = 1; number <= count; number++) {
      const environment = await create(definition, `${number} of ${count}`);
      environments.push(environment);
      requireEnvironment(definition, environment, stateSize ?? environments[0]?.stateSize);
    }
    return environments;
  } catch (error) {
    await disposeOf(`an environment \`${definition.name}\``, environments);
    throw error;
  }
}

async function create(definition: EnvironmentDefinition, which: string): Promise<Environment> {
  try {
    return await definition.create();
  } catch (error) {
    throw new Error(
      `Cannot make environment ${which} \`${definition.name}\` in a thread: ${messageWithLine(error)}; ` +
        'if memory is short: fewer `environments`, or more `--environment-threads`',
      { cause: error },
    );
  }
}

export class EnvironmentSlice {
  readonly #definition: EnvironmentDefinition;
  readonly #plan: SlicePlan;
  readonly #environments: readonly Environment[];
  readonly #arrays: EnvironmentArrays;
  readonly #action: Float64Array;

  constructor(
    definition: EnvironmentDefinition,
    plan: SlicePlan,
    environments: readonly Environment[],
    arrays: EnvironmentArrays,
  ) {
    this.#definition = definition;
    this.#plan = plan;
    this.#environments = environments;
    this.#arrays = arrays;
    this.#action = new Float64Array(definition.actions.low.length);
  }

  carryOut(command: SliceCommand): void {
    this.#environments.forEach((environment, index) => this.#carryOut(command, environment, this.#plan.first + index));
  }

  /** Frees the environments. Never throws. */
  dispose(): Promise<void> {
    return disposeOf(`an environment \`${this.#definition.name}\``, this.#environments);
  }

  #carryOut(command: SliceCommand, environment: Environment, index: number): void {
    const { states, running } = this.#arrays;
    switch (command) {
      case 'reset':
        this.#row(running, index).fill(0);
        return this.#begin(environment, index, 0);
      case 'step':
        return this.#step(environment, index);
      case 'save':
        return this.#done(command, saveState(this.#definition, environment, this.#row(states, index).fill(0)));
      case 'restore':
        return this.#done(command, environment.restore(this.#row(states, index).slice()));
      default:
        command satisfies never;
    }
  }

  #begin(environment: Environment, index: number, episode: number): void {
    const observation = this.#row(this.#arrays.observations, index).fill(NaN);
    this.#done('reset', environment.reset(this.#stream('episode', index, episode), observation));
    requireObservation(this.#definition, 'reset', observation);
  }

  #done(method: 'reset' | 'save' | 'restore', returned: unknown): void {
    requireNow(this.#definition, method, returned);
  }

  #step(environment: Environment, index: number): void {
    const { rewards, ended, cut, final, observations, over } = this.#arrays;
    const running = this.#row(this.#arrays.running, index);
    const [episode = 0, step = 0] = running;
    const observation = this.#row(final, index).fill(NaN);
    const transition = environment.step(this.#actionOf(index), observation, () =>
      this.#stream('step', index, episode, step),
    );
    const reward = this.#rewardOf(transition, observation);
    rewards[index] = reward;
    running[1]! += 1;
    running[2]! += reward;
    transition.measurements?.forEach((value, which) => (running[COLUMNS + which]! += value));
    ended[index] = Number(transition.ended);
    cut[index] = Number(!transition.ended && running[1]! >= this.#limitOf(index, episode));
    if (ended[index] === 0 && cut[index] === 0) return this.#row(observations, index).set(observation);
    this.#row(over, index).set(running);
    running.fill(0);
    running[0] = episode + 1;
    this.#begin(environment, index, episode + 1);
  }

  /**
   * Returns the reward: NaN if the environment, which may diverge, has diverged. Nobody looks at the observation of a
   * step that ends the episode.
   */
  #rewardOf(transition: Transition, observation: Float64Array): number {
    requireTransition(this.#definition, transition);
    const { reward, ended } = transition;
    if (ended || allFinite(observation)) return reward;
    if (!this.#definition.mayDiverge) requireObservation(this.#definition, 'step', observation);
    return NaN;
  }

  /** Returns the steps after which an episode is cut off. */
  #limitOf(index: number, episode: number): number {
    const { mostSteps } = this.#definition;
    if (episode > 0 || !this.#plan.staggered) return mostSteps;
    return Math.ceil(((index + 1) * mostSteps) / this.#arrays.rewards.length);
  }

  #stream(...name: readonly (string | number)[]): RandomStream {
    return randomStream(this.#plan.seed, ...this.#plan.name, ...name);
  }

  /** Returns the row of an environment. */
  #row(all: Float64Array, index: number): Float64Array {
    const width = all.length / this.#arrays.rewards.length;
    return all.subarray(index * width, (index + 1) * width);
  }

  #actionOf(index: number): Float64Array {
    const { low, high } = this.#definition.actions;
    const first = index * low.length;
    for (let at = 0; at < low.length; at++) {
      const clipped = Math.max(-1, Math.min(1, this.#arrays.actions[first + at]!));
      this.#action[at] = low[at]! + ((clipped + 1) / 2) * (high[at]! - low[at]!);
    }
    return this.#action;
  }
}
