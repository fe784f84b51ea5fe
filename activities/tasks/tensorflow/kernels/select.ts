/**
 * Differentiable choices between tensors. TensorFlow.js has no gradient if the condition was computed from the tensor
 * that it differentiates by, nor for some broadcasts of `maximum` and `minimum`.
 */
import type * as Tfjs from '@tensorflow/tfjs-node-gpu';
import { runNative } from '../native.ts';
import type { Tf } from './differentiable.ts';

/** Returns the elements of a if the condition (bool) holds, else of b; shapes are broadcast. */
export function where(tf: Tf, condition: Tfjs.Tensor, a: Tfjs.Tensor, b: Tfjs.Tensor): Tfjs.Tensor {
  // A native operation is not on the tape, so no gradient is requested for the condition.
  return tf.where(runNative(tf, 'Identity', { T: { type: 'bool' } }, [condition]), a, b);
}

/** Returns the larger of each two elements; shapes are broadcast. The gradient goes to a if they are equal. */
export function maximum(tf: Tf, a: Tfjs.Tensor, b: Tfjs.Tensor): Tfjs.Tensor {
  return where(tf, a.greaterEqual(b), a, b);
}

/** Returns the smaller of each two elements; shapes are broadcast. The gradient goes to a if they are equal. */
export function minimum(tf: Tf, a: Tfjs.Tensor, b: Tfjs.Tensor): Tfjs.Tensor {
  return where(tf, a.lessEqual(b), a, b);
}
