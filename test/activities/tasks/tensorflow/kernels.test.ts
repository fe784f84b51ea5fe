/**
 * Every kernel against finite differences, to first and second order, and against TensorFlow.js's own composition.
 */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type * as Tfjs from '@tensorflow/tfjs-node-gpu';
import { stopGradient } from '../../../../activities/tasks/tensorflow/gradients.ts';
import * as kernels from '../../../../activities/tasks/tensorflow/kernels.ts';
import { composedCrossEntropy } from '../../../../activities/tasks/tensorflow/kernels/losses.ts';
import { numbers, tensorflow, tf } from './small-networks.ts';

type Inputs = readonly Tfjs.Tensor[];

interface Kernel {
  /** Shapes of what it is differentiated by. */
  readonly shapes: readonly (readonly number[])[];
  readonly run: (inputs: Inputs) => Tfjs.Tensor;
  /** The same in TensorFlow.js's own operations. */
  readonly own: (inputs: Inputs) => Tfjs.Tensor;
  readonly firstOrderOnly?: true;
}

const classes = tf.tensor1d([2, 0, 1, 2], 'int32');
const smoothed = tf.oneHot(classes, 3).mul(0.7).add(0.1);
const tokens = tf.tensor2d([1, 4, 1, 0], [2, 2], 'int32');

const KERNELS: Readonly<Record<string, Kernel>> = {
  matMul: matMulKernel(false, false),
  'matMul, left transposed': matMulKernel(true, false),
  'matMul, right transposed': matMulKernel(false, true),
  'matMul, both transposed': matMulKernel(true, true),
  biasAdd: {
    shapes: [[2, 3, 2, 4], [4]],
    run: ([x, b]) => kernels.biasAdd(tf, x!, b!),
    own: ([x, b]) => x!.add(b!),
  },
  conv2d: {
    shapes: [
      [2, 4, 5, 2],
      [3, 3, 2, 3],
    ],
    run: ([x, k]) => kernels.conv2d(tf, x!, k!),
    own: ([x, k]) => tf.conv2d(x as Tfjs.Tensor4D, k as Tfjs.Tensor4D, 1, 'same'),
  },
  'conv2d, strided and valid': {
    shapes: [
      [2, 5, 6, 1],
      [3, 2, 1, 2],
    ],
    run: ([x, k]) => kernels.conv2d(tf, x!, k!, { strides: [2, 1], padding: 'valid' }),
    own: ([x, k]) => tf.conv2d(x as Tfjs.Tensor4D, k as Tfjs.Tensor4D, [2, 1], 'valid'),
  },
  'conv2d, zeros around': {
    shapes: [
      [1, 4, 4, 2],
      [3, 3, 2, 2],
    ],
    run: ([x, k]) => kernels.conv2d(tf, x!, k!, { strides: 2, padding: 1 }),
    own: ([x, k]) => {
      const padded = tf.pad(x as Tfjs.Tensor4D, [
        [0, 0],
        [1, 1],
        [1, 1],
        [0, 0],
      ]);
      return tf.conv2d(padded, k as Tfjs.Tensor4D, 2, 'valid');
    },
  },
  relu: { shapes: [[3, 4]], run: ([x]) => kernels.relu(tf, x!), own: ([x]) => x!.relu() },
  tanh: { shapes: [[3, 4]], run: ([x]) => kernels.tanh(tf, x!), own: ([x]) => x!.tanh() },
  sigmoid: { shapes: [[3, 4]], run: ([x]) => kernels.sigmoid(tf, x!), own: ([x]) => x!.sigmoid() },
  softplus: { shapes: [[3, 4]], run: ([x]) => kernels.softplus(tf, x!), own: ([x]) => x!.softplus() },
  sparseSoftmaxCrossEntropy: {
    shapes: [[4, 3]],
    run: ([x]) => kernels.sparseSoftmaxCrossEntropy(tf, x!, classes),
    own: ([x]) => tf.oneHot(classes, 3).cast('float32').mul(x!.logSoftmax()).sum(1).neg(),
  },
  softmaxCrossEntropy: {
    shapes: [[4, 3]],
    run: ([x]) => kernels.softmaxCrossEntropy(tf, x!, smoothed),
    own: ([x]) => smoothed.mul(x!.logSoftmax()).sum(1).neg(),
  },
  'softmaxCrossEntropy on a GPU': {
    shapes: [[4, 3]],
    run: ([x]) => composedCrossEntropy(tf, x!, smoothed),
    own: ([x]) => smoothed.mul(x!.logSoftmax()).sum(1).neg(),
  },
  'batchNorm of images': {
    shapes: [[2, 2, 3, 2], [2], [2]],
    run: ([x, scale, offset]) => kernels.batchNorm(tf, x!, scale!, offset!).y,
    own: (inputs) => normalised(inputs, [0, 1, 2]),
    firstOrderOnly: true,
  },
  'batchNorm of features': {
    shapes: [[5, 3], [3], [3]],
    run: ([x, scale, offset]) => kernels.batchNorm(tf, x!, scale!, offset!).y,
    own: (inputs) => normalised(inputs, [0]),
    firstOrderOnly: true,
  },
  where: {
    shapes: [[3, 4], [4]],
    run: ([x, y]) => kernels.where(tf, x!.greater(0.2), x!.mul(y!), y!),
    own: ([x, y]) => {
      const mask = stopGradient(tf, x!.greater(0.2).cast('float32'));
      return x!
        .mul(y!)
        .mul(mask)
        .add(y!.mul(tf.sub(1, mask)));
    },
  },
  maximum: {
    shapes: [[3, 4], [4]],
    run: ([x, y]) => kernels.maximum(tf, x!.square(), y!),
    own: ([x, y]) => x!.square().sub(y!).relu().add(y!),
  },
  minimum: {
    shapes: [[4], [3, 4]],
    run: ([x, y]) => kernels.minimum(tf, x!, y!.square()),
    own: ([x, y]) => x!.sub(x!.sub(y!.square()).relu()),
  },
  gather: {
    shapes: [[5, 3]],
    run: ([x]) => kernels.gather(tf, x!, tokens),
    own: ([x]) => tf.gather(x!, tokens),
  },
};

function matMulKernel(transposeX: boolean, transposeY: boolean): Kernel {
  return {
    shapes: [transposeX ? [3, 2] : [2, 3], transposeY ? [4, 3] : [3, 4]],
    run: ([x, y]) => kernels.matMul(tf, x!, y!, { transposeX, transposeY }),
    own: ([x, y]) => tf.matMul(x!, y!, transposeX, transposeY),
  };
}

function normalised([x, scale, offset]: Inputs, axes: number[]): Tfjs.Tensor {
  const { mean, variance } = tf.moments(x!, axes);
  return x!.sub(mean).div(variance.add(1e-3).sqrt()).mul(scale!).add(offset!);
}

describe('a kernel', () => {
  for (const [name, kernel] of Object.entries(KERNELS)) {
    it(`has the values and gradients that TensorFlow.js composes: ${name}`, () =>
      tf.tidy(() => {
        const inputs = kernel.shapes.map((shape, index) => tensor(shape, index + 1));
        close(kernel.run(inputs), kernel.own(inputs), 1e-5);
        const [given, own] = [kernel.run, kernel.own].map((run) => tf.grads(weighted(run))([...inputs]));
        given!.forEach((gradient, index) => close(gradient, own![index]!, 1e-5));
      }));

    it(`has the gradients that finite differences give: ${name}`, () =>
      tf.tidy(() => checkGradients(kernel.shapes, weighted(kernel.run))));

    it(`${kernel.firstOrderOnly ? 'refuses a second order' : 'has a second order'}: ${name}`, () =>
      tf.tidy(() => {
        const slope = (...inputs: Tfjs.Tensor[]): Tfjs.Scalar => {
          const gradients = tf.grads((...given: Tfjs.Tensor[]) => kernel.run(given).square().sum())(inputs);
          const sums = gradients.map((gradient, index) => gradient.mul(tensor(gradient.shape, 20 + index)).sum());
          return tf.addN(sums).asScalar();
        };
        if (kernel.firstOrderOnly)
          assert.throws(
            () => tf.grads(slope)(kernel.shapes.map((shape, index) => tensor(shape, index + 1))),
            /Expected gradients of first order only: batchNorm has none of second/,
          );
        else checkGradients(kernel.shapes, slope);
      }));
  }

  it('gives the moments of a batch', () =>
    tf.tidy(() => {
      const x = tensor([5, 3], 1);
      const { mean, variance } = kernels.batchNorm(tf, x, tf.ones([3]), tf.zeros([3]));
      const moments = tf.moments(x, 0);
      close(mean, moments.mean, 1e-6);
      close(variance, moments.variance.mul(5 / 4), 1e-6);
    }));

  it('leaves no tensor behind', () => {
    const inputs = Object.values(KERNELS).map(({ shapes }) => shapes.map((shape, index) => tensor(shape, index)));
    tf.tidy(() => inputs.flat().forEach((each) => each.add(1)));
    const tensors = tensorflow.binding.getNumOfTensors();
    Object.values(KERNELS).forEach(({ run }, index) =>
      tf.dispose(tf.grads((...given: Tfjs.Tensor[]) => run(given).sum())(inputs[index]!)),
    );
    assert.equal(tensorflow.binding.getNumOfTensors(), tensors);
    tf.dispose(inputs);
  });

  it('lets no gradient through if it is stopped', () =>
    tf.tidy(() => {
      const slope = tf.grad((x: Tfjs.Tensor) => x.mul(stopGradient(tf, x.square())).sum())(tf.tensor1d([2, 3]));
      assert.deepEqual([...slope.dataSync()], [4, 9]);
    }));
});

function tensor(shape: readonly number[], seed: number): Tfjs.Tensor {
  const size = shape.reduce((product, length) => product * length, 1);
  return tf.tensor(numbers(size, seed), [...shape]);
}

/** Returns the sum of what the kernel gives, each element with a weight of its own. */
function weighted(run: (inputs: Inputs) => Tfjs.Tensor): (...inputs: Tfjs.Tensor[]) => Tfjs.Scalar {
  return (...inputs) => {
    const value = run(inputs);
    return value.mul(tensor(value.shape, 10)).sum();
  };
}

/** Compares the slope along a direction with the difference of two values, for each input alone and for all. */
function checkGradients(shapes: readonly (readonly number[])[], f: (...inputs: Tfjs.Tensor[]) => Tfjs.Scalar): void {
  const step = 2e-3;
  const inputs = shapes.map((shape, index) => tensor(shape, index + 1));
  const gradients = tf.grads(f)(inputs);
  for (const chosen of [...shapes.keys(), undefined]) {
    const directions = shapes.map((shape, index) =>
      chosen === undefined || chosen === index ? tensor(shape, 30 + index) : tf.zeros([...shape]),
    );
    const at = (factor: number) =>
      f(...inputs.map((input, index) => input.add(directions[index]!.mul(factor)))).dataSync()[0]!;
    const found = (at(step) - at(-step)) / (2 * step);
    const slope = gradients
      .map((gradient, index) => gradient.mul(directions[index]!).sum().dataSync()[0]!)
      .reduce((sum, part) => sum + part, 0);
    const off = Math.abs(found - slope) / Math.max(1, Math.abs(slope));
    assert.ok(off < 3e-3, `the slope is ${slope}, differences give ${found}`);
  }
}

function close(one: Tfjs.Tensor, other: Tfjs.Tensor, tolerance: number): void {
  assert.deepEqual(one.shape, other.shape);
  const off = one.sub(other).abs().max().dataSync()[0]!;
  assert.ok(off <= tolerance, `off by ${off}`);
}
