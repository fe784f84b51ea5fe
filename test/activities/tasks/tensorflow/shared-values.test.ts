import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { SharedValues } from '../../../../activities/tasks/tensorflow/shared-values.ts';

describe('values that several share', () => {
  it('stay if they are used, among the newest, or small together', async () => {
    const disposed: number[] = [];
    const values = new SharedValues<number>(
      1,
      (value) => disposed.push(value),
      10,
      (value) => value,
    );
    const lease = (weight: number) => values.lease(`${weight}`, () => weight);
    const used = await lease(100);
    for (const weight of [2, 5, 3]) (await lease(weight)).release();
    await Promise.resolve();
    assert.deepEqual(disposed, []);
    // The two weigh 8, and 11 with 3. 5 is older still.
    for (const weight of [2, 6]) (await lease(weight)).release();
    await Promise.resolve();
    assert.deepEqual(disposed, [3, 5]);
    used.release();
    used.release();
    await Promise.resolve();
    assert.deepEqual(disposed, [3, 5, 6, 2], 'the newest stays, whatever it weighs');
    assert.equal((await values.lease('100', () => 0)).value, 100);
  });

  it('are made again if they could not be made', async () => {
    const values = new SharedValues<number>(1, () => undefined);
    await assert.rejects(
      values.lease('a', () => Promise.reject(new Error('no'))),
      /^Error: no$/,
    );
    assert.equal((await values.lease('a', () => 1)).value, 1);
  });
});
