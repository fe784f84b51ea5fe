import assert from 'node:assert/strict';
import { test } from 'node:test';
import { binomialTest, findOverlap, randomStream } from '../../../workflows/algorithm/index.ts';
import type { Curve } from '../../../workflows/algorithm/index.ts';
import { integerCurve, unsmoothed } from './example-curves.ts';

test('the probability is that of at least this many heads', () => {
  // 10 wins of 10, 8 of 10, none of 3.
  assert.equal(binomialTest(winning(10, 10), even(10)), 1 / 1024);
  assert.equal(binomialTest(winning(8, 10), even(10)), (45 + 10 + 1) / 1024);
  assert.equal(binomialTest(winning(0, 3), even(3)), 1);
});

test('six wins in a row are not significant at 0.01, seven are', () => {
  assert.equal(binomialTest(winning(6, 6), even(6)), 0.015625);
  assert.equal(binomialTest(winning(7, 7), even(7)), 0.0078125);
});

test('a tie is no win', () => {
  assert.equal(binomialTest({ raw: [1, 1, 2], smoothed: [0, 0, 0] }, { raw: [1, 1, 1], smoothed: [0, 0, 0] }), 7 / 8);
});

test('the test compares raw scores over the overlap of the smoothed ones', () => {
  // a enters at index 1: pairs (9, 5), (0, 6).
  assert.equal(binomialTest({ raw: [9, 9, 0], smoothed: [1, 3, 4] }, { raw: [5, 6, 0], smoothed: [2, 3] }), 3 / 4);
});

test('without an overlap, a curve entirely above wins for certain, and one entirely below never does', () => {
  assert.equal(binomialTest(unsmoothed(5, 6), unsmoothed(1, 2)), 0);
  assert.equal(binomialTest(unsmoothed(1, 2), unsmoothed(5, 6)), 2);
});

test('without an overlap, curves with mixed scores are paired from their starts', () => {
  // Smoothed values stay apart; pairs (5, 2), (1, 3), (4, 4), a's fourth has no partner.
  assert.equal(
    binomialTest({ raw: [5, 1, 4, 9], smoothed: [4, 4, 4, 4] }, { raw: [2, 3, 4], smoothed: [2, 2, 2] }),
    7 / 8,
  );
  // Touching is neither above nor below.
  assert.equal(binomialTest({ raw: [5, 4], smoothed: [5, 5] }, { raw: [4, 3], smoothed: [3, 3] }), 1 / 4);
});

test('a curve without points proves nothing', () => {
  assert.equal(binomialTest(unsmoothed(), unsmoothed(1)), 1);
  assert.equal(binomialTest(unsmoothed(1), unsmoothed()), 1);
});

test('the probability of a thousand pairs and more is exact', () => {
  assert.equal(binomialTest(winning(1000, 1000), even(1000)), 2 ** -1000);
  assert.equal(binomialTest(winning(999, 1000), even(1000)), 1001 * 2 ** -1000);
  assert.equal(binomialTest(winning(1, 1000), even(1000)), 1);
  assert.equal(binomialTest(winning(2000, 2000), even(2000)), 0);
  // Half of an odd number: by symmetry ½.
  assert.equal(binomialTest(winning(501, 1001), even(1001)), 0.5);
  assert.equal(binomialTest(winning(3001, 6001), even(6001)), 0.5);
});

test('the tails of both sides add up to 1, and fall with every win', () => {
  for (const pairs of [1, 2, 7, 60, 333]) {
    let last = 2;
    for (let wins = 0; wins <= pairs; wins++) {
      const p = binomialTest(winning(wins, pairs), even(pairs));
      const other = wins === 0 ? 0 : binomialTest(winning(pairs - wins + 1, pairs), even(pairs));
      assert.ok(Math.abs(p + other - 1) < 1e-15, `${wins} of ${pairs}`);
      assert.ok(p <= last && p > 0, `${wins} of ${pairs}`);
      last = p;
    }
  }
});

test("the probability agrees with Pascal's triangle for random pairs of curves", () => {
  const stream = randomStream(4, 'binomial');
  const answers = new Set<number>();
  for (let i = 0; i < 10_000; i++) {
    const a = integerCurve(stream, 9);
    const b = integerCurve(stream, 9);
    assert.equal(binomialTest(a, b), naiveTest(a, b));
    answers.add(binomialTest(a, b));
  }
  assert.ok(answers.has(0) && answers.has(2) && answers.size > 30, `${answers.size} answers`);
});

function even(pairs: number): Curve {
  return unsmoothed(...new Array<number>(pairs).fill(1));
}

/** Above `even` in the first `wins` of its pairs, below in the others; starts equal when smoothed. */
function winning(wins: number, pairs: number): Curve {
  return { raw: Array.from({ length: pairs }, (_, i) => (i < wins ? 2 : 0)), smoothed: even(pairs).smoothed };
}

function naiveTest(a: Curve, b: Curve): number {
  const overlap = findOverlap(a.smoothed, b.smoothed);
  const differences = a.raw.flatMap((x) => b.raw.map((y) => x - y));
  if (!overlap && differences.every((one) => one > 0)) return 0;
  if (!overlap && differences.every((one) => one < 0)) return 2;
  const left = a.raw.slice(overlap?.startA ?? 0);
  const right = b.raw.slice(overlap?.startB ?? 0);
  const pairs = Math.min(left.length, right.length);
  const wins = left.filter((x, i) => i < pairs && x > (right[i] ?? NaN)).length;
  let row = [1];
  for (let n = 0; n < pairs; n++) row = [1, ...row.map((one, i) => one + (row[i + 1] ?? 0))];
  return row.slice(wins).reduce((sum, one) => sum + one, 0) / 2 ** pairs;
}
