import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  defineEnvironment,
  type Environment,
  type EnvironmentDefinition,
} from '../../../../activities/tasks/environments/environment.ts';
import { pendulum } from '../../../../activities/tasks/environments/pendulum.ts';
import { VectorEnvironment } from '../../../../activities/tasks/environments/vector-environment.ts';

/** Shows its steps, what it began with and the last action; ends after as many steps as it began with. */
class Counter implements Environment {
  readonly stateSize: number = 3;
  readonly #state = new Float64Array(3);

  reset(stream: { integer(most: number): number }, observation: Float64Array): void {
    this.#state.set([0, 2 + stream.integer(5), 0]);
    observation.set(this.#state);
  }

  step([action = NaN]: Float64Array, observation: Float64Array, stream: () => { next(): number }) {
    this.#state[0]! += 1;
    this.#state[2] = action + 0.001 * stream().next();
    observation.set(this.#state);
    return { reward: 2, ended: this.#state[0] === this.#state[1], measurements: [this.#state[0]!] };
  }

  save(state: Float64Array): void {
    state.set(this.#state);
  }

  restore(state: Float64Array): void {
    this.#state.set(state);
  }
}

const counter = defineEnvironment({
  name: 'counter',
  observations: 3,
  actions: { low: [-2], high: [6] },
  mostSteps: 4,
  measurements: ['step'],
  create: () => new Counter(),
});

/** Returns an environment that gives these instead of what a counter gives. */
function counterWith(given: object, definition: Partial<EnvironmentDefinition> = {}): EnvironmentDefinition {
  return { ...counter, ...definition, create: () => Object.assign(new Counter(), given) };
}

const STEP = { reward: 1, ended: false, measurements: [1] };
const ADVICE = '; if its simulation can blow up: end the episode, or set `mayDiverge`';

/** What an environment may not do, and what is said of it. */
const MISTAKES: readonly (readonly [mistake: string, given: object, found: string])[] = [
  ['return a number', { step: () => 1 }, 'what `step` returns to be an object with `reward` and `ended`, got `1`'],
  [
    'step asynchronously',
    { step: () => Promise.reject(new Error('no luck')) },
    '`step` to be done when it returns, got `a promise`',
  ],
  [
    'return no reward',
    { step: () => ({ ended: false }) },
    `\`reward\` of a step to be a finite number, got \`undefined\`${ADVICE}`,
  ],
  [
    'return a reward that is not finite',
    { step: () => ({ ...STEP, reward: NaN, ended: true }) },
    `\`reward\` of a step to be a finite number, got \`NaN\`${ADVICE}`,
  ],
  [
    'return `done` instead of `ended`',
    { step: () => ({ reward: 1, done: true }) },
    '`ended` of a step to be true or false, got `undefined`',
  ],
  [
    'return too few measurements',
    { step: () => ({ reward: 1, ended: false }) },
    '`measurements` of a step to be finite numbers, 1, got `[]`',
  ],
  [
    'return what are no measurements',
    { step: () => ({ ...STEP, measurements: 3 }) },
    '`measurements` of a step to be finite numbers, 1, got `3`',
  ],
  [
    'leave out a number of an observation',
    { step: (_: unknown, observation: Float64Array) => (observation.set([1, 2]), STEP) },
    `number 2 (from 0) of the observation that \`step\` writes to be finite, got \`NaN\`${ADVICE}`,
  ],
  [
    'begin with what is not finite',
    { reset: (_: unknown, observation: Float64Array) => observation.set([1, Infinity, 3]) },
    'number 1 (from 0) of the observation that `reset` writes to be finite, got `Infinity`',
  ],
  ['reset asynchronously', { reset: async () => undefined }, '`reset` to be done when it returns, got `a promise`'],
  ['save asynchronously', { save: async () => undefined }, '`save` to be done when it returns, got `a promise`'],
];

const actions = (count: number) => Float32Array.from({ length: count }, (_, index) => index / 2 - 0.75);

describe('environments side by side', () => {
  it('end, or are cut off by the time limit, and begin a new episode at once', async () => {
    const vector = await VectorEnvironment.create(counter, { count: 6, seed: 5, name: ['test'] });
    await vector.reset();
    const begins = Array.from({ length: 6 }, (_, index) => vector.observations[3 * index + 1]!);
    assert.ok(begins.some((steps) => steps > 4) && begins.some((steps) => steps <= 4), String(begins));
    const over = new Map<number, number>();
    for (let step = 1; step <= 4; step++) {
      const { ended, cut, final, episodes } = await vector.step(actions(6));
      const finished = begins.flatMap((steps, index) => (over.has(index) ? [] : [{ steps, index }]));
      for (const { steps, index } of finished) {
        assert.equal(ended[index], Number(steps === step), `environment ${index}, step ${step}`);
        assert.equal(cut[index], Number(step === 4 && steps > 4));
        assert.equal(final[3 * index], step);
        if (ended[index] + cut[index] === 0) continue;
        over.set(index, step);
        assert.equal(vector.observations[3 * index], 0);
        assert.ok(
          episodes.some(
            (one) => one.steps === step && one.return === 2 * step && one.measurements[0] === (step + 1) / 2,
          ),
        );
      }
    }
    assert.equal(over.size, 6);
    await vector.dispose();
  });

  it('clip actions to the bounds, of which −1 and 1 are the units', async () => {
    const vector = await VectorEnvironment.create(counter, { count: 4, seed: 5, name: ['test'] });
    await vector.reset();
    const { final } = await vector.step(Float32Array.of(-3, -1, 0.5, 7));
    const shown = [0, 1, 2, 3].map((index) => Math.floor(final[3 * index + 2]!));
    assert.deepEqual(shown, [-2, -2, 4, 6]);
  });

  it('begin their episodes at different steps if they are staggered, and tell of whole episodes only', async () => {
    const plan = { count: 5, seed: 5, name: ['test'] };
    for (const staggered of [false, true]) {
      const vector = await VectorEnvironment.create(pendulum, { ...plan, staggered });
      await vector.reset();
      const ends: number[][] = Array.from({ length: plan.count }, () => []);
      const told: (readonly [step: number, steps: number])[] = [];
      for (let step = 1; step <= 450; step++) {
        const { cut, episodes } = await vector.step(new Float32Array(plan.count));
        cut.forEach((is, index) => is === 1 && ends[index]!.push(step));
        told.push(...episodes.map(({ steps }) => [step, steps] as const));
      }
      const firsts = staggered ? [40, 80, 120, 160, 200] : [200, 200, 200, 200, 200];
      assert.deepEqual(
        ends,
        firsts.map((first) => [first, first + 200, first + 400].filter((step) => step <= 450)),
      );
      const whole = ends.flatMap((steps) => steps.filter((step) => step >= 200)).sort((a, b) => a - b);
      assert.deepEqual(
        told,
        whole.map((step) => [step, 200]),
      );
    }
  });

  it('draw from streams of their own, however many there are', async () => {
    const run = async (count: number, worker: string): Promise<Float64Array> => {
      const vector = await VectorEnvironment.create(counter, { count, seed: 5, name: [worker] });
      await vector.reset();
      for (let step = 0; step < 9; step++) await vector.step(new Float32Array(count));
      return vector.observations.slice(0, 3 * 2);
    };
    const two = await run(2, 'P1/member-0');
    assert.deepEqual(await run(7, 'P1/member-0'), two);
    assert.notDeepEqual(await run(2, 'P1/member-1'), two);
  });

  it('go on from a checkpoint, bit for bit', async () => {
    for (const definition of [counter, pendulum]) {
      const [one, other] = [
        await VectorEnvironment.create(definition, { count: 5, seed: 5, name: ['test'], staggered: true }),
        await VectorEnvironment.create(definition, { count: 5, seed: 5, name: ['test'], staggered: true }),
      ];
      await one.reset();
      for (let step = 0; step < 7; step++) await one.step(actions(5));
      await other.restore(await one.save());
      for (let step = 0; step < 205; step++) assert.deepEqual(await other.step(actions(5)), await one.step(actions(5)));
      assert.deepEqual(await other.save(), await one.save());
      assert.deepEqual(other.runningReturns, one.runningReturns);
    }
  });

  for (const [mistake, given, found] of MISTAKES)
    it(`may not ${mistake}`, async () => {
      const vector = await VectorEnvironment.create(counterWith(given), { count: 2, seed: 5, name: ['test'] });
      const used = async (): Promise<void> => {
        await vector.reset();
        await vector.step(actions(2));
        await vector.save();
      };
      await assert.rejects(used(), { message: `Cannot use environment \`counter\`: expected ${found}` });
    });

  it('may show anything in a step that ends the episode', async () => {
    const definition = counterWith({ step: () => ({ ...STEP, ended: true }) });
    const vector = await VectorEnvironment.create(definition, { count: 2, seed: 5, name: ['test'] });
    await vector.reset();
    assert.deepEqual([...(await vector.step(actions(2))).rewards], [1, 1]);
  });

  it('have no reward if they may diverge, and do', async () => {
    const step = (_: unknown, observation: Float64Array) => (observation.set([1, Infinity, 3]), STEP);
    const definition = counterWith({ step }, { mayDiverge: true });
    const vector = await VectorEnvironment.create(definition, { count: 2, seed: 5, name: ['test'] });
    await vector.reset();
    assert.deepEqual([...(await vector.step(actions(2))).rewards], [NaN, NaN]);
    assert.deepEqual(vector.runningReturns, [NaN, NaN]);
  });

  it('are disposed of if not all can be made', async () => {
    let [made, disposed] = [0, 0];
    class Large extends Counter {
      dispose(): void {
        disposed += 1;
      }
    }
    const create = (): Environment => {
      if (made === 3) throw new Error('Could not allocate memory');
      made += 1;
      return new Large();
    };
    await assert.rejects(VectorEnvironment.create({ ...counter, create }, { count: 5, seed: 5, name: ['test'] }), {
      message:
        'Cannot make environment 4 of 5 `counter` in a thread: Could not allocate memory; ' +
        'if memory is short: fewer `environments`, or more `--environment-threads`',
    });
    assert.equal(disposed, 3);
  });

  for (const [what, sizes, found] of [
    ['none', [undefined], '`stateSize` to be an integer from 0, got `undefined`'],
    ['a part', [1.5], '`stateSize` to be an integer from 0, got `1.5`'],
    ['several', [3, 3, 2], '`stateSize` to be the same for all that `create` makes, 3, got `2`'],
  ] as const)
    it(`refuse ${what} as the size of their states`, async () => {
      let made = 0;
      const create = (): Environment => Object.assign(new Counter(), { stateSize: sizes[made++] });
      await assert.rejects(VectorEnvironment.create({ ...counter, create }, { count: 3, seed: 5, name: ['test'] }), {
        message: `Cannot use environment \`counter\`: expected ${found}`,
      });
    });

  it('refuse to save states that are larger than they say', async () => {
    class Small extends Counter {
      override readonly stateSize = 1;
      override save(state: Float64Array): void {
        state.fill(0);
        [state[0], state[1]] = [1, 2];
      }
    }
    const definition = { ...counter, create: () => new Small() };
    const vector = await VectorEnvironment.create(definition, { count: 2, seed: 5, name: ['test'] });
    await vector.reset();
    await assert.rejects(vector.save(), {
      message:
        'Cannot use environment `counter`: expected `stateSize` to be the numbers that `save` writes, ' +
        'more than 1, got `1`',
    });
  });

  it('may save by native code, and have no measurements', async () => {
    class Native extends Counter {
      override step(...given: Parameters<Counter['step']>): ReturnType<Counter['step']> {
        return { ...super.step(...given), measurements: null! };
      }
      override save(state: Float64Array): void {
        // As native code, it wants an array.
        Float64Array.prototype.set.call(state, [1, 2, 3]);
      }
    }
    const { measurements: _, ...unmeasured } = counter;
    const definition = { ...unmeasured, create: () => new Native() };
    const vector = await VectorEnvironment.create(definition, { count: 2, seed: 5, name: ['test'] });
    await vector.reset();
    await vector.step(actions(2));
    const states = (await vector.save()).get('environments/states')!;
    assert.deepEqual([...new Float64Array(states.data.slice().buffer)], [1, 2, 3, 1, 2, 3]);
  });

  it('refuse a checkpoint that is none of theirs', async () => {
    const vector = await VectorEnvironment.create(counter, { count: 2, seed: 5, name: ['test'] });
    const other = await VectorEnvironment.create(counter, { count: 3, seed: 5, name: ['test'] });
    await assert.rejects(vector.restore(new Map()), {
      message: 'Expected the checkpoint to have the tensor `environments/states` (F64 [2, 3]), got `none`',
    });
    await assert.rejects(vector.restore(await other.save()), {
      message: 'Expected the checkpoint to have the tensor `environments/states` (F64 [2, 3]), got `F64 [3, 3]`',
    });
  });
});
