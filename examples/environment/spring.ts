import { defineEnvironment, type Environment, type RandomStream } from 'fire-pbt';

/** A mass on a spring, which a force shall bring to rest: x in metres, v in metres per second. */
class Spring implements Environment {
  readonly stateSize = 2;
  #x = 0;
  #v = 0;

  reset(stream: RandomStream, observation: Float64Array): void {
    [this.#x, this.#v] = [2 * stream.next() - 1, 0];
    observation.set([this.#x, this.#v]);
  }

  step([force = 0]: Float64Array, observation: Float64Array) {
    this.#v += 0.1 * (force - this.#x);
    this.#x += 0.1 * this.#v;
    observation.set([this.#x, this.#v]);
    return { reward: -(this.#x ** 2) - 0.1 * this.#v ** 2, ended: false, measurements: [Math.abs(this.#x)] };
  }

  save(state: Float64Array): void {
    state.set([this.#x, this.#v]);
  }

  restore([x = 0, v = 0]: Float64Array): void {
    [this.#x, this.#v] = [x, v];
  }
}

export default defineEnvironment({
  name: 'spring',
  observations: 2,
  actions: { low: [-1], high: [1] },
  mostSteps: 100,
  measurements: ['distance'],
  create: () => new Spring(),
});
