/**
 * Arrays that are kept as far as there is room.
 */
import assert from 'node:assert/strict';
import { it } from 'node:test';
import { KeptBytes } from '../../../../activities/tasks/datasets/kept-bytes.ts';

it('keeps the first arrays that fit, and counts each once', () => {
  const kept = new KeptBytes(10);
  const arrays = [4, 4, 4, 2].map((length, key) => {
    const array = new Uint8Array(length);
    kept.keep(key, array);
    kept.keep(key, array);
    return array;
  });
  assert.deepEqual(
    arrays.map((array, key) => kept.get(key) === array),
    [true, true, false, true],
  );
});
