/**
 * Activations, with TensorFlow's own gradients of them.
 *
 * TensorFlow.js's tape does not connect a saved output with the input: what a second order goes through is computed
 * again on the way back. A graph computes it once.
 */
import type * as Tfjs from '@tensorflow/tfjs-node-gpu';
import { runNative } from '../native.ts';
import { differentiable, type Tf } from './differentiable.ts';

const T = { T: { type: 'float32' } } as const;

/** Returns max(x, 0). */
export function relu<R extends Tfjs.Tensor>(tf: Tf, x: R): R {
  return differentiable<R>(tf, [x], (inputs) => {
    const value = runNative<R>(tf, 'Relu', T, inputs);
    return { value, saved: [value], gradients: (dy, [y]) => [reluGradient(tf, dy, y!)] };
  });
}

function reluGradient<R extends Tfjs.Tensor>(tf: Tf, x: R, y: Tfjs.Tensor): R {
  return differentiable<R>(tf, [x], (inputs) => ({
    value: runNative<R>(tf, 'ReluGrad', T, [...inputs, y]),
    saved: [y],
    gradients: (dy, [kept]) => [reluGradient(tf, dy, kept!)],
  }));
}

/** Returns tanh(x). */
export function tanh<R extends Tfjs.Tensor>(tf: Tf, x: R): R {
  return differentiable<R>(tf, [x], (inputs) => ({
    value: runNative<R>(tf, 'Tanh', T, inputs),
    saved: inputs,
    gradients: (dy, [a]) => [tanhGradient(tf, tanh(tf, a!), dy)],
  }));
}

/** Returns (1 − y²)·x. */
function tanhGradient<R extends Tfjs.Tensor>(tf: Tf, y: Tfjs.Tensor, x: R): R {
  return differentiable<R>(tf, [y, x], (inputs) => ({
    value: runNative<R>(tf, 'TanhGrad', T, inputs),
    saved: inputs,
    gradients: (dy, [a, b]) => [dy.mul(b!).mul(a!).mul(-2), tanhGradient(tf, a!, dy)],
  }));
}

/** Returns 1 / (1 + exp(−x)). */
export function sigmoid<R extends Tfjs.Tensor>(tf: Tf, x: R): R {
  return differentiable<R>(tf, [x], (inputs) => ({
    value: runNative<R>(tf, 'Sigmoid', T, inputs),
    saved: inputs,
    gradients: (dy, [a]) => [sigmoidGradient(tf, sigmoid(tf, a!), dy)],
  }));
}

/** Returns y·(1 − y)·x. */
function sigmoidGradient<R extends Tfjs.Tensor>(tf: Tf, y: Tfjs.Tensor, x: R): R {
  return differentiable<R>(tf, [y, x], (inputs) => ({
    value: runNative<R>(tf, 'SigmoidGrad', T, inputs),
    saved: inputs,
    gradients: (dy, [a, b]) => [dy.mul(b!).mul(tf.sub(1, a!.mul(2))), sigmoidGradient(tf, a!, dy)],
  }));
}

/** Returns log(1 + exp(x)). */
export function softplus<R extends Tfjs.Tensor>(tf: Tf, x: R): R {
  return differentiable<R>(tf, [x], (inputs) => ({
    value: runNative<R>(tf, 'Softplus', T, inputs),
    saved: inputs,
    gradients: (dy, [a]) => [dy.mul(sigmoid(tf, a!))],
  }));
}
