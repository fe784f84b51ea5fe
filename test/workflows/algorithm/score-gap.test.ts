import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bestScoreDifference, findOverlap, randomStream } from '../../../workflows/algorithm/index.ts';
import type { Curve } from '../../../workflows/algorithm/index.ts';
import { curveOf, integerCurve, learningCurve, unsmoothed } from './example-curves.ts';

test('over the overlap, the gap is the best of one minus the best of the other', () => {
  // a[2], a[3], a[4] = 3, 8, 5 beside b = 3, 4, 6; a's 9 comes before the overlap and b's 7 after it.
  assert.equal(
    bestScoreDifference(
      { raw: [9, 2, 3, 8, 5], smoothed: [1, 2, 3, 4, 5] },
      { raw: [3, 4, 6, 7], smoothed: [3, 4, 6, 7] },
      true,
    ),
    2,
  );
  assert.equal(bestScoreDifference(unsmoothed(3, 4), unsmoothed(1, 4, 6), true), -2);
});

test('the gap is not symmetric', () => {
  // Without an overlap, only the curve that lies above is shifted.
  const high = unsmoothed(10, 20);
  const low = unsmoothed(1, 2, 2);
  assert.equal(bestScoreDifference(high, low, true), 10);
  assert.equal(bestScoreDifference(low, high, true), 0);
});

test('a curve entirely above is shifted down by ten amounts, and the best gap counts', () => {
  // Shifts 8, 8.1, … 8.9. By 8, a is 2, 12 and b's 2 is the first to reach its start: 2 − 2. By 8.1 it is 1.9, 11.9,
  // and meets the same 2: 1.9 − 2. All ten meet b at its last point, so the overlap holds a's first point alone.
  assert.equal(bestScoreDifference(unsmoothed(10, 20), unsmoothed(1, 2), true), 0);
  // One more point of b lets a's second be seen: 20 − 8 − 2.
  assert.equal(bestScoreDifference(unsmoothed(10, 20), unsmoothed(1, 2, 2), true), 10);
});

test("the shift does not reach where the curves' lowest points meet", () => {
  // Shifts 4, 4.5, … 8.5; by 9, a would start where b does. The smallest that meets b before its last point is 6: 4, 14
  // against 4, 6.
  assert.equal(bestScoreDifference(unsmoothed(10, 20), unsmoothed(1, 4, 6), true), 8);
});

test('a curve entirely above a constant one, or entirely below, has the gap 0', () => {
  assert.equal(bestScoreDifference(unsmoothed(5, 9), unsmoothed(3, 3, 3), true), 0);
  assert.equal(bestScoreDifference(unsmoothed(5), unsmoothed(3), true), 0);
  assert.equal(bestScoreDifference(unsmoothed(1, 2), unsmoothed(3, 4), true), 0);
});

test('without shifts, a curve entirely above has the gap 0, and overlapping curves have the same gap', () => {
  assert.equal(bestScoreDifference(unsmoothed(10, 20), unsmoothed(1, 2, 2), false), 0);
  assert.equal(bestScoreDifference(unsmoothed(10, 20), unsmoothed(1, 2, 2), true), 10);
  assert.equal(bestScoreDifference(unsmoothed(1, 2, 3), unsmoothed(1, 4, 9), false), -6);
});

test('curves whose smooths do not overlap have the gap 0, even if their scores do', () => {
  assert.equal(bestScoreDifference({ raw: [5, 1], smoothed: [4, 4] }, { raw: [3, 2], smoothed: [2, 2] }, true), 0);
  // Touching is not above.
  assert.equal(bestScoreDifference({ raw: [5, 4], smoothed: [5, 5] }, { raw: [4, 3], smoothed: [3, 3] }, true), 0);
});

test('a curve without points has the gap 0', () => {
  assert.equal(bestScoreDifference(unsmoothed(), unsmoothed(1), true), 0);
  assert.equal(bestScoreDifference(unsmoothed(1), unsmoothed(), true), 0);
});

test('the gap of equal curves is 0', () => {
  const stream = randomStream(2, 'equal');
  for (let i = 0; i < 200; i++) {
    const curve = curveOf(learningCurve(stream, 1 + stream.integer(40), 0.02), 'fixed');
    assert.equal(bestScoreDifference(curve, curve, true), 0);
  }
});

test('the gap agrees with a naive second implementation: exactly on integers, to 1e-12 on numbers', () => {
  const stream = randomStream(3, 'gaps');
  let shifted = 0;
  for (let i = 0; i < 20_000; i++) {
    const onIntegers = i % 4 !== 0;
    const [a, b] = [0, 1].map((which): Curve => {
      if (onIntegers) {
        const curve = integerCurve(stream, 8);
        const lift = which === 0 ? stream.integer(3) * 6 : 0;
        return { raw: curve.raw.map((score) => score + lift), smoothed: curve.smoothed.map((score) => score + lift) };
      }
      return curveOf(
        learningCurve(stream, 1 + stream.integer(30), 0.02).map(
          (score) => score + (which === 0 ? 0.4 * stream.next() : 0),
        ),
        'fixed',
      );
    });
    if (!a || !b) throw new Error('Cannot compare curves: there are not two');
    const shifts = i % 3 !== 0;
    const expected = naiveGap(a, b, shifts);
    const actual = bestScoreDifference(a, b, shifts);
    if (expected.shifted) shifted++;
    if (onIntegers && !expected.shifted) assert.equal(actual, expected.gap);
    else assert.ok(Math.abs(actual - expected.gap) <= 1e-12, `${actual}, not ${expected.gap}`);
  }
  assert.ok(shifted > 500, `${shifted} are shifted`);
});

function naiveGap(a: Curve, b: Curve, shifts: boolean): { gap: number; shifted: boolean } {
  const overOverlap = (x: Curve): number | undefined => {
    const overlap = findOverlap(x.smoothed, b.smoothed);
    if (!overlap) return undefined;
    const pairs = Array.from({ length: overlap.length }, (_, i) => [
      x.raw[overlap.startA + i] ?? NaN,
      b.raw[overlap.startB + i] ?? NaN,
    ]);
    return Math.max(...pairs.map(([score = NaN]) => score)) - Math.max(...pairs.map(([, score = NaN]) => score));
  };
  const gap = overOverlap(a);
  if (gap !== undefined) return { gap, shifted: false };
  if (!shifts || !a.raw.every((one) => b.raw.every((other) => one > other))) return { gap: 0, shifted: false };
  const from = Math.min(...a.raw) - Math.max(...b.raw);
  const to = Math.min(...a.raw) - Math.min(...b.raw);
  if (from === to) return { gap: 0, shifted: true };
  const gaps = Array.from({ length: 10 }, (_, i) => {
    const shift = from + ((to - from) * i) / 10;
    return (
      overOverlap({ raw: a.raw.map((score) => score - shift), smoothed: a.smoothed.map((score) => score - shift) }) ?? 0
    );
  });
  return { gap: Math.max(0, ...gaps), shifted: true };
}
