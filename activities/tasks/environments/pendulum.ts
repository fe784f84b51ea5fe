/**
 * The pendulum that is swung up by a motor too weak to lift it at once: the equation of motion of a rod that turns
 * about its end, with the constants and the cost that are usual for it.
 *
 * θ: angle from upright, rad; ω: its rate, rad/s; u: torque, N·m. A rod of mass m and length l has the moment of
 * inertia m·l²/3 about its end, and gravity turns it by m·g·l/2·sin θ, so ω̇ = 3g/(2l)·sin θ + 3/(m·l²)·u.
 */
import type { RandomStream } from '../../../workflows/algorithm/random.ts';
import { defineEnvironment, type Environment, type Transition } from './environment.ts';

const GRAVITY = 10;
const MASS_KG = 1;
const LENGTH_M = 1;
const STEP_S = 0.05;
const MOST_TORQUE = 2;
const MOST_RATE = 8;

/** An episode of 200 steps costs about 150 if the pendulum is swung up well, and above 1000 if it is not. */
export const pendulum = defineEnvironment({
  name: 'pendulum',
  observations: 3,
  actions: { low: [-MOST_TORQUE], high: [MOST_TORQUE] },
  mostSteps: 200,
  plotted: { cosine: 0, sine: 1, rate: 2 },
  create: () => new Pendulum(),
});

class Pendulum implements Environment {
  readonly stateSize = 2;
  #angle = 0;
  #rate = 0;

  /** Any angle, and a rate of −1 to 1. */
  reset(stream: RandomStream, observation: Float64Array): void {
    this.#angle = Math.PI * (2 * stream.next() - 1);
    this.#rate = 2 * stream.next() - 1;
    this.#observe(observation);
  }

  /** Costs θ² + 0.1·ω² + 0.001·u² by the state before the step, with θ in −π … π. Never ends. */
  step([torque = 0]: Float64Array, observation: Float64Array): Transition {
    const angle = wrapped(this.#angle);
    const cost = angle ** 2 + 0.1 * this.#rate ** 2 + 0.001 * torque ** 2;
    const acceleration =
      ((3 * GRAVITY) / (2 * LENGTH_M)) * Math.sin(this.#angle) + (3 / (MASS_KG * LENGTH_M ** 2)) * torque;
    this.#rate = Math.max(-MOST_RATE, Math.min(MOST_RATE, this.#rate + STEP_S * acceleration));
    this.#angle += STEP_S * this.#rate;
    this.#observe(observation);
    return { reward: -cost, ended: false };
  }

  save(state: Float64Array): void {
    state.set([this.#angle, this.#rate]);
  }

  restore([angle = NaN, rate = NaN]: Float64Array): void {
    this.#angle = angle;
    this.#rate = rate;
  }

  #observe(observation: Float64Array): void {
    observation.set([Math.cos(this.#angle), Math.sin(this.#angle), this.#rate]);
  }
}

/** Returns the same angle in −π … π. */
function wrapped(angle: number): number {
  return angle - 2 * Math.PI * Math.floor((angle + Math.PI) / (2 * Math.PI));
}
