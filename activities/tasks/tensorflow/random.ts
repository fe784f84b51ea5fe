/**
 * Random tensors that depend on nothing but a key: the same key gives the same tensor, eagerly and compiled.
 *
 * A key is int32 [2]. Every step gets its own as `at.key`. Use a key once: `split` makes several of one.
 */
import type * as Tfjs from '@tensorflow/tfjs-node-gpu';
import { runNative } from './native.ts';

type Tf = typeof Tfjs;

const KEYED = { T: { type: 'int32' }, Tseed: { type: 'int32' } } as const;

/** Returns so many keys that are independent of each other; the key itself must not be used besides. */
export function split(tf: Tf, key: Tfjs.Tensor1D, count: number): Tfjs.Tensor1D[] {
  const shape = tf.tensor1d([count, 2], 'int32');
  const attributes = { ...KEYED, dtype: { type: 'int32' } } as const;
  const keys = runNative<Tfjs.Tensor2D>(tf, 'StatelessRandomUniformFullInt', attributes, [shape, key]);
  return tf.unstack(keys) as Tfjs.Tensor1D[];
}

/** Returns floats of [0, 1). */
export function uniform(tf: Tf, key: Tfjs.Tensor1D, shape: readonly number[]): Tfjs.Tensor {
  return draw(tf, 'StatelessRandomUniform', key, shape);
}

/** Returns floats of the standard normal distribution. */
export function normal(tf: Tf, key: Tfjs.Tensor1D, shape: readonly number[]): Tfjs.Tensor {
  return draw(tf, 'StatelessRandomNormal', key, shape);
}

/** Returns integers of [0, below). */
export function integers(tf: Tf, key: Tfjs.Tensor1D, shape: readonly number[], below: number): Tfjs.Tensor {
  const attributes = { ...KEYED, dtype: { type: 'int32' } } as const;
  const bounds = [tf.scalar(0, 'int32'), tf.scalar(below, 'int32')];
  return runNative(tf, 'StatelessRandomUniformInt', attributes, [tf.tensor1d([...shape], 'int32'), key, ...bounds]);
}

/** Returns true with the probability, a number or a scalar tensor. */
export function bernoulli(
  tf: Tf,
  key: Tfjs.Tensor1D,
  shape: readonly number[],
  probability: number | Tfjs.Scalar,
): Tfjs.Tensor {
  return uniform(tf, key, shape).less(probability);
}

/** Returns one class for each row of logits [B, C], drawn with the probabilities softmax(logits): int32 [B]. */
export function categorical(tf: Tf, key: Tfjs.Tensor1D, logits: Tfjs.Tensor2D): Tfjs.Tensor1D {
  const attributes = { T: { type: 'float32' }, Tseed: { type: 'int32' }, output_dtype: { type: 'int32' } } as const;
  const drawn = runNative(tf, 'StatelessMultinomial', attributes, [logits, tf.scalar(1, 'int32'), key]);
  return drawn.reshape([logits.shape[0]]);
}

/**
 * Sets elements to 0 with the probability `rate`, a number or a scalar tensor below 1, and scales the others by
 * 1 / (1 − rate): the mean stays.
 */
export function dropout<R extends Tfjs.Tensor>(tf: Tf, x: R, rate: number | Tfjs.Scalar, key: Tfjs.Tensor1D): R {
  const probability = typeof rate === 'number' ? tf.scalar(rate) : rate;
  const kept = uniform(tf, key, x.shape).greaterEqual(probability).cast('float32');
  return x.mul(kept.div(tf.sub(1, probability)));
}

function draw(tf: Tf, operation: string, key: Tfjs.Tensor1D, shape: readonly number[]): Tfjs.Tensor {
  const attributes = { ...KEYED, dtype: { type: 'float32' } } as const;
  return runNative(tf, operation, attributes, [tf.tensor1d([...shape], 'int32'), key]);
}
