/**
 * Values that variables begin with.
 */
import type * as Tfjs from '@tensorflow/tfjs-node-gpu';
import type { RandomStream } from '../../../workflows/algorithm/index.ts';
import { sizeOf } from '../shape-size.ts';

/** Returns normally distributed floats with this standard deviation and mean 0, drawn from a stream. */
export function normalTensor(
  tf: typeof Tfjs,
  stream: RandomStream,
  shape: readonly number[],
  deviation = 1,
): Tfjs.Tensor {
  const size = sizeOf(shape);
  return tf.tensor(
    Float32Array.from({ length: size }, () => deviation * stream.normal()),
    [...shape],
  );
}

/**
 * Returns a kernel [fan-in, outputs] or [height, width, channels in, channels out] as He et al. (arXiv 1502.01852)
 * begin it: normal, variance 2 / fan-in, the number of inputs that one output sums over.
 */
export function heTensor(tf: typeof Tfjs, stream: RandomStream, shape: readonly number[]): Tfjs.Tensor {
  const fanIn = sizeOf(shape.slice(0, -1));
  return normalTensor(tf, stream, shape, Math.sqrt(2 / fanIn));
}
