import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type * as Tfjs from '@tensorflow/tfjs-node-gpu';
import {
  deviationOf,
  standardisedReturns,
  updateMoments,
  valuesOf,
} from '../../../../activities/tasks/reinforcement-learning/pop-art.ts';
import { loadTensorFlow } from '../../../../activities/tasks/tensorflow/library.ts';

process.env['TF_NUM_INTRAOP_THREADS'] = '1';
process.env['TF_CPP_MIN_LOG_LEVEL'] = '2';

const { tfjs: tf } = loadTensorFlow();

const numbersOf = (tensor: Tfjs.Tensor): number[] => [...tensor.dataSync()];

function near(found: readonly number[], wanted: readonly number[], tolerance: number): void {
  wanted.forEach((value, index) =>
    assert.ok(Math.abs(found[index]! - value) <= tolerance, `[${index}]: expected ${value}, got ${found[index]}`),
  );
}

describe('PopArt', () => {
  const features = tf.tensor2d([
    [1, 2],
    [-3, 0.5],
  ]);
  const start = () => ({
    moments: { mean: tf.variable(tf.scalar(3)), second: tf.variable(tf.scalar(13)) },
    last: { kernel: tf.variable(tf.tensor2d([[2], [1]])), bias: tf.variable(tf.tensor1d([0.5])) },
  });
  const outputs = ({ kernel, bias }: ReturnType<typeof start>['last']) => features.matMul(kernel).add(bias).squeeze();

  it('scales by the moments', () => {
    const { moments, last } = start();
    // √(13 − 9).
    near(numbersOf(deviationOf(moments)), [2], 1e-6);
    // 4.5 and −5, times 2, plus 3.
    near(numbersOf(valuesOf(outputs(last), moments)), [12, -7], 1e-5);
    near(numbersOf(standardisedReturns(tf.tensor1d([3, 7]), moments)), [0, 2], 1e-6);
  });

  it('moves the moments by one part in ten thousand, and leaves all values as they were', () => {
    const { moments, last } = start();
    const before = numbersOf(valuesOf(outputs(last), moments));
    const kernel = numbersOf(last.kernel);
    for (let step = 0; step < 50; step++) updateMoments(tf, moments, last, tf.tensor1d([1000, -800]));
    const kept = (1 - 1e-4) ** 50;
    near(numbersOf(moments.mean), [3 * kept + 100 * (1 - kept)], 1e-3);
    near(numbersOf(moments.second), [13 * kept + 820_000 * (1 - kept)], 1);
    near(numbersOf(valuesOf(outputs(last), moments)), before, 1e-3);
    assert.notDeepEqual(numbersOf(last.kernel), kernel);
  });

  it('never divides by nothing', () => {
    const { moments } = start();
    moments.second.assign(tf.scalar(9));
    near(numbersOf(deviationOf(moments)), [0.01], 1e-6);
  });
});
