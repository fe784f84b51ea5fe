/**
 * PopArt (van Hasselt et al., "Learning values across many orders of magnitude", arXiv 1602.07714): the critic learns
 * returns that are standardised by running moments, and its last layer is rescaled whenever these move, so that what it
 * says stays the same.
 *
 * The critic's last layer gives n = h·W + b; the value is σ·n + μ.
 */
import type * as Tfjs from '@tensorflow/tfjs-node-gpu';

type Tf = typeof Tfjs;

/** Scalars. σ² = second − mean², within bounds. */
export interface Moments {
  readonly mean: Tfjs.Variable;
  /** Of the squares. */
  readonly second: Tfjs.Variable;
}

/** The critic's last layer. */
export interface LastLayer {
  /** [hidden, 1]. */
  readonly kernel: Tfjs.Variable;
  /** [1]. */
  readonly bias: Tfjs.Variable;
}

/** Share of a batch in the moments, and the bounds of σ: as in V-MPO. */
const RATE = 1e-4;
const LEAST_DEVIATION = 1e-2;
const MOST_DEVIATION = 1e6;

/** Returns σ, a scalar. */
export function deviationOf({ mean, second }: Moments): Tfjs.Tensor {
  return second
    .sub(mean.square())
    .clipByValue(LEAST_DEVIATION ** 2, MOST_DEVIATION ** 2)
    .sqrt();
}

/** Returns σ·n + μ of what the critic gave. */
export function valuesOf(outputs: Tfjs.Tensor, moments: Moments): Tfjs.Tensor {
  return outputs.mul(deviationOf(moments)).add(moments.mean);
}

/** Returns (G − μ)/σ: what the critic should give for returns. */
export function standardisedReturns(returns: Tfjs.Tensor, moments: Moments): Tfjs.Tensor {
  return returns.sub(moments.mean).div(deviationOf(moments));
}

/** Moves the moments towards those of returns [B], and rescales the last layer so that all values stay the same. */
export function updateMoments(tf: Tf, moments: Moments, { kernel, bias }: LastLayer, returns: Tfjs.Tensor): void {
  const { mean, second } = moments;
  const [oldMean, oldDeviation] = [tf.clone(mean), deviationOf(moments)];
  mean.assign(mean.mul(1 - RATE).add(returns.mean().mul(RATE)));
  second.assign(second.mul(1 - RATE).add(returns.square().mean().mul(RATE)));
  const deviation = deviationOf(moments);
  kernel.assign(kernel.mul(oldDeviation).div(deviation));
  bias.assign(bias.mul(oldDeviation).add(oldMean).sub(mean).div(deviation));
}
