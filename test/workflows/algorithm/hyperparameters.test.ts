import assert from 'node:assert/strict';
import { test } from 'node:test';
import { explore, randomStream, sampleInitial } from '../../../workflows/algorithm/index.ts';
import type {
  CategorySpace,
  FloatSpace,
  HyperparameterSpace,
  HyperparameterSpaces,
  HyperparameterValue,
  IntegerSpace,
  RandomStream,
} from '../../../workflows/algorithm/index.ts';

const FACTORS = [0.5, 0.8, 1.25, 2];
const learningRate: FloatSpace = {
  kind: 'float',
  scale: 'log',
  bounds: [1e-5, 1],
  initial: { distribution: 'log-uniform', range: [1e-3, 1e-1] },
  factors: FACTORS,
};
const momentum: FloatSpace = {
  kind: 'float',
  scale: 'linear',
  bounds: [0.85, 0.99],
  initial: { distribution: 'uniform', range: [0.88, 0.95] },
  factors: FACTORS,
};
const weightDecay: FloatSpace = {
  kind: 'float',
  scale: 'linear',
  bounds: [0, 0.09],
  initial: { distribution: 'uniform', range: [0, 0] },
  factors: FACTORS,
};
const layers: IntegerSpace = { kind: 'integer', bounds: [1, 16], initial: { range: [2, 5] }, factors: FACTORS };
const augmentation: CategorySpace = { kind: 'category', choices: ['none', 'flip', 'crop'] };
const spaces: HyperparameterSpaces = {
  learningRate,
  momentum,
  weightDecay,
  layers,
  augmentation,
  batch: 16,
  task: 'toy',
};

test('a log-uniform initial value is uniform in the logarithm', () => {
  const rates = numbers(4000, (stream) => sampleInitial({ learningRate }, stream)['learningRate']);
  assert.ok(rates.every((rate) => rate >= 1e-3 && rate <= 1e-1));
  for (const [share, bound] of [
    [0.25, 10 ** -2.5],
    [0.5, 1e-2],
    [0.75, 10 ** -1.5],
  ] as const) {
    assert.ok(Math.abs(rates.filter((rate) => rate < bound).length / rates.length - share) < 0.035, `below ${bound}`);
  }
});

test('initial values are uniform, integers include both bounds, and categories include all choices', () => {
  const momenta = numbers(4000, (stream) => sampleInitial({ momentum }, stream)['momentum']);
  assert.ok(momenta.every((one) => one >= 0.88 && one <= 0.95));
  assert.ok(Math.abs(momenta.reduce((sum, one) => sum + one, 0) / momenta.length - 0.915) < 0.002);
  const drawn = draws(200, (stream) => sampleInitial({ layers, augmentation }, stream));
  assert.deepEqual(distinct(drawn.map((one) => one['layers'])), [2, 3, 4, 5]);
  assert.deepEqual(distinct(drawn.map((one) => one['augmentation'])), ['crop', 'flip', 'none']);
});

test('constants are unchanged initially and by explore', () => {
  const initial = sampleInitial(spaces, randomStream(1, 'initial'));
  assert.equal(initial['batch'], 16);
  assert.equal(initial['task'], 'toy');
  const explored = explore({ ...initial, batch: 32, note: 'by hand' }, spaces, randomStream(1, 'explore'));
  assert.equal(explored['batch'], 32, "a member's own constant, set by hand");
  assert.equal(explored['note'], 'by hand');
  assert.deepEqual(Object.keys(explored).sort(), [...Object.keys(spaces), 'note'].sort());
});

test('the order of keys changes nothing', () => {
  const reversed = Object.fromEntries(Object.entries(spaces).reverse());
  for (let seed = 0; seed < 50; seed++) {
    const initial = sampleInitial(spaces, randomStream(seed, 'initial'));
    assert.deepEqual(sampleInitial(reversed, randomStream(seed, 'initial')), initial);
    const shuffled = Object.fromEntries(Object.entries(initial).reverse());
    assert.deepEqual(
      explore(shuffled, reversed, randomStream(seed, 'explore')),
      explore(initial, spaces, randomStream(seed, 'explore')),
    );
    assert.equal(
      JSON.stringify(explore(shuffled, reversed, randomStream(seed, 'explore'))),
      JSON.stringify(explore(initial, spaces, randomStream(seed, 'explore'))),
    );
  }
});

test('explore multiplies a float on a log scale by each of its factors equally often', () => {
  const rates = numbers(2000, (stream) => explore({ learningRate: 0.01 }, { learningRate }, stream)['learningRate']);
  assert.deepEqual(distinct(rates), [0.005, 0.008, 0.0125, 0.02]);
  for (const rate of distinct(rates)) assert.ok(Math.abs(rates.filter((one) => one === rate).length - 500) < 90);
});

test('explore clamps a value to its bounds, and a value at a bound can leave it', () => {
  assert.deepEqual(reachable(0.8, learningRate), [0.4, 0.8 * 0.8, 1]);
  assert.deepEqual(reachable(1, learningRate), [0.5, 0.8, 1]);
  assert.deepEqual(reachable(1e-5, learningRate), [1e-5, 1.25e-5, 2e-5]);
});

test('explore multiplies a float on a linear scale unless all products lie at its bounds', () => {
  assert.deepEqual(reachable(0.03, weightDecay), [0.015, 0.024, 0.0375, 0.06]);
  assert.deepEqual(reachable(0.08, weightDecay), [0.04, 0.064, 0.09]);
});

test('a value with narrow bounds moves by a third or a ninth of its normalised range', () => {
  assertClose(reachable(0.92, momentum), [0.92 - 0.14 / 3, 0.92 - 0.14 / 9, 0.92 + 0.14 / 9, 0.92 + 0.14 / 3]);
  assertClose(reachable(0.99, momentum), [0.99 - 0.14 / 3, 0.99 - 0.14 / 9, 0.99]);
});

test('a value that is 0 moves the same way, and so does one with bounds on both sides of 0', () => {
  assertClose(reachable(0, weightDecay), [0, 0.01, 0.03]);
  const offset: FloatSpace = { ...momentum, bounds: [-9, 9] };
  assertClose(reachable(-1, offset), [-7, -3, 1, 5]);
});

test('an integer moves by at least one, and inwards at its bounds', () => {
  assert.deepEqual(reachable(10, layers), [5, 8, 13, 16]);
  assert.deepEqual(reachable(2, layers), [1, 3, 4]);
  assert.deepEqual(reachable(1, layers), [2]);
  assert.deepEqual(reachable(16, layers), [8, 13, 15]);
  assert.deepEqual(reachable(0, { ...layers, bounds: [-3, 3] }), [-1, 1]);
  assert.deepEqual(reachable(-4, { ...layers, bounds: [-20, 3] }), [-8, -5, -3, -2]);
  assert.deepEqual(reachable(7, { ...layers, bounds: [7, 7] }), [7]);
});

test('explore draws a category from all choices', () => {
  assert.deepEqual(reachable('flip', augmentation), ['crop', 'flip', 'none']);
  assert.deepEqual(reachable('flip', { kind: 'category', choices: ['flip'] }), ['flip']);
  assert.deepEqual(reachable(16, { kind: 'category', choices: [64, 16, 32] }), [16, 32, 64]);
});

test('a value at a bound moves inwards if all its factors lead out of the bounds', () => {
  assert.deepEqual(reachable(1, { ...learningRate, factors: [2, 4] }), [0.25, 0.5]);
  assert.deepEqual(reachable(1e-5, { ...learningRate, factors: [0.5] }), [2e-5]);
  assertClose(reachable(0, { ...weightDecay, factors: [0.5] }), [0.03]);
  assertClose(reachable(0.99, { ...momentum, factors: [2] }), [0.99 - 0.14 / 3]);
  assert.deepEqual(reachable(0.5, { ...learningRate, factors: [1] }), [0.5], 'a factor of 1 asks for nothing');
});

test('in random spaces, no value leaves its bounds and every value moves eventually', () => {
  const stream = randomStream(3, 'spaces');
  for (let i = 0; i < 1500; i++) {
    const space = randomSpace(stream);
    let value = sampleInitial({ x: space }, stream)['x'];
    let stayed = 0;
    for (let step = 0; step < 60; step++) {
      const next = explore({ x: value ?? NaN }, { x: space }, stream)['x'];
      assertAllowed(next, space);
      stayed = next === value ? stayed + 1 : 0;
      assert.ok(stayed < 60 - 1 || !canMove(space), `${String(value)} is stuck in ${JSON.stringify(space)}`);
      value = next;
    }
  }
});

test('every value is moved by some draw', () => {
  const stream = randomStream(4, 'stuck');
  for (let i = 0; i < 1500; i++) {
    const space = randomSpace(stream);
    if (!canMove(space) || space.kind === 'category') continue;
    for (const start of [...space.bounds, sampleInitial({ x: space }, stream)['x'] ?? NaN]) {
      assert.ok(
        reachable(start, space).some((value) => value !== start),
        `${start} is stuck in ${JSON.stringify(space)}`,
      );
    }
  }
});

test('a missing value, or one that is no number, is refused by name', () => {
  assert.throws(() => explore({}, { learningRate }, randomStream(1)), {
    message: 'Expected `hyperparameters.learningRate` to be a number, got `undefined`',
  });
  assert.throws(() => explore({ layers: 'many' }, { layers }, randomStream(1)), {
    message: 'Expected `hyperparameters.layers` to be a number, got `many`',
  });
});

test('a hyperparameter can have the name of an inherited property', () => {
  const awkward: HyperparameterSpaces = JSON.parse(
    JSON.stringify({ constructor: 1, toString: learningRate }).replace('"constructor"', '"__proto__"'),
  ) as HyperparameterSpaces;
  const initial = sampleInitial(awkward, randomStream(1));
  assert.deepEqual(Object.keys(initial).sort(), ['__proto__', 'toString']);
  assert.equal(typeof explore(initial, awkward, randomStream(2))['toString'], 'number');
  assert.throws(
    () => explore({}, { constructor: learningRate }, randomStream(1)),
    /Expected `hyperparameters.constructor` to be a number/,
  );
});

function randomSpace(stream: RandomStream): HyperparameterSpace {
  const kind = stream.integer(4);
  const factors = [[0.5, 0.8, 1.25, 2], [0.5, 2], [1.2], [0.9], [0.1, 10]][stream.integer(5)] ?? [];
  if (kind === 0) return { kind: 'category', choices: ['a', 'b', 'c'].slice(0, 1 + stream.integer(3)) };
  if (kind === 1) {
    const low = stream.integer(20) - 10;
    const high = low + stream.integer(12);
    return {
      kind: 'integer',
      bounds: [low, high],
      initial: { range: [low, low + stream.integer(high - low + 1)] },
      factors,
    };
  }
  if (kind === 2) {
    const low = 10 ** (-6 * stream.next());
    const high = low * (1 + stream.integer(3) * 20 * stream.next());
    return {
      kind: 'float',
      scale: 'log',
      bounds: [low, high],
      initial: { distribution: 'log-uniform', range: [low, high] },
      factors,
    };
  }
  const low = [0, -1, 0.1, 5, -7][stream.integer(5)] ?? 0;
  const high = low + [0, 0.1, 1, 20][stream.integer(4)]! * stream.next();
  return {
    kind: 'float',
    scale: 'linear',
    bounds: [low, high],
    initial: { distribution: 'uniform', range: [low, high] },
    factors,
  };
}

function canMove(space: HyperparameterSpace): boolean {
  return space.kind === 'category' ? space.choices.length > 1 : space.bounds[0] < space.bounds[1];
}

function assertAllowed(value: HyperparameterValue | undefined, space: HyperparameterSpace): void {
  if (space.kind === 'category') {
    assert.ok(typeof value === 'string' && space.choices.includes(value));
    return;
  }
  const [low, high] = space.bounds;
  assert.ok(
    typeof value === 'number' && value >= low && value <= high && !Object.is(value, -0),
    `${String(value)} in ${JSON.stringify(space)}`,
  );
  if (space.kind === 'integer') assert.ok(Number.isInteger(value));
}

/** Every value that a single explore gave, in 200 tries. */
function reachable(value: HyperparameterValue, space: HyperparameterSpace): HyperparameterValue[] {
  return distinct(draws(200, (stream) => explore({ x: value }, { x: space }, stream)['x']));
}

function draws<T>(count: number, draw: (stream: RandomStream) => T): T[] {
  return Array.from({ length: count }, (_, i) => draw(randomStream(i, 'draw')));
}

function numbers(count: number, draw: (stream: RandomStream) => HyperparameterValue | undefined): number[] {
  return draws(count, draw).map(Number);
}

function distinct<T extends HyperparameterValue>(values: readonly (T | undefined)[]): T[] {
  return [...new Set(values.filter((value) => value !== undefined))].sort((a, b) => (a < b ? -1 : 1));
}

function assertClose(actual: readonly HyperparameterValue[], expected: readonly number[]): void {
  assert.equal(actual.length, expected.length, actual.join());
  for (const [index, value] of expected.entries())
    assert.ok(Math.abs(Number(actual[index]) - value) < 1e-12, `${String(actual[index])}, not ${value}`);
}
