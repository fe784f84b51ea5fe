import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { comparisonRow, isRepeated, lossDifference, type Measured } from '../../../workers/gpu-check/comparing.ts';

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

  it('sees whether the losses are repeated bit for bit', () => {
    assert.equal(isRepeated(measured([2, 4]), measured([2, 4], 85)), true);
    for (const other of [[2], [2, 4 + 1e-15], [2, NaN]])
      assert.equal(isRepeated(measured([2, 4]), measured(other)), false);
  });

  it('prints speeds, their ratio, the difference, and whether the GPU repeats itself', () => {
    const row = (gpu?: Measured, again?: Measured): string[] =>
      comparisonRow('a network', measured([2, 4]), gpu, again).split(/ {2,}/);
    const [close, far] = [measured([2, 4.02], 85), measured([2, 5], 85)];
    assert.deepEqual(row(close, close), ['a network', '10.0', '85.0', '8.5', '5.0e-3', 'yes']);
    assert.deepEqual(row(far, close), ['a network', '10.0', '85.0', '8.5', '2.5e-1 DIFFERS', 'NO']);
    assert.deepEqual(row(), ['a network', '10.0', '–', '–', '–', '–']);
  });
});
