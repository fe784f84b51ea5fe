import assert from 'node:assert/strict';
import { test } from 'node:test';
import { exp, log, randomStream } from '../../../workflows/algorithm/index.ts';

test("exp and log stay within 2 units in the last place of the engine's own", () => {
  const stream = randomStream(1, 'exponential');
  for (let i = 0; i < 100_000; i++) {
    const x = (stream.next() - 0.5) * (i % 2 === 0 ? 2 : 1400);
    assert.ok(unitsApart(exp(x), Math.exp(x)) <= 2, `exp(${x})`);
    const y = Math.exp((stream.next() - 0.5) * (i % 2 === 0 ? 2 : 1400));
    assert.ok(unitsApart(log(y), Math.log(y)) <= 2, `log(${y})`);
  }
});

test('exp and log give exactly 0, 1 and the constants of Math', () => {
  assert.equal(exp(0), 1);
  assert.equal(log(1), 0);
  assert.equal(exp(1), Math.E);
  assert.equal(log(2), Math.LN2);
  assert.equal(log(10), Math.LN10);
});

test('exp and log reach the ends of the range of doubles', () => {
  assert.equal(exp(709.782712893384), 1.7976931348622732e308);
  assert.equal(exp(709.79), Infinity);
  assert.equal(exp(-745.13), Number.MIN_VALUE);
  assert.equal(exp(-745.14), 0);
  assert.equal(exp(-Infinity), 0);
  assert.equal(log(Number.MIN_VALUE), -744.4400719213812);
  assert.equal(log(Number.MAX_VALUE), 709.782712893384);
  assert.equal(log(0), -Infinity);
  assert.equal(log(Infinity), Infinity);
  assert.ok(Number.isNaN(log(-1)) && Number.isNaN(log(NaN)) && Number.isNaN(exp(NaN)));
});

test('exp and log give the recorded bits', () => {
  assert.deepEqual(
    [-20.5, -1, -0.1, 0.3, 5, 100].map(exp),
    [
      1.2501528663867426e-9, 0.36787944117144233, 0.9048374180359595, 1.3498588075760032, 148.4131591025766,
      2.6881171418161356e43,
    ],
  );
  assert.deepEqual(
    [1e-5, 0.1, 0.9, 1.1, 3, 1e10].map(log),
    [
      -11.512925464970229, -2.3025850929940455, -0.10536051565782628, 0.09531017980432493, 1.0986122886681096,
      23.025850929940457,
    ],
  );
});

function unitsApart(a: number, b: number): number {
  const magnitude = Math.max(Math.abs(b), 2.3e-308);
  const unit = 2 ** (Math.floor(Math.log2(magnitude)) - 52);
  return Math.abs(a - b) / unit;
}
