/**
 * Batch normalisation with moving averages.
 */
import type * as Tfjs from '@tensorflow/tfjs-node-gpu';
import { batchNorm } from '../tensorflow/kernels.ts';

/** What normalised values are multiplied with, and what is added: [C] each. */
export interface Affine {
  readonly scale: Tfjs.Tensor;
  readonly offset: Tfjs.Tensor;
}

/** Moving averages over batches: [C] each. */
export interface Averages {
  readonly mean: Tfjs.Variable;
  readonly variance: Tfjs.Variable;
}

/**
 * Returns [B, …, C] normalised by mean and variance of each channel over the batch, and moves the averages towards
 * them: average ← keeps · average + (1 − keeps) · batch's. The averages get the unbiased variance.
 */
export function normaliseBatch(
  tf: typeof Tfjs,
  input: Tfjs.Tensor,
  { scale, offset }: Affine,
  averages: Averages,
  { epsilon, keeps }: { readonly epsilon: number; readonly keeps: number },
): Tfjs.Tensor {
  const { y, mean, variance } = batchNorm(tf, input, scale, offset, epsilon);
  averages.mean.assign(averages.mean.mul(keeps).add(mean.mul(1 - keeps)));
  averages.variance.assign(averages.variance.mul(keeps).add(variance.mul(1 - keeps)));
  return y;
}
