import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { findDifference } from '../../../workers/replay/difference.ts';

describe('the first difference of two values', () => {
  const recorded = { members: [{ h: 1 }, { h: 2, parent: null }], step: 20 };

  it('is undefined if they are equal, whatever the order of their keys', () => {
    assert.equal(findDifference(recorded, { step: 20, members: [{ h: 1 }, { parent: null, h: 2 }] }), undefined);
  });

  for (const [what, replayed, path, values] of [
    ['a number', { ...recorded, step: 40 }, 'step', [20, 40]],
    ['a value deep inside', { ...recorded, members: [{ h: 1 }, { h: 3, parent: 0 }] }, 'members[1].h', [2, 3]],
    ['an element that is absent', { ...recorded, members: [{ h: 1 }] }, 'members[1]', [recorded.members[1], undefined]],
    ['a key that is new', { ...recorded, seed: 1 }, 'seed', [undefined, 1]],
    ['null for an object', null, '', [recorded, null]],
    ['an object for an array', { ...recorded, members: {} }, 'members', [recorded.members, {}]],
  ] as const)
    it(`is found at its path: ${what}`, () => {
      assert.deepEqual(findDifference(recorded, replayed), { path, recorded: values[0], replayed: values[1] });
    });
});
