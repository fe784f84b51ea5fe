import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Verdict } from '../../../workflows/algorithm/verdict.ts';
import { describeComparison, describeP, explainEnd, REASON_TEXTS } from '../../../workflows/population/verdict-text.ts';

const NAMES = { parent: 'P2/member-1', child: 'P1/member-5' };
const VERDICT: Verdict = {
  outcome: 'stop',
  reason: 'binomial-test',
  overlap: { startA: 0, startB: 2, length: 12 },
  gap: -0.0123,
  p: 0.8671,
  threshold: 0.6767,
};
const APART = { ...VERDICT, overlap: null, gap: 0 };

describe('the numbers of a comparison in words', () => {
  it('say which curve is above if there is no overlap', () => {
    assert.equal(describeComparison({ ...APART, p: 2 }), 'no overlap: evaluator entirely below its child');
    assert.equal(describeComparison({ ...APART, p: 0 }), 'no overlap: evaluator entirely above its child');
    assert.equal(
      describeComparison({ ...APART, p: 0, gap: 0.031 }),
      'no overlap: evaluator entirely above its child, best score 0.031 higher from the same level',
    );
    assert.equal(describeComparison({ ...APART, p: 0.5 }), 'no overlap');
    assert.equal(describeComparison({ ...APART, p: null, gap: null }), 'nothing to compare');
  });

  it('say pairs, difference, p and limit of an overlap', () => {
    assert.equal(
      describeComparison(VERDICT),
      '12 pairs of scores from the same level, best one 0.012 lower, p = 0.87, stops above 0.68',
    );
    assert.equal(
      describeComparison({ ...VERDICT, overlap: { startA: 0, startB: 0, length: 1 }, gap: 0, threshold: 1.01 }),
      '1 pair of scores from the same level, best one exactly as high, p = 0.87, stops above 1',
    );
  });

  it('give a p-value the digits that matter', () => {
    assert.deepEqual([1e-9, 0.00312, 0.875, 0.9921, 0.99999, 1, 0].map(describeP), [
      'p < 0.0001',
      'p = 0.0031',
      'p = 0.88',
      'p = 0.992',
      'p > 0.999',
      'p = 1',
      'p = 0',
    ]);
  });
});

describe('the end of an evaluation in words', () => {
  const explain = (reason: Parameters<typeof explainEnd>[0], verdict: Verdict | null): string =>
    explainEnd(reason, verdict, NAMES, { significance: 0.01 });

  it('says why the test failed or passed, with its numbers', () => {
    assert.equal(
      explain('binomial-test', VERDICT),
      'Compared from the same score on, over 12 measurements, the evaluator was not above P1/member-5 often enough ' +
        '(p = 0.87, more than the 0.68 allowed by now). Its best score was 0.012 lower.',
    );
    assert.equal(
      explain('success', { ...VERDICT, gap: 0.02, p: 0.0002 }),
      'Compared from the same score on, over 12 measurements, the evaluator got 0.02 higher than P1/member-5 ' +
        '(p = 0.0002, below 0.01). P1/member-5 takes over its weights.',
    );
    assert.equal(
      explain('success', { ...APART, gap: 0.02, p: 0 }),
      'The evaluator is entirely above P1/member-5; from the same level, its best score is 0.02 higher. P1/member-5 ' +
        'takes over its weights.',
    );
    assert.equal(
      explain('no-overlap', { ...APART, p: 2 }),
      'The time was over and the curves had no score in common: the evaluator stayed entirely below P1/member-5.',
    );
  });

  it('names the worker that was replaced', () => {
    assert.match(explain('child-exploited', APART), /^P1\/member-5 copied a better member/);
    assert.match(
      explain('parent-exploited', { ...APART, p: 2 }),
      /^P2\/member-1, .* Until then: no overlap: evaluator entirely below its child\.$/,
    );
    assert.equal(explain('stopped-by-hand', null), REASON_TEXTS['stopped-by-hand'].meaning);
  });
});
