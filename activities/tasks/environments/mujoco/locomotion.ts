/**
 * What Ant and Humanoid have in common: a body that walks along x, in steps of several steps of the simulation.
 */
import type { RandomStream } from '../../../../workflows/algorithm/random.ts';
import { defineEnvironment, type Environment, type EnvironmentDefinition, type Transition } from '../environment.ts';
import { Simulation } from './simulation.ts';
import type { Data, Model } from './library.ts';

/** Steps of the simulation in a step of the environment. */
const FRAMES = 5;
/** Steps of an episode. */
const MOST_STEPS = 1000;

/** What tells one walker from another. */
export interface Walker {
  readonly name: string;
  readonly mjcf: string;
  /** Positions before noise; velocities are 0. */
  readonly start: readonly number[];
  readonly observations: number;
  /** Numbers of the observation by name: the height, and angles of joints. */
  readonly plotted: Readonly<Record<string, number>>;
  /** Bounds of each control: −most … most. */
  readonly mostControl: number;
  readonly controls: number;
  /** Half the width of the uniform noise of the positions at the start. */
  readonly positionNoise: number;
  /** Draws the noise of one velocity at the start. */
  readonly velocityNoise: (stream: RandomStream) => number;
  /** Where the walker is along x, of which the velocity is computed. */
  readonly place: (data: Data, model: Model) => number;
  /** Writes the observation. */
  readonly observe: (data: Data, observation: Float64Array) => void;
  /** Returns reward and end of a step, whose velocity along x is in m/s. */
  readonly judge: (data: Data, velocity: number, action: Float64Array) => Omit<Transition, 'measurements'>;
}

/** Returns the environment of a walker. Episodes are measured by their velocity along x, m/s. */
export function locomotion(walker: Walker): EnvironmentDefinition {
  const { name, observations, plotted, controls, mostControl } = walker;
  return defineEnvironment({
    name,
    observations,
    actions: {
      low: Array<number>(controls).fill(-mostControl),
      high: Array<number>(controls).fill(mostControl),
    },
    mostSteps: MOST_STEPS,
    measurements: ['velocity'],
    plotted,
    mayDiverge: true,
    create: async () => new Walk(walker, await Simulation.create(walker.mjcf)),
  });
}

/** The environment of a walker. */
export class Walk implements Environment {
  readonly #walker: Walker;
  readonly #simulation: Simulation;
  /** Where the walker was after the last step: not a function of positions, as MuJoCo computes places before a step. */
  #place = 0;

  constructor(walker: Walker, simulation: Simulation) {
    this.#walker = walker;
    this.#simulation = simulation;
  }

  get stateSize(): number {
    return this.#simulation.stateSize + 1;
  }

  reset(stream: RandomStream, observation: Float64Array): void {
    const { start, positionNoise, velocityNoise } = this.#walker;
    const { model } = this.#simulation;
    const positions = Float64Array.from(start, (value) => value + positionNoise * (2 * stream.next() - 1));
    this.begin(
      positions,
      Float64Array.from({ length: model.nv }, () => velocityNoise(stream)),
      observation,
    );
  }

  /** Begins at these positions and velocities. */
  begin(positions: Float64Array, velocities: Float64Array, observation: Float64Array): void {
    const { data, model } = this.#simulation;
    this.#simulation.reset(positions, velocities);
    this.#place = this.#walker.place(data, model);
    this.#walker.observe(data, observation);
  }

  step(action: Float64Array, observation: Float64Array): Transition {
    const { data, model } = this.#simulation;
    this.#simulation.advance(action, FRAMES);
    const place = this.#walker.place(data, model);
    const velocity = (place - this.#place) / (FRAMES * model.opt.timestep);
    this.#place = place;
    this.#walker.observe(data, observation);
    return { ...this.#walker.judge(data, velocity, action), measurements: [velocity] };
  }

  save(state: Float64Array): void {
    this.#simulation.save(state.subarray(0, this.#simulation.stateSize));
    state[this.#simulation.stateSize] = this.#place;
  }

  restore(state: Float64Array): void {
    this.#simulation.restore(state.slice(0, this.#simulation.stateSize));
    this.#place = state[this.#simulation.stateSize]!;
  }

  dispose(): void {
    this.#simulation.dispose();
  }
}

/** Returns the centre of all masses along x. */
export function centreOfMass({ xipos }: Data, { body_mass: masses }: Model): number {
  let [moment, mass] = [0, 0];
  masses.forEach((own, body) => {
    moment += own * xipos[3 * body]!;
    mass += own;
  });
  return moment / mass;
}

/** Returns the sum of squares. */
export function sumOfSquares(values: Float64Array): number {
  let sum = 0;
  for (const value of values) sum += value * value;
  return sum;
}

/** Returns the values, not beyond −1 and 1. */
export function clipped(values: Float64Array): Float64Array {
  return values.map((value) => Math.max(-1, Math.min(1, value)));
}

/** Writes arrays one after the other. */
export function concatenate(into: Float64Array, ...parts: readonly Float64Array[]): void {
  let at = 0;
  for (const part of parts) {
    into.set(part, at);
    at += part.length;
  }
}
