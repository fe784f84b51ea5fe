/**
 * Matrix product, bias, and convolution.
 */
import type * as Tfjs from '@tensorflow/tfjs-node-gpu';
import type { Attribute } from '../protobuf.ts';
import { runNative } from '../native.ts';
import { differentiable, type Tf } from './differentiable.ts';

const T = { T: { type: 'float32' } } as const;

/** Returns x·y, of which either may be transposed first: [B, I], [I, O] → [B, O]. */
export function matMul(
  tf: Tf,
  x: Tfjs.Tensor,
  y: Tfjs.Tensor,
  { transposeX = false, transposeY = false } = {},
): Tfjs.Tensor2D {
  const attributes = { ...T, transpose_a: transposeX, transpose_b: transposeY };
  const product = (a: Tfjs.Tensor, b: Tfjs.Tensor, left: boolean, right: boolean) =>
    matMul(tf, a, b, { transposeX: left, transposeY: right });
  return differentiable(tf, [x, y], (inputs) => ({
    value: runNative<Tfjs.Tensor2D>(tf, 'MatMul', attributes, inputs),
    saved: inputs,
    gradients: (dy, [a, b]) => [
      transposeX ? product(b!, dy, transposeY, true) : product(dy, b!, false, !transposeY),
      transposeY ? product(dy, a!, true, transposeX) : product(a!, dy, !transposeX, false),
    ],
  }));
}

/** Adds a bias [C] to the last axis of [B, …, C]. */
export function biasAdd<R extends Tfjs.Tensor>(tf: Tf, x: R, bias: Tfjs.Tensor): R {
  return differentiable<R>(tf, [x, bias], (inputs) => ({
    value: runNative<R>(tf, 'BiasAdd', T, inputs),
    saved: [],
    gradients: (dy) => [dy, biasAddGradient(tf, dy)],
  }));
}

/** Returns the sums over all axes but the last. */
function biasAddGradient(tf: Tf, x: Tfjs.Tensor): Tfjs.Tensor {
  const { shape } = x;
  return differentiable(tf, [x], (inputs) => ({
    value: runNative(tf, 'BiasAddGrad', T, inputs),
    saved: [],
    gradients: (dy) => [tf.broadcastTo(dy, shape)],
  }));
}

export interface Convolution {
  /** Of rows and columns; 1 if nothing is said. */
  readonly strides?: number | readonly [number, number];
  /** A number: zeros on all four sides, as in PyTorch. */
  readonly padding?: 'same' | 'valid' | number;
}

/** Convolves images [B, H, W, C] with a kernel [h, w, C, D]: [B, H′, W′, D]. */
export function conv2d(
  tf: Tf,
  x: Tfjs.Tensor,
  kernel: Tfjs.Tensor,
  { strides = 1, padding = 'same' }: Convolution = {},
): Tfjs.Tensor4D {
  const [down, right] = typeof strides === 'number' ? [strides, strides] : strides;
  const sides = typeof padding === 'number' ? [0, 0, padding, padding, padding, padding, 0, 0] : [];
  const attributes = {
    ...T,
    strides: { ints: [1, down, right, 1] },
    padding: typeof padding === 'number' ? 'EXPLICIT' : padding.toUpperCase(),
    ...(typeof padding === 'number' ? { explicit_paddings: { ints: sides } } : {}),
  };
  return convolve(tf, x, kernel, attributes);
}

type Attributes = Readonly<Record<string, Attribute>>;

/** The three operations are linear in each input, and each one's gradients are the two others. */
function convolve(tf: Tf, x: Tfjs.Tensor, kernel: Tfjs.Tensor, attributes: Attributes): Tfjs.Tensor4D {
  const shapes = [x.shape, kernel.shape] as const;
  return differentiable(tf, [x, kernel], (inputs) => ({
    value: runNative<Tfjs.Tensor4D>(tf, 'Conv2D', attributes, inputs),
    saved: inputs,
    gradients: (dy, [image, weights]) => [
      convolutionInput(tf, shapes[0], weights!, dy, attributes),
      convolutionKernel(tf, image!, shapes[1], dy, attributes),
    ],
  }));
}

function convolutionInput(
  tf: Tf,
  shape: readonly number[],
  kernel: Tfjs.Tensor,
  dy: Tfjs.Tensor,
  attributes: Attributes,
): Tfjs.Tensor {
  const kernelShape = kernel.shape;
  return differentiable(tf, [kernel, dy], ([weights, gradient]) => ({
    value: inputGradient(tf, shape, weights!, gradient!, attributes),
    saved: [weights!, gradient!],
    gradients: (ddx, [savedWeights, savedGradient]) => [
      convolutionKernel(tf, ddx, kernelShape, savedGradient!, attributes),
      convolve(tf, ddx, savedWeights!, attributes),
    ],
  }));
}

/**
 * Runs Conv2DBackpropInput. With explicit padding it takes up to ten times as long, so then the gradient of a padded
 * input is computed, and its edge is cut off.
 */
function inputGradient(
  tf: Tf,
  shape: readonly number[],
  kernel: Tfjs.Tensor,
  dy: Tfjs.Tensor,
  { explicit_paddings: sides, ...attributes }: Attributes,
): Tfjs.Tensor {
  const run = (given: Attributes, whole: readonly number[]): Tfjs.Tensor =>
    runNative(tf, 'Conv2DBackpropInput', given, [tf.tensor1d([...whole], 'int32'), kernel, dy]);
  if (typeof sides !== 'object' || !('ints' in sides)) return run(attributes, shape);
  const before = shape.map((_, axis) => sides.ints[2 * axis]!);
  const padded = shape.map((length, axis) => length + before[axis]! + sides.ints[2 * axis + 1]!);
  const whole = run({ ...attributes, padding: 'VALID' }, padded);
  const place = [before, shape].map((values) => tf.tensor1d([...values], 'int32'));
  return runNative(tf, 'Slice', { ...T, Index: { type: 'int32' } }, [whole, ...place]);
}

function convolutionKernel(
  tf: Tf,
  x: Tfjs.Tensor,
  shape: readonly number[],
  dy: Tfjs.Tensor,
  attributes: Attributes,
): Tfjs.Tensor {
  const imageShape = x.shape;
  return differentiable(tf, [x, dy], ([image, gradient]) => ({
    value: runNative(tf, 'Conv2DBackpropFilter', attributes, [image!, tf.tensor1d([...shape], 'int32'), gradient!]),
    saved: [image!, gradient!],
    gradients: (ddk, [savedImage, savedGradient]) => [
      convolutionInput(tf, imageShape, ddk, savedGradient!, attributes),
      convolve(tf, savedImage!, ddk, attributes),
    ],
  }));
}
