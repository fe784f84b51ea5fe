import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { heTensor, normalTensor } from '../../../../activities/tasks/tensorflow/initial-values.ts';
import { randomStream } from '../../../../workflows/algorithm/index.ts';
import { tf } from './small-networks.ts';

describe('initial values', () => {
  it('are what the stream draws, times the deviation', () =>
    tf.tidy(() => {
      const stream = randomStream(3, 'kernel');
      const drawn = Float32Array.from({ length: 6 }, () => 0.5 * stream.normal());
      const tensor = normalTensor(tf, randomStream(3, 'kernel'), [2, 3], 0.5);
      assert.deepEqual(tensor.shape, [2, 3]);
      assert.deepEqual(tensor.dataSync(), drawn);
    }));

  it('vary as the number of inputs that an output sums over demands', () =>
    tf.tidy(() => {
      for (const [shape, fanIn] of [
        [[50, 200], 50],
        [[3, 3, 8, 200], 72],
      ] as const) {
        const variance = tf.moments(heTensor(tf, randomStream(0, 'he'), shape)).variance.dataSync()[0]!;
        assert.ok(Math.abs(variance / (2 / fanIn) - 1) < 0.05, `${variance}`);
      }
    }));
});
