import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { atOnce } from '../../../activities/comparison/pausing.ts';
import { comparePairs, summarise } from '../../../activities/comparison/statistics.ts';

describe('the summary of an arm', () => {
  it('agrees with calculation by hand', () => {
    const { count, mean, median, interquartileMean, standardDeviation } = atOnce(summarise([4, 1, 2, 9]));
    assert.deepEqual([count, mean, median, interquartileMean], [4, 4, 3, 3]);
    assert.ok(Math.abs((standardDeviation ?? 0) - Math.sqrt(38 / 3)) < 1e-12);
  });

  it('weights values at the edge of the middle half by the share inside', () => {
    // Of five, 1.25 are left out at either end: (0.75 · 2 + 3 + 0.75 · 4) / 2.5.
    assert.ok(Math.abs(atOnce(summarise([1, 2, 3, 4, 100])).interquartileMean - 3) < 1e-12);
  });

  it('has a reproducible interval around the mean', () => {
    const { mean, meanInterval } = atOnce(summarise([0.86, 0.87, 0.85, 0.88, 0.86]));
    assert.ok(
      meanInterval &&
        meanInterval.low > 0.85 &&
        meanInterval.low < mean &&
        mean < meanInterval.high &&
        meanInterval.high < 0.88,
    );
    assert.deepEqual(atOnce(summarise([0.86, 0.87, 0.85, 0.88, 0.86])).meanInterval, meanInterval);
  });

  it('has no spread for one value, and nothing for no values', () => {
    assert.deepEqual([atOnce(summarise([0.5])).standardDeviation, atOnce(summarise([0.5])).meanInterval], [null, null]);
    assert.throws(() => atOnce(summarise([])), /Expected `values` to be at least one number, got none/);
  });
});

describe('the comparison of two arms', () => {
  it('counts the sign patterns with at least the same difference', () => {
    assert.equal(atOnce(comparePairs([2, 3, 4], [1, 1, 1])).p, 2 / 8);
    assert.equal(atOnce(comparePairs([2, 3, 4, 5, 6], [1, 1, 1, 1, 1])).p, 2 / 32);
    // 1 − 2 + 3 = 2: of 6, 0, 2, −4, 4, −2, 0, −6 all but the two zeros go as far.
    assert.equal(atOnce(comparePairs([1, -2, 3], [0, 0, 0])).p, 6 / 8);
  });

  it('finds no difference between equal arms', () => {
    const { p, meanDifference, effectSize } = atOnce(comparePairs([1, 2], [1, 2]));
    assert.deepEqual([p, meanDifference, effectSize], [1, 0, null]);
  });

  it('requires pairs', () => {
    assert.throws(
      () => atOnce(comparePairs([1], [1, 2])),
      /Expected as many values in both arms, at least one, got `1 and 2`/,
    );
  });
});
