import assert from 'node:assert/strict';
import { test } from 'node:test';
import { findOverlap, randomStream } from '../../../workflows/algorithm/index.ts';
import type { Overlap } from '../../../workflows/algorithm/index.ts';
import { integerCurve } from './example-curves.ts';

test('the overlap of a lower curve begins where it reaches the start of the other', () => {
  assert.deepEqual(findOverlap([1, 2, 3, 4, 5], [3, 4, 6]), { startA: 2, startB: 0, length: 3 });
  assert.deepEqual(findOverlap([1, 2, 5], [4, 4, 4]), { startA: 2, startB: 0, length: 1 });
});

test('the overlap of a higher curve begins at its start', () => {
  assert.deepEqual(findOverlap([3, 4, 6], [1, 2, 3, 4, 5]), { startA: 0, startB: 2, length: 3 });
  assert.deepEqual(findOverlap([3, 4], [1, 4, 5, 6, 7]), { startA: 0, startB: 1, length: 2 });
});

test('curves with equal starts overlap from their starts', () => {
  assert.deepEqual(findOverlap([2, 1], [2, 5, 6]), { startA: 0, startB: 0, length: 2 });
  assert.deepEqual(findOverlap([2], [2]), { startA: 0, startB: 0, length: 1 });
});

test('only the first crossing counts, even if the curve falls back', () => {
  assert.deepEqual(findOverlap([0, 5, 1, 6], [4, 4]), { startA: 1, startB: 0, length: 2 });
});

test('curves that never meet do not overlap', () => {
  assert.equal(findOverlap([1, 2, 3], [4, 5]), undefined);
  assert.equal(findOverlap([4, 5], [1, 2, 3]), undefined);
});

test('a curve without points has no overlap', () => {
  assert.equal(findOverlap([], [1]), undefined);
  assert.equal(findOverlap([1], []), undefined);
  assert.equal(findOverlap([], []), undefined);
});

test('the overlap agrees with a search over all pairs, for 20,000 random pairs of curves', () => {
  const stream = randomStream(1, 'overlap');
  let overlapping = 0;
  for (let i = 0; i < 20_000; i++) {
    const a = integerCurve(stream, 8).smoothed;
    const b = integerCurve(stream, 8).smoothed;
    const overlap = findOverlap(a, b);
    assert.deepEqual(overlap, naiveOverlap(a, b), `${a.join()} / ${b.join()}`);
    if (overlap) overlapping++;
  }
  assert.ok(overlapping > 2000 && overlapping < 19_500, `${overlapping} overlap`);
});

/** Of all ways to start one curve at its beginning, the earliest at which the other is not below. */
function naiveOverlap(a: readonly number[], b: readonly number[]): Overlap | undefined {
  const aIsBelow = (a[0] ?? 0) < (b[0] ?? 0);
  for (let start = 0; start < 100; start++) {
    const [startA, startB] = aIsBelow ? [start, 0] : [0, start];
    const x = a[startA];
    const y = b[startB];
    if (x === undefined || y === undefined) return undefined;
    if (aIsBelow ? x >= y : y >= x) {
      let length = 0;
      while (startA + length in a && startB + length in b) length++;
      return { startA, startB, length };
    }
  }
  return undefined;
}
