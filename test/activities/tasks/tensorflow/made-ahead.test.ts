/**
 * Values that are made ahead of their use.
 */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { MadeAhead } from '../../../../activities/tasks/tensorflow/made-ahead.ts';

describe('values that are made ahead', () => {
  const begun: number[] = [];
  const make = async (index: number): Promise<string> => {
    begun.push(index);
    return Promise.resolve(`value ${index}`);
  };

  it('are begun once each, so many ahead and none beyond the end', async () => {
    begun.length = 0;
    const ahead = new MadeAhead(make, 2, 5);
    assert.equal(await ahead.take(0), 'value 0');
    assert.deepEqual(begun, [0, 1, 2]);
    for (const index of [1, 2, 3, 4]) assert.equal(await ahead.take(index), `value ${index}`);
    assert.deepEqual(begun, [0, 1, 2, 3, 4]);
  });

  it('are begun before they are taken if they are expected', async () => {
    begun.length = 0;
    const ahead = new MadeAhead(make, 2);
    ahead.expect(3, 5);
    assert.deepEqual(begun, [3, 4]);
    assert.equal(await ahead.take(3), 'value 3');
    assert.equal(await ahead.take(4), 'value 4');
    assert.deepEqual(begun, [3, 4], 'none beyond what is expected');
    assert.equal(await ahead.take(5), 'value 5', 'one that is taken nevertheless');
    ahead.expect(0, 2);
    assert.deepEqual(begun, [3, 4, 5, 0, 1]);
  });

  it('are made anew elsewhere', async () => {
    begun.length = 0;
    const ahead = new MadeAhead(make, 1);
    await ahead.take(7);
    assert.equal(await ahead.take(3), 'value 3');
    assert.equal(await ahead.take(8), 'value 8');
    assert.deepEqual(begun, [7, 8, 3, 4, 8, 9]);
  });

  it('give their errors to whoever takes them, and to nobody else', async () => {
    const ahead = new MadeAhead(
      (index) => (index === 1 ? Promise.reject(new Error('broken')) : Promise.resolve(index)),
      3,
    );
    assert.equal(await ahead.take(0), 0);
    await assert.rejects(ahead.take(1), { message: 'broken' });
    assert.equal(await ahead.take(2), 2);
  });

  it('make takers wait for those that are not there', async () => {
    const ahead = new MadeAhead(async () => new Promise((resolve) => setTimeout(() => resolve('late'), 5)), 0);
    assert.equal(ahead.waitedMs, 0);
    await ahead.take(0);
    assert.ok(ahead.waitedMs > 0);
  });
});
