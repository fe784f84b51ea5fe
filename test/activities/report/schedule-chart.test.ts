import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { valueAxis } from '../../../activities/report/schedule-chart.ts';

describe('the axis of a hyperparameter', () => {
  it('is logarithmic if the values span orders of magnitude, however many there are', () => {
    const values = Array.from({ length: 300_000 }, (_, index) => (index === 200_000 ? 0.001 : 1));
    assert.deepEqual(valueAxis(values).scale, { type: 'log', nice: false, padding: 6 });
    assert.deepEqual(valueAxis([1, 2]).scale, { zero: false, padding: 6 });
  });
});
