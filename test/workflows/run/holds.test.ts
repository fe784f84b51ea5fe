import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { newestInTurn, tellHolds } from '../../../workflows/run/holds.ts';

const holding = (count: number, reason = 'boom') =>
  Array.from({ length: count }, (_, index) => ({ worker: `P1/member-${index}`, reason }));

describe('what a root is told of holds', () => {
  it('is each hold with its round', () => {
    assert.deepEqual(tellHolds(holding(2), 12), {
      reasons: ['P1/member-0 in round 12: boom', 'P1/member-1 in round 12: boom'],
      more: 0,
    });
  });

  it('is the first ten and the number of the others, so that its size does not grow with the members', () => {
    const { reasons, more } = tellHolds(holding(500), 12);
    assert.deepEqual([reasons.length, reasons.at(-1), more], [10, 'P1/member-9 in round 12: boom', 490]);
  });

  it('has the begin and the end of a reason of more than 1000 characters', () => {
    assert.deepEqual(tellHolds(holding(1, 'x'.repeat(1000)), 1).reasons, [
      `P1/member-0 in round 1: ${'x'.repeat(1000)}`,
    ]);
    const { reasons } = tellHolds(holding(1, `${'a'.repeat(3_000_000)}${'z'.repeat(500)}`), 1);
    assert.deepEqual(reasons, [`P1/member-0 in round 1: ${'a'.repeat(500)} … ${'z'.repeat(500)}`]);
  });

  it('is told once for all that begin and end while it is being told, the newest last', async () => {
    const published: number[] = [];
    const told: (() => void)[] = [];
    const tell = newestInTurn((count: number) => {
      published.push(count);
      return new Promise<void>((resolve) => told.push(resolve));
    });
    const first = tell(1);
    await Promise.resolve();
    const others = [2, 3, 4].map(tell);
    told[0]?.();
    await Promise.all([first, ...others.slice(0, 2)]);
    assert.deepEqual(published, [1, 4]);
    told[1]?.();
    await Promise.all(others);
  });

  it('is told again after it could not be told', async () => {
    const published: number[] = [];
    const tell = newestInTurn(async (count: number) => {
      published.push(count);
      if (count === 1) throw new Error('no such workflow');
    });
    await assert.rejects(tell(1), /no such workflow/);
    await tell(2);
    assert.deepEqual(published, [1, 2]);
  });
});
