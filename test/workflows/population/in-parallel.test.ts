import assert from 'node:assert/strict';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { describe, test } from 'node:test';
import { inParallel } from '../../../workflows/population/in-parallel.ts';

describe('work in parallel', () => {
  test('stays within the limit and returns results in the order of the items', async () => {
    let atWork = 0;
    let most = 0;
    const results = await inParallel(3, [5, 1, 4, 2, 3, 0], async (turns, index) => {
      most = Math.max(most, ++atWork);
      for (let turn = 0; turn < turns; turn++) await nextTurn();
      atWork--;
      return [index, turns];
    });
    assert.equal(most, 3);
    assert.deepEqual(results, [...[5, 1, 4, 2, 3, 0].entries()]);
  });

  test('starts no further item after a failure', async () => {
    const begun: number[] = [];
    const failing = inParallel(2, [0, 1, 2, 3], async (item) => {
      begun.push(item);
      await nextTurn();
      if (item === 0) throw new Error('no');
      await nextTurn();
    });
    await assert.rejects(failing, /no/);
    await nextTurn();
    assert.deepEqual(begun, [0, 1]);
  });

  test('returns no results for no items', async () => {
    assert.deepEqual(await inParallel(4, [], async () => Promise.resolve(1)), []);
  });
});
