import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { LruCache } from '../../../workflows/algorithm/lru-cache.ts';

describe('a cache', () => {
  test('disposes of the least recently used values beyond its weight', () => {
    const disposed: string[] = [];
    const cache = new LruCache<number, string>(
      5,
      ({ length }) => length,
      (value) => disposed.push(value),
    );
    cache.set(1, 'aa');
    cache.set(2, 'bb');
    assert.equal(cache.get(1), 'aa');
    cache.set(3, 'cc');
    assert.deepEqual(disposed, ['bb']);
    assert.deepEqual([cache.get(1), cache.get(2), cache.get(3)], ['aa', undefined, 'cc']);
    cache.set(4, 'too long');
    assert.deepEqual(disposed, ['bb', 'too long']);
    assert.deepEqual([cache.get(1), cache.get(3), cache.get(4)], ['aa', 'cc', undefined]);
    cache.set(5, 'five5');
    assert.equal(cache.get(5), 'five5');
  });

  test('lends a value until it is set again, and disposes of a replaced one', () => {
    const disposed: string[] = [];
    const cache = new LruCache<string, string>(2, undefined, (value) => disposed.push(value));
    cache.set('key', 'first');
    assert.equal(cache.take('key'), 'first');
    assert.equal(cache.take('key'), undefined);
    cache.set('key', 'first');
    cache.set('key', 'second');
    assert.deepEqual(disposed, ['first']);
    assert.equal(cache.get('key'), 'second');
  });
});
