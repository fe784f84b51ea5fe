/**
 * A pole on a cart that is pushed left and right: the equations of Barto, Sutton and Anderson (IEEE SMC-13, 1983),
 * without friction, with a force of any size up to theirs instead of one of two.
 *
 * x, v: position and velocity of the cart, m and m/s; θ, ω: angle of the pole from upright and its rate, rad and rad/s.
 */
import type { RandomStream } from '../../../workflows/algorithm/random.ts';
import { defineEnvironment, type Environment, type Transition } from './environment.ts';

const GRAVITY = 9.8;
const CART_KG = 1;
const POLE_KG = 0.1;
const HALF_LENGTH_M = 0.5;
const MOST_FORCE = 10;
const STEP_S = 0.02;
const MOST_POSITION = 2.4;
const MOST_ANGLE = (12 / 180) * Math.PI;

/** An episode earns 1 a step, 500 at most. */
export const cartPole = defineEnvironment({
  name: 'cart-pole',
  observations: 4,
  actions: { low: [-MOST_FORCE], high: [MOST_FORCE] },
  mostSteps: 500,
  plotted: { position: 0, velocity: 1, angle: 2, 'angular rate': 3 },
  create: () => new CartPole(),
});

class CartPole implements Environment {
  readonly stateSize = 4;
  /** x, v, θ, ω. */
  readonly #state = new Float64Array(4);

  /** All four uniform in −0.05 … 0.05. */
  reset(stream: RandomStream, observation: Float64Array): void {
    for (let index = 0; index < this.#state.length; index++) this.#state[index] = 0.1 * stream.next() - 0.05;
    observation.set(this.#state);
  }

  /** Earns 1. Ends if the cart is farther than 2.4 m from the middle, or the pole leans by more than 12°. */
  step([force = 0]: Float64Array, observation: Float64Array): Transition {
    const [x = 0, v = 0, angle = 0, rate = 0] = this.#state;
    const [sine, cosine, mass] = [Math.sin(angle), Math.cos(angle), CART_KG + POLE_KG];
    const push = (force + POLE_KG * HALF_LENGTH_M * rate ** 2 * sine) / mass;
    const turning = (GRAVITY * sine - cosine * push) / (HALF_LENGTH_M * (4 / 3 - (POLE_KG * cosine ** 2) / mass));
    const acceleration = push - (POLE_KG * HALF_LENGTH_M * turning * cosine) / mass;
    this.#state.set([x + STEP_S * v, v + STEP_S * acceleration, angle + STEP_S * rate, rate + STEP_S * turning]);
    observation.set(this.#state);
    const ended = Math.abs(this.#state[0]!) > MOST_POSITION || Math.abs(this.#state[2]!) > MOST_ANGLE;
    return { reward: 1, ended };
  }

  save(state: Float64Array): void {
    state.set(this.#state);
  }

  restore(state: Float64Array): void {
    this.#state.set(state);
  }
}
