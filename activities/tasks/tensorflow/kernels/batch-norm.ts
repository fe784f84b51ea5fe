/**
 * Batch normalisation as one operation: half the time and memory of its composition.
 */
import type * as Tfjs from '@tensorflow/tfjs-node-gpu';
import { runNatives } from '../native.ts';
import { differentiable, firstOrderOnly, type Tf } from './differentiable.ts';

const T = { T: { type: 'float32' }, U: { type: 'float32' } } as const;

export interface BatchNorm<R extends Tfjs.Tensor> {
  readonly y: R;
  /** Of the batch, [C]: for moving averages. No gradient flows through it. */
  readonly mean: Tfjs.Tensor1D;
  /** Of the batch, [C], with Bessel's correction. No gradient flows through it. */
  readonly variance: Tfjs.Tensor1D;
}

/**
 * Normalises x [B, H, W, C] or [B, C] over all axes but the last, by the batch's own moments:
 * y = scale·(x − mean) / √(variance + ε) + offset. Gradients are of first order only.
 */
export function batchNorm<R extends Tfjs.Tensor>(
  tf: Tf,
  x: R,
  scale: Tfjs.Tensor,
  offset: Tfjs.Tensor,
  epsilon = 1e-3,
): BatchNorm<R> {
  const images = asImages(x);
  const attributes = { ...T, epsilon: { float: epsilon }, is_training: true };
  // Run before, because an operation with a gradient has one output.
  const unused = tf.tensor1d([]);
  const [normal, mean, variance, ...reserves] = runNatives(
    tf,
    'FusedBatchNormV3',
    attributes,
    [images, scale, offset, unused, unused],
    6,
  );
  const y = differentiable(tf, [images, scale, offset], ([image, factor]) => ({
    value: normal!.clone(),
    saved: [image!, factor!, ...reserves],
    gradients: (dy, [a, b, ...kept]) => {
      const gradients = runNatives(tf, 'FusedBatchNormGradV3', attributes, [dy, a!, b!, ...kept], 5);
      return gradients.slice(0, 3).map((each) => firstOrderOnly(tf, 'batchNorm', each, [dy, a!, b!]));
    },
  }));
  return {
    y: (x.rank === 4 ? y : y.reshape(x.shape)) as R,
    mean: mean as Tfjs.Tensor1D,
    variance: variance as Tfjs.Tensor1D,
  };
}

/**
 * Normalises x [B, H, W, C] or [B, C] by moments [C] that are known, such as moving averages. It has no gradient: it is
 * for answers.
 */
export function batchNormBy<R extends Tfjs.Tensor>(
  tf: Tf,
  x: R,
  { scale, offset }: { readonly scale: Tfjs.Tensor; readonly offset: Tfjs.Tensor },
  { mean, variance }: { readonly mean: Tfjs.Tensor; readonly variance: Tfjs.Tensor },
  epsilon = 1e-3,
): R {
  const attributes = { ...T, epsilon: { float: epsilon }, is_training: false };
  const [y] = runNatives(tf, 'FusedBatchNormV3', attributes, [asImages(x), scale, offset, mean, variance], 6);
  return (x.rank === 4 ? y : y!.reshape(x.shape)) as R;
}

function asImages(x: Tfjs.Tensor): Tfjs.Tensor {
  return x.rank === 4 ? x : x.reshape([-1, 1, 1, x.shape.at(-1)!]);
}
