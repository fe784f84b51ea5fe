/**
 * The classic environments, against steps worked by hand from their equations.
 */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { cartPole } from '../../../../activities/tasks/environments/cart-pole.ts';
import type { Environment, EnvironmentDefinition } from '../../../../activities/tasks/environments/environment.ts';
import { pendulum } from '../../../../activities/tasks/environments/pendulum.ts';
import { randomStream } from '../../../../workflows/algorithm/random.ts';

async function from(definition: EnvironmentDefinition, state: readonly number[]): Promise<Environment> {
  const environment = await definition.create();
  environment.restore(Float64Array.from(state));
  return environment;
}

function step(environment: Environment, observation: Float64Array, action: number) {
  return environment.step(Float64Array.of(action), observation, () => randomStream(0, 'unused'));
}

function near(found: ArrayLike<number>, wanted: readonly number[]): void {
  assert.equal(found.length, wanted.length);
  wanted.forEach((value, index) =>
    assert.ok(Math.abs(found[index]! - value) < 1e-12, `[${index}]: expected ${value}, got ${found[index]}`),
  );
}

describe('the pendulum', () => {
  it('turns by gravity and torque, and costs what it did before the step', async () => {
    const observation = new Float64Array(3);
    const transition = step(await from(pendulum, [Math.PI / 2, 1]), observation, 2);
    // ω: 1 + 0.05·(15·1 + 3·2) = 2.05; θ: π/2 + 0.05·2.05.
    near(observation, [Math.cos(Math.PI / 2 + 0.1025), Math.sin(Math.PI / 2 + 0.1025), 2.05]);
    near([transition.reward], [-((Math.PI / 2) ** 2 + 0.1 + 0.004)]);
    assert.equal(transition.ended, false);
  });

  it('turns at 8 rad/s at most, and costs the same every whole turn', async () => {
    const observation = new Float64Array(3);
    step(await from(pendulum, [1, 7.9]), observation, 2);
    assert.equal(observation[2], 8);
    const rewards = await Promise.all(
      [0.5, 0.5 + 2 * Math.PI, 0.5 - 4 * Math.PI].map(
        async (angle) => step(await from(pendulum, [angle, 0]), observation, 0).reward,
      ),
    );
    for (const reward of rewards) near([reward], [-0.25]);
  });
});

describe('the cart-pole', () => {
  it('moves as the equations say', async () => {
    const observation = new Float64Array(4);
    const transition = step(await from(cartPole, [0, 1, 0.1, 2]), observation, 10);
    // Solves the two equations of motion, (M + m)·a + m·l·(ω̇·cos θ − ω²·sin θ) = F and
    // 4/3·l·ω̇ + a·cos θ = g·sin θ, for a and ω̇.
    const [sine, cosine, l, m, total] = [Math.sin(0.1), Math.cos(0.1), 0.5, 0.1, 1.1];
    const force = 10 + m * l * 4 * sine;
    const determinant = (total * 4 * l) / 3 - m * l * cosine ** 2;
    const acceleration = ((force * 4 * l) / 3 - m * l * cosine * 9.8 * sine) / determinant;
    const turning = (total * 9.8 * sine - force * cosine) / determinant;
    near(observation, [0.02, 1 + 0.02 * acceleration, 0.1 + 0.04, 2 + 0.02 * turning]);
    assert.deepEqual(transition, { reward: 1, ended: false });
  });

  it('ends beyond 2.4 m or 12°', async () => {
    const ends = async (state: readonly number[]) => step(await from(cartPole, state), new Float64Array(4), 0).ended;
    assert.equal(await ends([2.39, 1, 0, 0]), true);
    assert.equal(await ends([2.37, 1, 0, 0]), false);
    assert.equal(await ends([0, 0, -0.2, -1]), true);
    assert.equal(await ends([0, 0, -0.2, 0]), false);
  });
});

for (const definition of [pendulum, cartPole])
  describe(`${definition.name}, as any environment`, () => {
    it('goes on from a saved state, bit for bit', async () => {
      const observation = new Float64Array(definition.observations);
      const one = await definition.create();
      one.reset(randomStream(1, 'episode'), observation);
      for (let index = 0; index < 5; index++) step(one, observation, Math.sin(index));
      const state = new Float64Array(one.stateSize);
      one.save(state);
      const other = await from(definition, [...state]);
      const [first, second] = [observation.slice(), observation.slice()];
      for (let index = 0; index < 5; index++)
        assert.deepEqual(step(one, first, Math.cos(index)), step(other, second, Math.cos(index)));
      assert.deepEqual(first, second);
    });

    it('begins each episode as its stream says', async () => {
      const [one, other] = [new Float64Array(definition.observations), new Float64Array(definition.observations)];
      const environment = await definition.create();
      environment.reset(randomStream(1, 'episode', 0), one);
      environment.reset(randomStream(1, 'episode', 1), other);
      assert.notDeepEqual(one, other);
      environment.reset(randomStream(1, 'episode', 0), other);
      assert.deepEqual(one, other);
    });
  });
