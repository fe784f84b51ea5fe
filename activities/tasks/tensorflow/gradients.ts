/**
 * Gradients of a loss by named parameters, and their clipping.
 */
import type * as Tfjs from '@tensorflow/tfjs-node-gpu';
import { runNative } from './native.ts';
import type { Gradients, Parameters, Rate } from './optimizers.ts';
import type { Dtype } from './protobuf.ts';

type Tf = typeof Tfjs;

/**
 * Returns the loss (a scalar) and its gradients by the parameters.
 *
 * @throws Error if the loss does not depend on one of them
 */
export function gradientsOf(
  tf: Tf,
  parameters: Parameters,
  loss: () => Tfjs.Scalar,
): { readonly loss: Tfjs.Scalar; readonly gradients: Gradients } {
  const { value, grads } = tf.variableGrads(loss, Object.values(parameters));
  const gradients = Object.entries(parameters).map(([name, variable]) => {
    const gradient = grads[variable.name];
    if (!gradient) throw new Error(`Expected the loss to depend on all parameters, but not on \`${name}\``);
    return [name, gradient] as const;
  });
  return { loss: value, gradients: Object.fromEntries(gradients) };
}

/** Returns the root of the sum of all gradients' squares, and the gradients scaled so that it is at most `most`. */
export function clipByGlobalNorm(
  tf: Tf,
  gradients: Gradients,
  most: Rate,
): { readonly gradients: Gradients; readonly norm: Tfjs.Scalar } {
  const squares = Object.values(gradients).map((gradient) => gradient.square().sum());
  const norm = tf.addN(squares).sqrt().asScalar();
  const limit = typeof most === 'number' ? tf.scalar(most) : most;
  const scale = tf.div(limit, tf.maximum(norm, limit));
  const clipped = Object.entries(gradients).map(([name, gradient]) => [name, gradient.mul(scale)] as const);
  return { gradients: Object.fromEntries(clipped), norm };
}

/** Returns the same values; no gradient flows through them. */
export function stopGradient<R extends Tfjs.Tensor>(tf: Tf, x: R): R {
  return runNative<R>(tf, 'Identity', { T: { type: x.dtype as Dtype } }, [x]);
}
