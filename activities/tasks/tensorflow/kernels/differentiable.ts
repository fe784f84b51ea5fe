/**
 * Operations with a gradient written by hand, on TensorFlow.js's tape.
 */
import type * as Tfjs from '@tensorflow/tfjs-node-gpu';

export type Tf = typeof Tfjs;

export interface Differentiable<R extends Tfjs.Tensor> {
  readonly value: R;
  /** What the way back needs: all other tensors are gone by then. */
  readonly saved: readonly Tfjs.Tensor[];
  /**
   * Returns the gradients by the inputs, in order. It may use its arguments only. If it uses differentiable operations,
   * there is a second order.
   */
  readonly gradients: (dy: R, saved: readonly Tfjs.Tensor[]) => readonly Tfjs.Tensor[];
}

/** Runs an operation that is differentiated by its inputs as it says. */
export function differentiable<R extends Tfjs.Tensor>(
  tf: Tf,
  inputs: readonly Tfjs.Tensor[],
  run: (inputs: readonly Tfjs.Tensor[]) => Differentiable<R>,
): R {
  const operation = tf.customGrad((...args) => {
    // The last argument is a function that keeps tensors; the declared type has no place for it.
    const save = args.at(-1) as unknown as (tensors: readonly Tfjs.Tensor[]) => void;
    const { value, saved, gradients } = run(args.slice(0, -1) as Tfjs.Tensor[]);
    save(saved);
    return { value, gradFunc: (dy: Tfjs.Tensor, kept: Tfjs.Tensor[]) => [...gradients(dy as R, kept)] };
  });
  return operation(...inputs);
}

/**
 * Returns a gradient that was computed from the inputs, so that differentiating it again by one of them is an error and
 * not silently zero.
 */
export function firstOrderOnly<R extends Tfjs.Tensor>(
  tf: Tf,
  operation: string,
  gradient: R,
  inputs: readonly Tfjs.Tensor[],
): R {
  return differentiable<R>(tf, inputs, () => ({
    value: gradient.clone(),
    saved: [],
    gradients: () => {
      throw new Error(`Expected gradients of first order only: ${operation} has none of second`);
    },
  }));
}
