import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { comparisonRow, lossDifference, type Measured } from '../../../workers/gpu-check/comparing.ts';

describe('the comparison of two devices', () => {
  const measured = (losses: readonly number[], stepsPerSecond = 10): Measured => ({
    name: 'perceptron',
    onGpu: false,
    losses,
    stepsPerSecond,
  });

  it('takes the largest relative difference of a loss', () => {
    assert.equal(lossDifference(measured([2, 4]), measured([2, 4])), 0);
    assert.equal(lossDifference(measured([2, 4]), measured([2.5, 3])), 0.25);
    for (const broken of [[2], [2, NaN], [2, Infinity]])
      assert.equal(lossDifference(measured([2, 4]), measured(broken)), Infinity);
  });

  it('prints speeds, their ratio and the difference', () => {
    const row = (gpu: Measured | undefined): string[] =>
      comparisonRow('a network', measured([2, 4]), gpu).split(/ {2,}/);
    assert.deepEqual(row(measured([2, 4.02], 85)), ['a network', '10.0', '85.0', '8.5', '5.0e-3']);
    assert.deepEqual(row(measured([2, 5], 85)), ['a network', '10.0', '85.0', '8.5', '2.5e-1 DIFFERS']);
    assert.deepEqual(row(undefined), ['a network', '10.0', '–', '–', '–']);
  });
});
