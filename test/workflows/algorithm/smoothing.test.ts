import assert from 'node:assert/strict';
import { test } from 'node:test';
import { randomStream, smooth } from '../../../workflows/algorithm/index.ts';
import type { SmoothingModel } from '../../../workflows/algorithm/index.ts';
import { LEAST_POINTS, LENGTH_SCALES, NOISE_RATIOS } from '../../../workflows/algorithm/smoothing-estimated.ts';
import { learningCurve } from './example-curves.ts';

const MODELS: readonly SmoothingModel[] = ['fixed', 'estimated'];
const LENGTHS = [2, 3, 4, 5, 7, 10, 13, 14, 15, 20, 40, 60];

for (const model of MODELS) {
  test(`${model}: a constant curve, a single point and an empty curve are their own smooths`, () => {
    assert.deepEqual(smooth([], model), []);
    assert.deepEqual(smooth([0.1], model), [0.1]);
    assert.deepEqual(smooth([0.1, 0.1, 0.1], model), [0.1, 0.1, 0.1]);
    assert.deepEqual(smooth(new Array<number>(1000).fill(1e300), model), new Array<number>(1000).fill(1e300));
  });

  test(`${model}: a smooth has a number for every score, and the scores are unchanged`, () => {
    const stream = randomStream(1, 'lengths');
    for (let n = 1; n <= 130; n++) {
      const scores = learningCurve(stream, n, 0.05);
      const before = [...scores];
      const smoothed = smooth(scores, model);
      assert.deepEqual(scores, before);
      assert.equal(smoothed.length, n);
      assert.ok(smoothed.every(Number.isFinite));
    }
  });

  test(`${model}: a shifted or stretched curve's smooth is the smooth, shifted or stretched`, () => {
    const stream = randomStream(2, 'shift');
    for (const n of [2, 9, 50, 200]) {
      const scores = learningCurve(stream, n, 0.05);
      const smoothed = smooth(scores, model);
      assertClose(
        smooth(
          scores.map((score) => score + 3),
          model,
        ),
        smoothed.map((score) => score + 3),
        1e-7,
      );
      assertClose(
        smooth(
          scores.map((score) => score * 5),
          model,
        ),
        smoothed.map((score) => score * 5),
        1e-7,
      );
    }
  });

  test(`${model}: the same scores give the same bits, whatever curves were smoothed before`, () => {
    const stream = randomStream(3, 'bits');
    const scores = learningCurve(stream, 77, 0.05);
    const smoothed = smooth(scores, model);
    for (let n = 2; n < 400; n += 3) smooth(learningCurve(stream, n, 0.05), model);
    assert.deepEqual(smooth(scores, model), smoothed);
  });

  test(`${model}: scores of any size and distance give finite smooths`, () => {
    for (const scores of [
      [1e300, -1e300, 5e299],
      [1e-300, 3e-300, 2e-300],
      [1, 1 + Number.EPSILON, 1],
      [0, 0, 0, 1e-320],
      [1.7e308, 1.6e308, 1.7e308],
    ]) {
      const smoothed = smooth(scores, model);
      const range = [Math.min(...scores), Math.max(...scores)] as const;
      const slack = range[1] / 2 - range[0] / 2;
      assert.ok(
        smoothed.every((score) => score >= range[0] - slack && score <= range[1] + slack),
        smoothed.join(),
      );
    }
  });
}

test('none: the smooth is a copy of the scores', () => {
  const scores = [3, 1, 2];
  assert.deepEqual(smooth(scores, 'none'), scores);
  assert.notEqual(smooth(scores, 'none'), scores);
});

test('fixed: the smooth agrees with Gaussian-process regression on the whole kernel matrix', () => {
  const stream = randomStream(5, 'fixed');
  for (const n of LENGTHS) {
    const scores = learningCurve(stream, n, 0.05);
    const { values, mean, deviation } = standardise(scores);
    const kernel = matrix(n, (distance) => Math.exp((-distance * distance) / 2));
    const { posterior } = regress(kernel, 1e-10, values);
    // The kernel matrix is nearly singular, which is why the shipped one is not made this way: its own rounding is 1e-6
    // here.
    assertClose(
      smooth(scores, 'fixed'),
      posterior.map((value) => mean + deviation * value),
      2e-5 * deviation,
    );
  }
});

test('fixed: curves without noise are unchanged', () => {
  const scores = Array.from({ length: 300 }, (_, i) => 1 + 2 * (i / 300) - 3 * (i / 300) ** 2);
  assertClose(smooth(scores, 'fixed'), scores, 1e-5);
});

test('estimated: the smooth agrees with a search over the whole grid with dense matrices', () => {
  const stream = randomStream(6, 'estimated');
  const shapes = [
    (): number => 0,
    (x: number): number => 3 * x,
    (x: number): number => 1 - Math.exp(-5 * x),
    (x: number): number => Math.sin(9 * x),
  ];
  for (const n of LENGTHS) {
    for (const [index, shape] of shapes.entries()) {
      const noise = [1, 0.2, 0, 0.5][index] ?? 0;
      const scores = Array.from({ length: n }, (_, i) => shape(i / n) + noise * stream.normal());
      const { values, mean, deviation } = standardise(scores);
      assertClose(
        smooth(scores, 'estimated'),
        denseEstimate(values).map((value) => mean + deviation * value),
        1e-9 * deviation,
      );
    }
  }
});

test('estimated: flat noisy curves become flat', () => {
  const stream = randomStream(7, 'flat');
  for (const n of [10, 30, 100, 500]) {
    const deviations = Array.from({ length: 40 }, () => {
      const scores = Array.from({ length: n }, () => 0.8 + 0.01 * stream.normal());
      return standardise(smooth(scores, 'estimated')).deviation / standardise(scores).deviation;
    });
    const flat = deviations.filter((deviation) => deviation < 0.05).length;
    assert.ok(flat >= 20, `${flat} of 40 curves of ${n} points are flat`);
    assert.ok(deviations.reduce((a, b) => a + b, 0) / 40 < 0.25, `${n} points`);
  }
});

test('estimated: steep noisy curves stay steep', () => {
  const stream = randomStream(8, 'steep');
  for (const n of [10, 30, 100, 500]) {
    for (let i = 0; i < 20; i++) {
      const truth = Array.from({ length: n }, (_, point) => 0.5 + (0.3 * point) / n);
      const smoothed = smooth(
        truth.map((score) => score + 0.01 * stream.normal()),
        'estimated',
      );
      const rise = (smoothed.at(-1) ?? NaN) - (smoothed[0] ?? NaN);
      assert.ok(Math.abs(rise / (0.3 * (1 - 1 / n)) - 1) < 0.15, `rises by ${rise}`);
      assertClose(smoothed, truth, 0.035);
    }
  }
});

test('estimated: the smooth is closer to the truth than the scores, and on flat curves than fixed', () => {
  const stream = randomStream(9, 'truth');
  let [raw, estimated, fixed] = [0, 0, 0];
  for (let i = 0; i < 60; i++) {
    const truth =
      i % 2 === 0
        ? new Array<number>(60).fill(0.8)
        : Array.from({ length: 60 }, (_, point) => 0.8 - 0.3 * Math.exp(-point / 12));
    const scores = truth.map((score) => score + 0.02 * stream.normal());
    const error = (guess: readonly number[]): number =>
      guess.reduce((sum, score, point) => sum + (score - (truth[point] ?? NaN)) ** 2, 0);
    raw += error(scores);
    estimated += error(smooth(scores, 'estimated'));
    fixed += error(smooth(scores, 'fixed'));
  }
  assert.ok(estimated < raw / 4, `${estimated} of ${raw}`);
  assert.ok(estimated < fixed, `${estimated} and ${fixed}`);
});

test('smooths have the recorded bits', () => {
  assert.deepEqual(smooth([0.5, 0.61, 0.6, 0.7, 0.68, 0.75], 'fixed'), KNOWN.fixed);
  assert.deepEqual(smooth([0.5, 0.61, 0.6, 0.7, 0.68, 0.75], 'estimated'), KNOWN.estimated);
});

const KNOWN = {
  fixed: [
    0.5000496560595635, 0.6097649502442368, 0.6004573205631468, 0.6995428441496487, 0.6802347956444738,
    0.7499504335403953,
  ],
  estimated: [
    0.5449080118446026, 0.5808863560594548, 0.6231704857795813, 0.6651230347596674, 0.7008166164189332,
    0.7268892793653041,
  ],
};

function denseEstimate(values: readonly number[]): number[] {
  const n = values.length;
  let best = { logLikelihood: 0, posterior: values.map(() => 0) };
  for (const lengthScale of LENGTH_SCALES) {
    if (lengthScale * n < LEAST_POINTS) continue;
    const kernel = matrix(n, (distance) => {
      const d = (Math.sqrt(5) * distance) / lengthScale;
      return (1 + d + (d * d) / 3) * Math.exp(-d);
    });
    for (const ratio of NOISE_RATIOS) {
      const one = regress(kernel, ratio, values);
      if (one.logLikelihood > best.logLikelihood) best = one;
    }
  }
  return best.posterior;
}

function matrix(n: number, kernel: (distance: number) => number): number[][] {
  return Array.from({ length: n }, (_, i) => Array.from({ length: n }, (_, j) => kernel(Math.abs(i - j) / n)));
}

/** Posterior mean, and log likelihood with the signal's variance profiled out, by Cholesky's decomposition. */
function regress(
  kernel: readonly (readonly number[])[],
  noise: number,
  y: readonly number[],
): { posterior: number[]; logLikelihood: number } {
  const n = y.length;
  const lower = kernel.map((row, i) => row.map((value, j) => (i === j ? value + noise : value)));
  const z = [...y];
  for (let j = 0; j < n; j++) {
    for (let i = j; i < n; i++) for (let k = 0; k < j; k++) lower[i]![j]! -= lower[i]![k]! * lower[j]![k]!;
    const pivot = Math.sqrt(lower[j]![j]!);
    for (let i = j; i < n; i++) lower[i]![j]! /= pivot;
    for (let k = 0; k < j; k++) z[j]! -= lower[j]![k]! * z[k]!;
    z[j]! /= pivot;
  }
  const squares = z.reduce((sum, value) => sum + value * value, 0);
  const logDeterminant = lower.reduce((sum, row, i) => sum + 2 * Math.log(row[i]!), 0);
  for (let i = n - 1; i >= 0; i--) {
    for (let k = i + 1; k < n; k++) z[i]! -= lower[k]![i]! * z[k]!;
    z[i]! /= lower[i]![i]!;
  }
  return {
    posterior: kernel.map((row) => row.reduce((sum, value, j) => sum + value * z[j]!, 0)),
    logLikelihood: (-n / 2) * Math.log(squares / n) - logDeterminant / 2,
  };
}

function standardise(scores: readonly number[]): { values: number[]; mean: number; deviation: number } {
  const mean = scores.reduce((sum, score) => sum + score, 0) / scores.length;
  const deviation = Math.sqrt(scores.reduce((sum, score) => sum + (score - mean) ** 2, 0) / scores.length);
  return { values: scores.map((score) => (score - mean) / deviation), mean, deviation };
}

function assertClose(actual: readonly number[], expected: readonly number[], tolerance: number): void {
  assert.equal(actual.length, expected.length);
  const worst = actual.reduce((most, value, i) => Math.max(most, Math.abs(value - (expected[i] ?? NaN))), 0);
  assert.ok(worst <= tolerance, `${worst} apart with ${actual.length} points`);
}
