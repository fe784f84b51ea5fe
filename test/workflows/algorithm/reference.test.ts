/**
 * The algorithm beside independent implementations: scikit-learn, SciPy, and reference.py's naive ones.
 */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import {
  bestScoreDifference,
  binomialTest,
  exp,
  findOverlap,
  log,
  randomStream,
  smooth,
} from '../../../workflows/algorithm/index.ts';
import type { Curve } from '../../../workflows/algorithm/index.ts';
import { LEAST_POINTS, LENGTH_SCALES, NOISE_RATIOS } from '../../../workflows/algorithm/smoothing-estimated.ts';
import { curveOf, integerCurve, learningCurve } from './example-curves.ts';

const PYTHON = fileURLToPath(new URL('../../../.local/python/bin/python', import.meta.url));
const SCRIPT = fileURLToPath(new URL('reference.py', import.meta.url));

test(
  'the fixed smooth agrees with scikit-learn to 1e-4 standard deviations, for every length from 1 to 300 and some ' +
    'up to 1,000',
  async () => {
    const stream = randomStream(1, 'reference');
    const lengths = Array.from({ length: 1000 }, (_, index) => index + 1).filter((n) => n <= 300 || n % 25 === 0);
    const curves = lengths.map((length) => learningCurve(stream, length, 0.003));
    const answers = await reference<number[]>(curves.map((scores) => ({ kind: 'fixed', scores })));
    for (const [index, scores] of curves.entries())
      assertClose(smooth(scores, 'fixed'), answers[index], 1e-4 * deviationOf(scores));
  },
);

// On noisier curves scikit-learn itself is off by up to 7e-4 standard deviations: it solves with a matrix of condition
// 1e13 in double precision. Ours stays right.
test(
  'the fixed smooth of pure noise, of steps and of large scores agrees with extended precision to 1e-6 ' +
    'standard deviations',
  async () => {
    const stream = randomStream(2, 'reference');
    const curves = [2, 3, 5, 11, 14, 50, 150, 400, 600].flatMap((n) => [
      Array.from({ length: n }, () => stream.normal()),
      Array.from({ length: n }, (_, i) => (i < n / 2 ? 0 : 1)),
      Array.from({ length: n }, () => 1e6 + stream.normal()),
    ]);
    const answers = await reference<number[]>(curves.map((scores) => ({ kind: 'fixed-extended', scores })));
    for (const [index, scores] of curves.entries())
      assertClose(smooth(scores, 'fixed'), answers[index], 1e-6 * deviationOf(scores));
  },
);

test(
  "the estimated smooth agrees with dense matrices of scikit-learn's Matérn kernel to 1e-8 standard " + 'deviations',
  async () => {
    const stream = randomStream(3, 'reference');
    const curves = [2, 3, 4, 6, 10, 15, 31, 32, 33, 60, 120, 250].flatMap((n) =>
      [0.3, 0.02, 0.0005].map((noise) => learningCurve(stream, n, noise)),
    );
    const grid = { lengthScales: LENGTH_SCALES, noiseRatios: NOISE_RATIOS, leastPoints: LEAST_POINTS };
    const answers = await reference<number[]>(curves.map((scores) => ({ kind: 'estimated', scores, ...grid })));
    for (const [index, scores] of curves.entries())
      assertClose(smooth(scores, 'estimated'), answers[index], 1e-8 * deviationOf(scores));
  },
);

interface Comparison {
  readonly overlap: readonly [number, number, number] | null;
  readonly gap: number;
  readonly scipyP: number;
  readonly exactP: number;
}

test('overlap, score gap and binomial test agree exactly on integers', async () => {
  const stream = randomStream(4, 'reference');
  const pairs = Array.from({ length: 4000 }, () => ({ a: integerCurve(stream, 15), b: integerCurve(stream, 15) }));
  const answers = await reference<Comparison>(pairs.map((pair) => ({ kind: 'compare', ...pair })));
  for (const [index, { a, b }] of pairs.entries()) assertAgrees(a, b, answers[index], true);
});

test('overlap, score gap and binomial test agree to 1e-12 on numbers', async () => {
  const stream = randomStream(5, 'reference');
  const draw = (lift: number): Curve =>
    curveOf(
      learningCurve(stream, 1 + stream.integer(120), 0.02).map((score) => score + lift),
      'fixed',
    );
  const pairs = Array.from({ length: 2000 }, (_, i) => ({ a: draw(i % 4 === 0 ? 0.5 : 0), b: draw(0) }));
  const answers = await reference<Comparison>(pairs.map((pair) => ({ kind: 'compare', ...pair })));
  for (const [index, { a, b }] of pairs.entries()) assertAgrees(a, b, answers[index], false);
});

test('the binomial test equals exact fractions, rounded, for up to a thousand pairs; SciPy to 1e-12', async () => {
  const stream = randomStream(6, 'reference');
  const cases = [
    ...Array.from({ length: 13 }, (_, pairs) =>
      Array.from({ length: pairs + 1 }, (_, wins): [number, number] => [wins, pairs]),
    )
      .flat()
      .filter(([, pairs]) => pairs > 0),
    ...Array.from({ length: 300 }, (): [number, number] => {
      const pairs = 1 + stream.integer(1000);
      return [stream.integer(pairs + 1), pairs];
    }),
    [0, 1000],
    [500, 1000],
    [537, 1000],
    [999, 1000],
    [1000, 1000],
  ];
  const [answers] = await reference<[number, number][]>([{ kind: 'tails', cases }]);
  for (const [index, [wins = 0, pairs = 0]] of cases.entries()) {
    const same = new Array<number>(pairs).fill(0);
    const p = binomialTest(
      { raw: same.map((_, i) => (i < wins ? 1 : -1)), smoothed: same },
      { raw: same, smoothed: same },
    );
    const [scipy = NaN, exact = NaN] = answers?.[index] ?? [];
    assert.equal(p, exact, `${wins} of ${pairs}`);
    assert.ok(Math.abs(p - scipy) <= 1e-12 * Math.max(p, scipy) + 1e-300, `${wins} of ${pairs}: ${p}, SciPy ${scipy}`);
  }
});

test('exp and log are within 2 units in the last place of the true values', async () => {
  const stream = randomStream(7, 'reference');
  const exponents = Array.from({ length: 3000 }, (_, i) => (stream.next() - 0.5) * (i % 2 === 0 ? 2 : 1400));
  const arguments_ = exponents.map((exponent) => Math.exp(exponent));
  const [exps, logs] = await reference<number[]>([
    { kind: 'exponential', function: 'exp', values: exponents },
    { kind: 'exponential', function: 'log', values: arguments_ },
  ]);
  for (const [i, x] of exponents.entries()) {
    assert.ok(Math.abs(exp(x) - (exps?.[i] ?? NaN)) <= 2 ** -51 * exp(x), `exp(${x})`);
    const y = arguments_[i] ?? NaN;
    assert.ok(Math.abs(log(y) - (logs?.[i] ?? NaN)) <= 2 ** -51 * Math.abs(log(y)), `log(${y})`);
  }
});

function assertAgrees(a: Curve, b: Curve, answer: Comparison | undefined, onIntegers: boolean): void {
  const said = JSON.stringify({ a, b });
  assert.ok(answer, said);
  const overlap = findOverlap(a.smoothed, b.smoothed);
  assert.deepEqual(overlap ? [overlap.startA, overlap.startB, overlap.length] : null, answer.overlap, said);
  const gap = bestScoreDifference(a, b, true);
  // Shifts are no integers, so a shifted curve's gap is none either.
  if (onIntegers && overlap) assert.equal(gap, answer.gap, said);
  else assert.ok(Math.abs(gap - answer.gap) <= 1e-12, said);
  const p = binomialTest(a, b);
  assert.equal(p, answer.exactP, said);
  assert.ok(Math.abs(p - answer.scipyP) <= 1e-12, said);
}

function assertClose(actual: readonly number[], expected: readonly number[] | undefined, tolerance: number): void {
  assert.equal(actual.length, expected?.length);
  const worst = actual.reduce((most, value, i) => Math.max(most, Math.abs(value - (expected?.[i] ?? NaN))), 0);
  assert.ok(worst <= tolerance, `${worst} apart, not ${tolerance}, with ${actual.length} points`);
}

function deviationOf(scores: readonly number[]): number {
  const mean = scores.reduce((sum, score) => sum + score, 0) / scores.length;
  return Math.sqrt(scores.reduce((sum, score) => sum + (score - mean) ** 2, 0) / scores.length);
}

interface Script {
  readonly lines: AsyncIterator<string>;
  readonly send: (text: string) => void;
  readonly end: () => Promise<number | null>;
}
let script: Script | undefined;

// One process for all tests: importing scikit-learn takes seconds.
after(async () => {
  if (script) assert.equal(await script.end(), 0, 'reference.py failed: see its output above');
});

/** Answers of reference.py, one to each request. */
async function reference<Answer>(requests: readonly object[]): Promise<Answer[]> {
  script ??= start();
  const { lines, send } = script;
  send(requests.map((request) => `${JSON.stringify(request)}\n`).join(''));
  const answers: Answer[] = [];
  while (answers.length < requests.length) {
    const { value, done } = (await lines.next()) as IteratorResult<string, undefined>;
    assert.ok(!done, 'Cannot read the answers of reference.py: it ended, see its output above');
    answers.push(JSON.parse(value) as Answer);
  }
  return answers;
}

function start(): Script {
  assert.ok(
    existsSync(PYTHON),
    'Cannot compare with scikit-learn: the Python environment .local/python is missing, run the set-up first',
  );
  const python = spawn(PYTHON, [SCRIPT], { stdio: ['pipe', 'pipe', 'inherit'] });
  const ended = new Promise<number | null>((resolve) => python.on('close', resolve));
  python.on('error', (error) => console.error(error));
  python.stdin.on('error', () => undefined); // a script that died is told by its missing answers
  return {
    lines: createInterface({ input: python.stdout })[Symbol.asyncIterator](),
    send: (text) => python.stdin.write(text),
    end: () => {
      python.stdin.end();
      return ended;
    },
  };
}
