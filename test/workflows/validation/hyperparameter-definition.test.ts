import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { HyperparameterDefinition } from '../../../activities/contracts/task.ts';
import { allows, ruleOf } from '../../../workflows/validation/hyperparameter-definition.ts';

const number = (bounds: object): HyperparameterDefinition => ({
  kind: 'number',
  name: 'x',
  description: '',
  ...bounds,
});
const BATCH_SIZE: HyperparameterDefinition = {
  kind: 'integer',
  name: 'batchSize',
  description: '',
  minimum: 1,
  maximum: 256,
};
const ACTIVATION: HyperparameterDefinition = {
  kind: 'category',
  name: 'activation',
  description: '',
  choices: ['relu', 'tanh'],
};

describe('the definition of a hyperparameter', () => {
  for (const [bounds, rule] of [
    [{}, 'a finite number'],
    [{ minimum: 0 }, 'a number of at least 0'],
    [{ above: 0 }, 'a number above 0'],
    [{ maximum: 1 }, 'a number of at most 1'],
    [{ below: 1 }, 'a number below 1'],
    [{ minimum: 0, maximum: 1 }, 'a number from 0 to 1'],
    [{ minimum: 0, below: 1 }, 'a number from 0 to below 1'],
    [{ above: 0, maximum: 1 }, 'a number above 0 and at most 1'],
    [{ above: 0, below: 1 }, 'a number above 0 and below 1'],
  ] as const) {
    it(`says of ${JSON.stringify(bounds)}: ${rule}`, () => {
      assert.equal(ruleOf(number(bounds)), `${rule}, in single precision too`);
    });
  }

  it('says which integers and which names are allowed', () => {
    assert.equal(ruleOf(BATCH_SIZE), 'an integer from 1 to 256');
    assert.equal(ruleOf(ACTIVATION), 'one of `relu`, `tanh`');
  });

  it('allows numbers with an inclusive bound and not with an exclusive one, whatever its nearest float32 is', () => {
    for (const bound of [0, 1, 0.1, 0.9, -0.7, 1e-5]) {
      assert.ok(allows(number({ minimum: bound }), bound), `minimum ${bound}`);
      assert.ok(allows(number({ maximum: bound }), bound), `maximum ${bound}`);
      assert.ok(!allows(number({ above: bound }), bound), `above ${bound}`);
      assert.ok(!allows(number({ below: bound }), bound), `below ${bound}`);
    }
    assert.ok(!allows(number({ maximum: 0.1 }), 0.1 + 1e-12));
    assert.ok(!allows(number({ minimum: 0.1 }), 0.1 - 1e-12));
  });

  it('refuses numbers that single precision takes out of their bounds', () => {
    assert.ok(!allows(number({ above: 0 }), 1e-60));
    assert.ok(!allows(number({ below: 1 }), 0.99999999));
    assert.ok(!allows(number({}), 1e40));
    assert.ok(allows(number({ above: 0 }), 1e-40));
  });

  it('refuses what is of another kind', () => {
    for (const value of ['1', null, undefined, NaN, Infinity, -Infinity, true, [1]])
      assert.ok(!allows(number({}), value), String(value));
    for (const value of [0, 257, 1.5, '16', NaN, Infinity, null]) assert.ok(!allows(BATCH_SIZE, value), String(value));
    for (const value of ['sigmoid', '', 0, null, ['relu']]) assert.ok(!allows(ACTIVATION, value), String(value));
    assert.ok(allows(BATCH_SIZE, 1) && allows(BATCH_SIZE, 256) && allows(ACTIVATION, 'tanh'));
  });
});
