import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { advantagesOf, standardised } from '../../../../activities/tasks/reinforcement-learning/returns.ts';

const trajectories = (last: readonly number[], nextValues: readonly number[]) => ({
  environments: 1,
  rewards: Float64Array.of(1, 2, 3, 4),
  values: Float64Array.of(10, 20, 30, 40),
  nextValues: Float64Array.from(nextValues),
  last: Uint8Array.from(last),
});

describe('returns', () => {
  it('bootstraps n-step returns once, at the end of the unroll', () => {
    const batch = trajectories([0, 0, 0, 0], [20, 30, 40, 50]);
    const { returns, advantages } = advantagesOf(batch, { discount: 0.5, lambda: 1, unroll: 4 });
    // 4 + 50/2; 3 + 29/2; 2 + 17.5/2; 1 + 10.75/2.
    assert.deepEqual([...returns], [6.375, 10.75, 17.5, 29]);
    assert.deepEqual([...advantages], [-3.625, -9.25, -12.5, -11]);
    const halves = advantagesOf(batch, { discount: 0.5, lambda: 1, unroll: 2 });
    // 3 + 29/2 as before; 2 + 30/2; 1 + 17/2.
    assert.deepEqual([...halves.returns], [9.5, 17, 17.5, 29]);
  });

  it('takes nothing from behind an end, and what is expected from behind a time limit', () => {
    const ended = advantagesOf(trajectories([0, 1, 0, 0], [20, 0, 40, 50]), { discount: 0.5, lambda: 1, unroll: 4 });
    assert.deepEqual([...ended.returns], [2, 2, 17.5, 29]);
    const cut = advantagesOf(trajectories([0, 1, 0, 0], [20, 8, 40, 50]), { discount: 0.5, lambda: 1, unroll: 4 });
    assert.deepEqual([...cut.returns], [4, 6, 17.5, 29]);
  });

  it('mixes returns of all lengths by λ, and keeps environments apart', () => {
    const batch = {
      environments: 2,
      rewards: Float64Array.of(1, 0, 2, 0),
      values: Float64Array.of(4, 0, 8, 0),
      nextValues: Float64Array.of(8, 0, 16, 0),
      last: new Uint8Array(4),
    };
    const { advantages } = advantagesOf(batch, { discount: 0.5, lambda: 0.5, unroll: 2 });
    // δ: 1 + 4 − 4 = 1 and 2 + 8 − 8 = 2; A: 1 + 2/4 and 2.
    assert.deepEqual([...advantages], [1.5, 0, 2, 0]);
  });

  it('standardises to mean 0 and deviation 1, and only shifts what is all the same', () => {
    assert.deepEqual([...standardised(Float64Array.of(1, 3))], [-1, 1]);
    assert.deepEqual([...standardised(Float64Array.of(2, 2, 2))], [0, 0, 0]);
  });
});
