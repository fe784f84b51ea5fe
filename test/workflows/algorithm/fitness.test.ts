import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bestScoreDifference, fitnessByImprovement, randomStream } from '../../../workflows/algorithm/index.ts';
import { curveOf, learningCurve, unsmoothed } from './example-curves.ts';

test('the fitness is the sum of the gaps to all other evaluated members', () => {
  const evaluations = [
    { member: 4, curve: unsmoothed(1, 2, 3) },
    { member: 0, curve: unsmoothed(1, 4, 9) },
    { member: 7, curve: unsmoothed(1, 2, 5) },
  ];
  // 3 − 9 and 3 − 5; 9 − 3 and 9 − 5; 5 − 3 and 5 − 9.
  assert.deepEqual(fitnessByImprovement(evaluations, true), [
    { member: 4, fitness: -8 },
    { member: 0, fitness: 10 },
    { member: 7, fitness: -2 },
  ]);
});

test('a member that improves faster from similar performance ranks above one that is only higher', () => {
  const slowAndHigh = { member: 0, curve: unsmoothed(0.8, 0.81, 0.82, 0.83) };
  const fastAndLow = { member: 1, curve: unsmoothed(0.6, 0.7, 0.8, 0.85) };
  const [high, low] = fitnessByImprovement([slowAndHigh, fastAndLow], true);
  assert.ok(high && low && low.fitness > high.fitness);
});

test('without shifts, a member entirely above another gains nothing from it', () => {
  const evaluations = [
    { member: 0, curve: unsmoothed(10, 20) },
    { member: 1, curve: unsmoothed(1, 2, 2) },
    { member: 2, curve: unsmoothed(1, 2, 7) },
  ];
  // Member 0 against 1: 20 − 8 − 2. Against 2: of the shifts 3, 3.6 … 8.4 only the last meets it before its last point,
  // 20 − 8.4 − 7. The others: 2 − 7 and 7 − 2.
  const [high, low, third] = fitnessByImprovement(evaluations, true);
  assert.ok(high && Math.abs(high.fitness - 14.6) < 1e-12);
  assert.deepEqual([low?.fitness, third?.fitness], [-5, 5]);
  assert.deepEqual(fitnessByImprovement(evaluations, false), [
    { member: 0, fitness: 0 },
    { member: 1, fitness: -5 },
    { member: 2, fitness: 5 },
  ]);
});

test('a single member has fitness 0, and no members give no fitness', () => {
  assert.deepEqual(fitnessByImprovement([{ member: 3, curve: unsmoothed(1, 2) }], true), [{ member: 3, fitness: 0 }]);
  assert.deepEqual(fitnessByImprovement([], true), []);
});

test('the order of members changes no fitness by more than rounding', () => {
  const stream = randomStream(1, 'fitness');
  for (let i = 0; i < 100; i++) {
    const evaluations = Array.from({ length: 6 }, (_, member) => ({
      member,
      curve: curveOf(learningCurve(stream, 5 + stream.integer(20), 0.02), 'fixed'),
    }));
    const shifts = i % 2 === 0;
    const forwards = fitnessByImprovement(evaluations, shifts);
    const backwards = fitnessByImprovement([...evaluations].reverse(), shifts).reverse();
    for (const [index, { member, fitness }] of forwards.entries()) {
      assert.equal(backwards[index]?.member, member);
      assert.ok(Math.abs((backwards[index]?.fitness ?? NaN) - fitness) < 1e-12);
      const others = evaluations.filter((one) => one.member !== member);
      const own = evaluations[index];
      assert.ok(
        own &&
          Math.abs(
            others.map((one) => bestScoreDifference(own.curve, one.curve, shifts)).reduce((a, b) => a + b, 0) - fitness,
          ) < 1e-12,
      );
    }
  }
});
