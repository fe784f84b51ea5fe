/**
 * Cross-entropies of classes, by example.
 */
import type * as Tfjs from '@tensorflow/tfjs-node-gpu';
import { backendOf } from '../library.ts';
import { runNatives } from '../native.ts';
import { differentiable, type Tf } from './differentiable.ts';

const T = { T: { type: 'float32' } } as const;

/** Returns the cross-entropy of softmax(logits [B, C]) against the classes (int32 [B]): [B]. */
export function sparseSoftmaxCrossEntropy(tf: Tf, logits: Tfjs.Tensor, classes: Tfjs.Tensor): Tfjs.Tensor1D {
  if (backendOf(tf).isUsingGpuDevice)
    return composedCrossEntropy(tf, logits, tf.oneHot(classes, logits.shape[1]!, 1, 0, 'float32'));
  const attributes = { ...T, Tlabels: { type: 'int32' } } as const;
  return crossEntropy(tf, logits, (x) =>
    runNatives(tf, 'SparseSoftmaxCrossEntropyWithLogits', attributes, [x, classes], 2),
  );
}

/**
 * Returns the cross-entropy of softmax(logits [B, C]) against probabilities [B, C], such as smoothed labels: [B]. No
 * gradient flows to the probabilities.
 */
export function softmaxCrossEntropy(tf: Tf, logits: Tfjs.Tensor, probabilities: Tfjs.Tensor): Tfjs.Tensor1D {
  if (backendOf(tf).isUsingGpuDevice) return composedCrossEntropy(tf, logits, probabilities);
  return crossEntropy(tf, logits, (x) => runNatives(tf, 'SoftmaxCrossEntropyWithLogits', T, [x, probabilities], 2));
}

/**
 * As `softmaxCrossEntropy`, made of several operations, for a GPU: TensorFlow has no kernels there that compute the
 * same bits each time.
 */
export function composedCrossEntropy(tf: Tf, logits: Tfjs.Tensor, probabilities: Tfjs.Tensor): Tfjs.Tensor1D {
  return crossEntropy(tf, logits, (x) => {
    const logs = tf.logSoftmax(x);
    return [logs.mul(probabilities).sum(1).neg(), logs.exp().sub(probabilities)];
  });
}

/** `run` gives the losses and their gradients by the logits. */
function crossEntropy(tf: Tf, logits: Tfjs.Tensor, run: (logits: Tfjs.Tensor) => Tfjs.Tensor[]): Tfjs.Tensor1D {
  return differentiable(tf, [logits], ([x]) => {
    const [loss, slope] = run(x!);
    return {
      value: loss as Tfjs.Tensor1D,
      saved: [x!, slope!],
      gradients: (dy, [kept, keptSlope]) => [scaledSlope(tf, dy, kept!, keptSlope!)],
    };
  });
}

/** Returns dy [B] times the slopes [B, C], which depend on the logits as softmax does. */
function scaledSlope(tf: Tf, dy: Tfjs.Tensor, logits: Tfjs.Tensor, slope: Tfjs.Tensor): Tfjs.Tensor {
  return differentiable(tf, [dy, logits], ([scale, x]) => ({
    value: slope.mul(scale!.expandDims(1)),
    saved: [scale!, x!, slope],
    gradients: (dz, [keptScale, kept, keptSlope]) => {
      const probabilities = tf.softmax(kept!);
      const mean = probabilities.mul(dz).sum(1, true);
      return [keptSlope!.mul(dz).sum(1), probabilities.mul(dz.sub(mean)).mul(keptScale!.expandDims(1))];
    },
  }));
}
