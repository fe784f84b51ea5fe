import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { RunningMoments } from '../../../../activities/tasks/reinforcement-learning/running-moments.ts';
import { randomStream } from '../../../../workflows/algorithm/random.ts';

describe('running moments', () => {
  it('are those of all rows, whatever parts they came in', () => {
    const stream = randomStream(1, 'rows');
    const rows = Float64Array.from({ length: 60 }, (_, at) => (at % 2 === 0 ? 1e4 : -3) + stream.normal());
    const moments = new RunningMoments(2);
    for (const [from, to] of [
      [0, 2],
      [2, 30],
      [30, 30],
      [30, 60],
    ] as const)
      moments.add(rows.slice(from, to));
    for (const column of [0, 1]) {
      const own = rows.filter((_, at) => at % 2 === column);
      const mean = own.reduce((sum, value) => sum + value, 0) / 30;
      const deviation = Math.sqrt(own.reduce((sum, value) => sum + (value - mean) ** 2, 0) / 30);
      assert.ok(Math.abs(moments.means[column]! - mean) < 1e-9);
      assert.ok(Math.abs(moments.deviations[column]! - deviation) < 1e-9);
    }
  });

  it('begin as mean 0 and deviation 1, and do not divide by the deviation of a constant', () => {
    const moments = new RunningMoments(1);
    assert.deepEqual([...moments.means, ...moments.deviations], [0, 1]);
    moments.add(Float64Array.of(5, 5));
    assert.deepEqual([...moments.means, ...moments.deviations], [5, 1e-4]);
  });

  it('go on exactly from what was saved', () => {
    const [one, other] = [new RunningMoments(2), new RunningMoments(2)];
    one.add(Float64Array.of(1, 2, 3, 5));
    other.restore(one.save());
    for (const moments of [one, other]) moments.add(Float64Array.of(0.1, 0.2));
    assert.deepEqual(other.save(), one.save());
  });

  it('are saved of as many numbers as a picture has', () => {
    const moments = new RunningMoments(200_000);
    moments.add(new Float64Array(200_000).fill(3));
    const saved = moments.save();
    assert.deepEqual([saved.length, saved[0], saved[1], saved[200_000], saved[200_001]], [400_001, 1, 3, 3, 0]);
  });
});
