import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { shortScore } from '../../../workflows/population/figures.ts';

describe('figures', () => {
  it('tell scores of any size: accuracies to four decimals, returns of hundreds to one', () => {
    const scores = [0.87654321, -0.5, 99.99, -198.2345, 3222.46, 'diverged', null, undefined];
    const texts = ['0.8765', '-0.5000', '99.9900', '-198.2', '3222.5', 'diverged', '–', '–'];
    assert.deepEqual(scores.map(shortScore), texts);
  });
});
