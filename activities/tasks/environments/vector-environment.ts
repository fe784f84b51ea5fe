/**
 * Several environments side by side: they take their actions together, and begin a new episode each when one is over.
 * They are stepped in as many threads as `useEnvironmentThreads` allows; results do not depend on it.
 *
 * E: environments; O: numbers of an observation; A: numbers of an action.
 */
import type { State } from '../task.ts';
import { readNumbers, savedNumbers } from './saved-numbers.ts';
import type { EnvironmentDefinition } from './environment.ts';
import {
  createEnvironments,
  episodeColumns,
  EnvironmentSlice,
  type EnvironmentArrays,
  type SliceCommand,
} from './environment-slice.ts';
import { openInThread, threadsFor, type ThreadSlice } from './environment-threads.ts';
import type { EnvironmentChoice } from './shipped.ts';

/** An episode that is over. */
export interface Episode {
  /** Sum of all rewards. */
  readonly return: number;
  readonly steps: number;
  /** Means over its steps, as the environment's definition names them. */
  readonly measurements: readonly number[];
}

/** What one step of all environments gave. The arrays are overwritten by the next step. */
export interface Steps extends Pick<EnvironmentArrays, 'rewards' | 'ended' | 'cut' | 'final'> {
  /** Episodes that are over, in the order of the environments. */
  readonly episodes: readonly Episode[];
}

export interface VectorPlan {
  /** E. */
  readonly count: number;
  readonly seed: number;
  /** Begins the names of all streams. */
  readonly name: readonly string[];
  /**
   * Whether first episodes are cut off early, each after another number of steps, and not told. Otherwise environments
   * whose episodes all last equally long are at the same step of theirs forever. Default: false.
   */
  readonly staggered?: boolean;
  /** What other threads load; default: all environments are stepped in this thread. */
  readonly choice?: EnvironmentChoice;
}

export class VectorEnvironment {
  readonly count: number;
  readonly #definition: EnvironmentDefinition;
  readonly #arrays: EnvironmentArrays;
  /** Those that are stepped in this thread. */
  readonly #own: EnvironmentSlice;
  readonly #others: readonly ThreadSlice[];

  /** Makes environments. They must be reset or restored first. */
  static async create(definition: EnvironmentDefinition, plan: VectorPlan): Promise<VectorEnvironment> {
    const { count, choice } = plan;
    const threads = choice === undefined ? 1 : threadsFor(count);
    const firstOf = (thread: number): number => Math.floor((thread * count) / threads);
    const [first, ...rest] = Array.from({ length: threads }, (_, thread) => ({
      ...plan,
      first: firstOf(thread),
      count: firstOf(thread + 1) - firstOf(thread),
    }));
    const environments = await createEnvironments(definition, first!.count);
    const arrays = arraysOf(definition, count, environments[0]!.stateSize, threads > 1);
    const own = new EnvironmentSlice(definition, first!, environments, arrays);
    const opened = await Promise.allSettled(
      rest.map((slice, index) => openInThread(index + 1, choice!, slice, arrays)),
    );
    const others = opened.flatMap((outcome) => (outcome.status === 'fulfilled' ? [outcome.value] : []));
    const vector = new VectorEnvironment(definition, arrays, own, others);
    if (others.length < rest.length) await vector.dispose();
    throwFirst(opened);
    return vector;
  }

  private constructor(
    definition: EnvironmentDefinition,
    arrays: EnvironmentArrays,
    own: EnvironmentSlice,
    others: readonly ThreadSlice[],
  ) {
    this.count = arrays.rewards.length;
    this.#definition = definition;
    this.#arrays = arrays;
    this.#own = own;
    this.#others = others;
  }

  /** [E, O]: what the environments show now. */
  get observations(): Float64Array {
    return this.#arrays.observations;
  }

  /** Returns of the running episodes so far. */
  get runningReturns(): number[] {
    return Array.from({ length: this.count }, (_, index) => this.#arrays.running[index * this.#columns + 2]!);
  }

  /** Begins first episodes everywhere. */
  async reset(): Promise<void> {
    await this.#carryOut('reset');
  }

  /**
   * Does one step everywhere. Actions are [E, A], finite, in units in which −1 and 1 are the bounds of the environment,
   * and are clipped to these.
   *
   * @throws Error naming the environment, the rule and what was found, if one gives what it may not
   */
  async step(actions: Float32Array): Promise<Steps> {
    this.#arrays.actions.set(actions);
    await this.#carryOut('step');
    const { rewards, ended, cut, final, over } = this.#arrays;
    const episodes: Episode[] = [];
    for (let index = 0; index < this.count; index++)
      if (ended[index] === 1 || (cut[index] === 1 && over[index * this.#columns + 1]! >= this.#definition.mostSteps))
        episodes.push(episodeOf(over.subarray(index * this.#columns, (index + 1) * this.#columns)));
    return { rewards, ended, cut, final, episodes };
  }

  /** Returns the exact state of everything, as tensors of a checkpoint. */
  async save(): Promise<State> {
    await this.#carryOut('save');
    const { states, observations, running } = this.#arrays;
    return new Map([
      ['environments/states', savedNumbers(states, this.#shapeOf(states))],
      ['environments/observations', savedNumbers(observations, this.#shapeOf(observations))],
      ['environments/episodes', savedNumbers(running, this.#shapeOf(running))],
    ]);
  }

  /**
   * Takes over what `save` returned.
   *
   * @throws Error if a tensor is missing or of another shape
   */
  async restore(state: State): Promise<void> {
    const { states, observations, running } = this.#arrays;
    for (const [name, array] of [
      ['environments/states', states],
      ['environments/observations', observations],
      ['environments/episodes', running],
    ] as const)
      array.set(readNumbers(state, name, this.#shapeOf(array)));
    await this.#carryOut('restore');
  }

  /** Frees the environments; those of a thread that has ended are gone. Never throws. */
  async dispose(): Promise<void> {
    await Promise.allSettled([this.#own, ...this.#others].map((slice) => slice.dispose()));
  }

  /** Resolves when all threads are done, even if one has failed. */
  async #carryOut(command: SliceCommand): Promise<void> {
    const others = this.#others.map((slice) => slice.carryOut(command));
    const own = new Promise<void>((resolve) => resolve(this.#own.carryOut(command)));
    throwFirst(await Promise.allSettled([own, ...others]));
  }

  get #columns(): number {
    return episodeColumns(this.#definition);
  }

  #shapeOf(array: Float64Array): readonly [number, number] {
    return [this.count, array.length / this.count];
  }
}

function throwFirst(outcomes: readonly PromiseSettledResult<unknown>[]): void {
  for (const outcome of outcomes) if (outcome.status === 'rejected') throw outcome.reason;
}

function arraysOf(
  definition: EnvironmentDefinition,
  count: number,
  stateSize: number,
  isShared: boolean,
): EnvironmentArrays {
  const bytes = (size: number): ArrayBufferLike => (isShared ? new SharedArrayBuffer(size) : new ArrayBuffer(size));
  const doubles = (width: number): Float64Array => new Float64Array(bytes(8 * count * width));
  const { observations, actions } = definition;
  return {
    actions: new Float32Array(bytes(4 * count * actions.low.length)),
    rewards: doubles(1),
    ended: new Uint8Array(bytes(count)),
    cut: new Uint8Array(bytes(count)),
    final: doubles(observations),
    observations: doubles(observations),
    running: doubles(episodeColumns(definition)),
    over: doubles(episodeColumns(definition)),
    states: doubles(stateSize),
  };
}

function episodeOf(row: Float64Array): Episode {
  const [, steps = 0, sum = 0, ...sums] = row;
  return { return: sum, steps, measurements: sums.map((value) => value / steps) };
}
