import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  binomialTest,
  bestScoreDifference,
  findOverlap,
  judge,
  randomStream,
} from '../../../workflows/algorithm/index.ts';
import type { Curve, Evidence, Verdict } from '../../../workflows/algorithm/index.ts';
import { integerCurve, unsmoothed } from './example-curves.ts';

// Seven wins in a row from the same start: p = 1/128, and the best is higher by 4.
const child = unsmoothed(1, 1, 1, 1, 1, 1, 1);
const better: Curve = { raw: [2, 3, 4, 5, 5, 5, 5], smoothed: [1, 2, 3, 4, 5, 5, 5] };
// Equal throughout: p = 1.
const same = child;
// Five wins of seven: p = 29/128.
const undecided: Curve = { raw: [2, 2, 2, 2, 2, 0, 0], smoothed: [1, 1, 1, 1, 1, 1, 1] };
const below = unsmoothed(0, 0, 0, 0, 0, 0, 0);
const above = unsmoothed(3, 3, 3, 3, 3, 3, 3);

test('an evaluator with a significant gap succeeds', () => {
  assert.deepEqual(verdict({ evaluator: better }), {
    outcome: 'success',
    reason: 'success',
    overlap: { startA: 0, startB: 0, length: 7 },
    gap: 4,
    p: 1 / 128,
    threshold: 0.01 + (1 - 200 / 600),
  });
});

test('success needs a gap above 0 and a probability below the significance level', () => {
  assert.equal(
    verdict({ evaluator: better, significance: 1 / 128 }).reason,
    'undecided',
    'p equal to the significance does not pass',
  );
  assert.equal(verdict({ evaluator: undecided }).reason, 'undecided');
  // Above throughout but constant: p = 0, gap 0.
  assert.deepEqual(pick(verdict({ evaluator: above })), ['continue', 'undecided', 0, 0]);
});

test('an evaluator entirely above its child is shifted down for the comparison', () => {
  const rising = unsmoothed(10, 20, 30);
  const learner = unsmoothed(1, 4, 4, 4);
  assert.deepEqual(pick(verdict({ evaluator: rising, child: learner })), ['success', 'success', 20, 0]);
});

test('an exploited child ends the evaluation, even a successful one', () => {
  assert.deepEqual(pick(verdict({ evaluator: better, childExploited: true })), ['stop', 'child-exploited', 4, 1 / 128]);
  assert.deepEqual(pick(verdict({ evaluator: 'diverged', childExploited: true })), [
    'stop',
    'child-exploited',
    null,
    null,
  ]);
  assert.deepEqual(pick(verdict({ evaluator: better, child: unsmoothed(), childExploited: true })), [
    'stop',
    'child-exploited',
    null,
    null,
  ]);
});

test('a diverged evaluator ends, and so does one whose diverged child was not replaced', () => {
  assert.deepEqual(verdict({ evaluator: 'diverged' }), {
    outcome: 'stop',
    reason: 'diverged',
    overlap: null,
    gap: null,
    p: null,
    threshold: 0.01 + (1 - 200 / 600),
  });
  assert.equal(verdict({ evaluator: 'diverged', child: 'diverged' }).reason, 'diverged');
  assert.equal(verdict({ child: 'diverged' }).reason, 'child-diverged');
});

test('success has priority over every reason to stop', () => {
  const reasons = { childPromotedThisPass: true, parentExploited: true, evaluationSteps: 6000 };
  assert.equal(verdict({ evaluator: better, ...reasons }).outcome, 'success');
});

test('without an overlap, an evaluation ends at maxEvalSteps and not earlier', () => {
  assert.deepEqual(pick(verdict({ evaluator: below, evaluationSteps: 599 })), ['continue', 'undecided', 0, 2]);
  assert.deepEqual(pick(verdict({ evaluator: below, evaluationSteps: 600 })), ['stop', 'no-overlap', 0, 2]);
  assert.equal(verdict({ evaluator: below, evaluationSteps: 600 }).overlap, null);
});

test('with an overlap, an evaluation ends when the probability exceeds a decreasing threshold', () => {
  // p = 29/128 = 0.2266: passes up to 1 − T/600 = 0.2166.
  assert.equal(verdict({ evaluator: undecided, evaluationSteps: 460 }).reason, 'undecided');
  assert.equal(verdict({ evaluator: undecided, evaluationSteps: 480 }).reason, 'binomial-test');
  assert.equal(
    verdict({ evaluator: same, evaluationSteps: 6 }).reason,
    'undecided',
    'a threshold of 1 and more stops nobody',
  );
  assert.equal(verdict({ evaluator: same, evaluationSteps: 20 }).reason, 'binomial-test');
});

test('an evaluation may continue beyond maxEvalSteps while the probability is below the threshold', () => {
  const level: Curve = { raw: [2, 2, 2, 2, 2, 2, 2], smoothed: [1, 1, 1, 1, 1, 1, 1] };
  // p = 1/128 but the child got as far: a gap of 0.
  const fallen: Curve = { raw: [1, 1, 1, 1, 1, 1, 1, 2], smoothed: [1, 1, 1, 1, 1, 1, 1, 1] };
  const ahead: Curve = { raw: [...level.raw, 0], smoothed: fallen.smoothed };
  const slow = verdict({ evaluator: ahead, child: fallen, evaluationSteps: 6000, significance: 0.05 });
  assert.deepEqual(pick(slow), ['continue', 'undecided', 0, 9 / 256]);
  assert.equal(slow.threshold, 0.05);
});

test('a child that was promoted earlier in the pass, or an exploited parent, ends an undecided evaluation', () => {
  assert.equal(
    verdict({ evaluator: undecided, childPromotedThisPass: true, parentExploited: true }).reason,
    'child-promoted',
  );
  assert.equal(verdict({ evaluator: undecided, parentExploited: true }).reason, 'parent-exploited');
  assert.equal(
    verdict({ evaluator: same, evaluationSteps: 6000, childPromotedThisPass: true, parentExploited: true }).reason,
    'binomial-test',
  );
});

test('with fixed length, only the gap after maxEvalSteps decides', () => {
  const fixed = { stopping: 'fixed-length' } as const;
  assert.equal(
    verdict({ ...fixed, evaluator: better, evaluationSteps: 599 }).reason,
    'undecided',
    'however good it is',
  );
  assert.deepEqual(pick(verdict({ ...fixed, evaluator: better, evaluationSteps: 600 })), [
    'success',
    'success',
    4,
    1 / 128,
  ]);
  assert.deepEqual(
    pick(verdict({ ...fixed, evaluator: undecided, evaluationSteps: 600 })),
    ['success', 'success', 1, 29 / 128],
    'luck or not',
  );
  assert.deepEqual(pick(verdict({ ...fixed, evaluator: same, evaluationSteps: 599 })), ['continue', 'undecided', 0, 1]);
  assert.deepEqual(pick(verdict({ ...fixed, evaluator: same, evaluationSteps: 600 })), ['stop', 'fixed-length', 0, 1]);
  assert.deepEqual(pick(verdict({ ...fixed, evaluator: below, evaluationSteps: 600 })), ['stop', 'fixed-length', 0, 2]);
});

test('with fixed length, an exploited parent or child still ends an evaluation', () => {
  const fixed = { stopping: 'fixed-length', evaluator: better } as const;
  assert.equal(verdict({ ...fixed, childExploited: true, evaluationSteps: 600 }).reason, 'child-exploited');
  assert.equal(verdict({ ...fixed, evaluator: 'diverged' }).reason, 'diverged');
  assert.equal(verdict({ ...fixed, child: 'diverged' }).reason, 'child-diverged');
  assert.equal(verdict({ ...fixed, childPromotedThisPass: true, parentExploited: true }).reason, 'child-promoted');
  assert.equal(verdict({ ...fixed, parentExploited: true }).reason, 'parent-exploited');
  assert.equal(
    verdict({ ...fixed, childPromotedThisPass: true, parentExploited: true, evaluationSteps: 600 }).reason,
    'success',
  );
});

test('without shifts, an evaluator entirely above its child gains nothing', () => {
  const rising = { evaluator: unsmoothed(10, 20, 30), child: unsmoothed(1, 4, 4, 4) };
  assert.deepEqual(pick(verdict({ ...rising, shifts: true })), ['success', 'success', 20, 0]);
  assert.deepEqual(pick(verdict({ ...rising, shifts: false })), ['continue', 'undecided', 0, 0]);
  assert.deepEqual(pick(verdict({ ...rising, shifts: false, evaluationSteps: 600 })), ['stop', 'no-overlap', 0, 0]);
  assert.equal(
    verdict({ evaluator: better, shifts: false }).reason,
    'success',
    'over an overlap nothing is shifted anyhow',
  );
});

test('for random evidence, the first rule that applies decides', () => {
  const stream = randomStream(8, 'evidence');
  const reasons = new Set<string>();
  for (let i = 0; i < 20_000; i++) {
    const coin = (odds: number): boolean => stream.integer(odds) === 0;
    const given: Evidence = {
      evaluator: coin(20) ? 'diverged' : lifted(integerCurve(stream, 12), stream.integer(3) * 2),
      child: coin(20) ? 'diverged' : integerCurve(stream, 12),
      evaluationSteps: 20 * stream.integer(50),
      maxEvalSteps: 600,
      significance: 0.05,
      stopping: coin(3) ? 'fixed-length' : 'binomial-test',
      shifts: !coin(3),
      childExploited: coin(10),
      childPromotedThisPass: coin(4),
      parentExploited: coin(4),
    };
    const { reason, outcome } = judge(given);
    reasons.add(reason);
    assert.equal(reason, naiveReason(given));
    assert.equal(outcome, reason === 'success' ? 'success' : reason === 'undecided' ? 'continue' : 'stop');
  }
  assert.equal(reasons.size, 10, [...reasons].join());
});

function naiveReason({ evaluator, child: opponent, ...rest }: Evidence): string {
  if (rest.childExploited) return 'child-exploited';
  if (evaluator === 'diverged') return 'diverged';
  if (opponent === 'diverged') return 'child-diverged';
  const p = binomialTest(evaluator, opponent);
  const furtherOn = bestScoreDifference(evaluator, opponent, rest.shifts) > 0;
  const tested = rest.stopping !== 'fixed-length';
  const over = rest.evaluationSteps >= rest.maxEvalSteps;
  if (furtherOn && (tested ? p < rest.significance : over)) return 'success';
  const overlaps = findOverlap(evaluator.smoothed, opponent.smoothed) !== undefined;
  const limit =
    rest.evaluationSteps < rest.maxEvalSteps
      ? rest.significance + (1 - rest.evaluationSteps / rest.maxEvalSteps)
      : rest.significance;
  const rules = [
    { reason: 'fixed-length', holds: !tested && over },
    { reason: 'no-overlap', holds: tested && !overlaps && over },
    { reason: 'binomial-test', holds: tested && overlaps && p > limit },
    { reason: 'child-promoted', holds: rest.childPromotedThisPass },
    { reason: 'parent-exploited', holds: rest.parentExploited },
  ];
  return rules.find(({ holds }) => holds)?.reason ?? 'undecided';
}

function verdict(changes: Partial<Evidence>): Verdict {
  return judge({
    evaluator: undecided,
    child,
    evaluationSteps: 200,
    maxEvalSteps: 600,
    significance: 0.01,
    stopping: 'binomial-test',
    shifts: true,
    childExploited: false,
    childPromotedThisPass: false,
    parentExploited: false,
    ...changes,
  });
}

function pick({ outcome, reason, gap, p }: Verdict): unknown[] {
  return [outcome, reason, gap, p];
}

function lifted({ raw, smoothed }: Curve, by: number): Curve {
  return { raw: raw.map((score) => score + by), smoothed: smoothed.map((score) => score + by) };
}
