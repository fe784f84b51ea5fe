/**
 * Operations of TensorFlow with their gradients, for what TensorFlow.js lacks, composes of many, or reads values for.
 *
 * Gradients are made of operations that have gradients themselves, so second order works, unless the docstring says
 * otherwise. Shapes: B examples; I, O features in and out; H, W height and width; C channels. Images are [B, H, W, C].
 */
import type * as Tfjs from '@tensorflow/tfjs-node-gpu';
import { runNative, runNatives } from './native.ts';

type Tf = typeof Tfjs;

const T = { T: { type: 'float32' } } as const;

/** Returns x·y, of which either may be transposed first: [B, I], [I, O] → [B, O]. */
export function matMul(
  tf: Tf,
  x: Tfjs.Tensor2D,
  y: Tfjs.Tensor2D,
  { transposeX = false, transposeY = false } = {},
): Tfjs.Tensor2D {
  const attributes = { ...T, transpose_a: transposeX, transpose_b: transposeY };
  const multiply = tf.customGrad((...args) => {
    const [a, b] = args as unknown as [Tfjs.Tensor2D, Tfjs.Tensor2D];
    const product = (l: Tfjs.Tensor2D, r: Tfjs.Tensor2D, left: boolean, right: boolean) =>
      matMul(tf, l, r, { transposeX: left, transposeY: right });
    return {
      value: runNative<Tfjs.Tensor2D>(tf, 'MatMul', attributes, [a, b]),
      gradFunc: (dy: Tfjs.Tensor2D) => [
        transposeX ? product(b, dy, transposeY, true) : product(dy, b, false, !transposeY),
        transposeY ? product(dy, a, true, transposeX) : product(a, dy, !transposeX, false),
      ],
    };
  });
  return multiply(x, y);
}

/** Adds a bias [C] to the last axis of [B, …, C]. */
export function biasAdd<R extends Tfjs.Tensor>(tf: Tf, x: R, bias: Tfjs.Tensor1D): R {
  const add = tf.customGrad((...args) => {
    const [a, b] = args as unknown as [R, Tfjs.Tensor1D];
    return {
      value: runNative<R>(tf, 'BiasAdd', T, [a, b]),
      gradFunc: (dy: R) => [dy, biasAddGradient(tf, dy)],
    };
  });
  return add(x, bias);
}

/** Returns the sums over all axes but the last. */
function biasAddGradient(tf: Tf, dy: Tfjs.Tensor): Tfjs.Tensor1D {
  const sum = tf.customGrad((...args) => {
    const [a] = args as unknown as [Tfjs.Tensor];
    return {
      value: runNative<Tfjs.Tensor1D>(tf, 'BiasAddGrad', T, [a]),
      gradFunc: (ddy: Tfjs.Tensor) => tf.broadcastTo(ddy, a.shape),
    };
  });
  return sum(dy) as Tfjs.Tensor1D;
}

/** Returns max(x, 0). */
export function relu<R extends Tfjs.Tensor>(tf: Tf, x: R): R {
  const rectify = tf.customGrad((...args) => {
    const [a, save] = args as unknown as [R, (tensors: Tfjs.Tensor[]) => void];
    const value = runNative<R>(tf, 'Relu', T, [a]);
    save([value]);
    return { value, gradFunc: (dy: R, [y]: Tfjs.Tensor[]) => reluGradient(tf, dy, y!) };
  });
  return rectify(x);
}

function reluGradient<R extends Tfjs.Tensor>(tf: Tf, dy: R, y: Tfjs.Tensor): R {
  const gate = tf.customGrad((...args) => {
    const [a] = args as unknown as [R];
    return {
      value: runNative<R>(tf, 'ReluGrad', T, [a, y]),
      gradFunc: (ddy: R) => reluGradient(tf, ddy, y),
    };
  });
  return gate(dy);
}

/**
 * Returns the cross-entropy of softmax(logits [B, C]) against the classes (int32 [B]), by example: [B].
 *
 * First order only: the gradient of its gradient is an error.
 */
export function sparseSoftmaxCrossEntropy(tf: Tf, logits: Tfjs.Tensor2D, classes: Tfjs.Tensor1D): Tfjs.Tensor1D {
  const attributes = { ...T, Tlabels: { type: 'int32' } } as const;
  const entropy = tf.customGrad((...args) => {
    const [a, save] = args as unknown as [Tfjs.Tensor2D, (tensors: Tfjs.Tensor[]) => void];
    const [loss, gradient] = runNatives(tf, 'SparseSoftmaxCrossEntropyWithLogits', attributes, [a, classes], 2) as [
      Tfjs.Tensor1D,
      Tfjs.Tensor2D,
    ];
    save([gradient]);
    return {
      value: loss,
      gradFunc: (dy: Tfjs.Tensor1D, [saved]: Tfjs.Tensor[]) => saved!.mul(dy.expandDims(1)),
    };
  });
  return entropy(logits);
}
