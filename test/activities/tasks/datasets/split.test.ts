import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { BatchOrder, splitData, splitRows } from '../../../../activities/tasks/datasets/split.ts';

describe('splitRows', () => {
  it('splits without overlap, by the seed alone', () => {
    const sizes = { objective: 2500, untouched: 1000 };
    const { parts, rest } = splitRows(60_000, sizes, 3);
    assert.deepEqual([parts.objective.length, parts.untouched.length, rest.length], [2500, 1000, 56_500]);
    assert.equal(new Set([...parts.objective, ...parts.untouched, ...rest]).size, 60_000);
    assert.deepEqual(splitRows(60_000, sizes, 3), { parts, rest });
    assert.notDeepEqual(splitRows(60_000, sizes, 4).parts.objective, parts.objective);
  });

  it('refuses parts that are larger than the whole', () => {
    assert.throws(() => splitRows(10, { a: 6, b: 5 }, 0), { message: 'Expected parts of at most 10 rows, got `11`' });
  });
});

describe('splitData', () => {
  it('trains on the rest', () => {
    const { objective, test, training } = splitData(100, { objective: 20, test: 10 }, 3);
    const { parts, rest } = splitRows(100, { objective: 20, test: 10 }, 3);
    assert.deepEqual({ objective, test, training }, { ...parts, training: rest });
  });
});

describe('BatchOrder', () => {
  const training = Uint32Array.from({ length: 23 }, (_, index) => 100 + index);

  it('comes in a new order each epoch, each row at most once an epoch, however steps are cut', () => {
    const order = new BatchOrder(0, 'P1/member-0', training, 5);
    const epochs = [0, 1].map((epoch) => [...order.batches(4 * epoch, 4 * (epoch + 1))]);
    for (const epoch of epochs) assert.equal(new Set(epoch).size, 20);
    assert.notDeepEqual(epochs[0], epochs[1]);
    assert.deepEqual([...new BatchOrder(0, 'P1/member-0', training, 5).batches(6, 7)], epochs[1]?.slice(10, 15));
    assert.deepEqual([...order.batches(3, 6)], [...epochs[0]!.slice(15), ...epochs[1]!.slice(0, 10)]);
    assert.notDeepEqual([...new BatchOrder(0, 'P1/member-1', training, 5).batches(0, 1)], epochs[0]?.slice(0, 5));
  });

  it('refuses a batch that is larger than the training rows', () => {
    assert.throws(() => new BatchOrder(0, 'P1/member-0', training, 24), {
      message: 'Expected at least one batch (24) of training rows, got `23`',
    });
  });
});
