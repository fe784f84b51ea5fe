/**
 * What an agent can learn in: an environment with continuous observations and actions. A user's own is one file.
 *
 * ```ts
 * export default defineEnvironment({
 *   name: 'my-environment',
 *   observations: 2,
 *   actions: { low: [-1], high: [1] },
 *   mostSteps: 200,
 *   create: () => new MyEnvironment(),
 * });
 * ```
 *
 * The same state and the same actions must give the same results, bit for bit. What `save` writes is all that survives
 * between two rounds.
 */
import type { RandomStream } from '../../../workflows/algorithm/random.ts';

export interface EnvironmentDefinition {
  /** For people. */
  readonly name: string;
  /** Numbers of an observation. */
  readonly observations: number;
  /** Bounds of the actions, one element for each number of an action. What an agent wants beyond them is clipped. */
  readonly actions: { readonly low: readonly number[]; readonly high: readonly number[] };
  /**
   * Steps after which an episode is cut off. It has not ended then: what would have followed is estimated, and not
   * taken for nothing.
   */
  readonly mostSteps: number;
  /** Names of the other numbers of a step that reports tell, averaged over episodes: `velocity`. Default: none. */
  readonly measurements?: readonly string[];
  /** Which numbers of an observation the report of a run plots over an episode, by name. Default: none. */
  readonly plotted?: Readonly<Record<string, number>>;
  /**
   * Whether an agent can blow up the simulation: if a reward or an observation is not finite, the agent has diverged.
   * Otherwise, and by default, that is an error of the environment. A step that ends the episode may show anything.
   */
  readonly mayDiverge?: boolean;
  /** Makes an environment, which the caller disposes of. It is reset, or restored, before its first step. */
  create(): Environment | Promise<Environment>;
}

/** What a step gives besides the observation. */
export interface Transition {
  readonly reward: number;
  /** Whether the episode has ended: nothing can follow. A time limit is no end. */
  readonly ended: boolean;
  /** As many as the definition has names; absent if it has none. */
  readonly measurements?: readonly number[];
}

/** One environment: it has one episode at a time. */
export interface Environment {
  /** Numbers that `save` writes, the same for all environments of a definition. */
  readonly stateSize: number;
  /** Begins an episode, at random by the stream alone; writes the first observation. */
  reset(stream: RandomStream, observation: Float64Array): void;
  /**
   * Does one step with an action within the bounds, and writes the next observation. `stream` makes a stream of this
   * step alone, for environments that are random in their steps too.
   */
  step(action: Float64Array, observation: Float64Array, stream: () => RandomStream): Transition;
  /** Writes the exact state: an environment that restores it goes on the same, bit for bit. */
  save(state: Float64Array): void;
  /** Takes over a state that `save` wrote. */
  restore(state: Float64Array): void;
  /** Frees what it holds. If it fails, the process warns of it. */
  dispose?(): void | Promise<void>;
}

/** Returns the definition, with its types inferred. */
export function defineEnvironment(definition: EnvironmentDefinition): EnvironmentDefinition {
  return definition;
}
