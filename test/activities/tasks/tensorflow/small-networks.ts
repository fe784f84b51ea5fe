/**
 * Small networks of many kinds, written in ordinary TensorFlow.js: what is compiled must do what they do eagerly.
 */
import type * as Tfjs from '@tensorflow/tfjs-node-gpu';
import type { FunctionDefinition, StepContext } from '../../../../activities/tasks/tensorflow/definition.ts';
import { clipByGlobalNorm, gradientsOf, stopGradient } from '../../../../activities/tasks/tensorflow/gradients.ts';
import { relu, sparseSoftmaxCrossEntropy } from '../../../../activities/tasks/tensorflow/kernels.ts';
import { adam, adamW, momentum, rmsprop } from '../../../../activities/tasks/tensorflow/optimizers.ts';
import { dropout, split } from '../../../../activities/tasks/tensorflow/random.ts';
import { loadTensorFlow } from '../../../../activities/tasks/tensorflow/library.ts';

process.env['TF_CPP_MIN_LOG_LEVEL'] = '2';
process.env['TF_NUM_INTRAOP_THREADS'] = '1';
process.env['TF_NUM_INTEROP_THREADS'] = '1';
export const tensorflow = loadTensorFlow();
export const tf = tensorflow.tfjs;

export const BATCH = 4;
export const FEATURES = 6;
export const CLASSES = 3;

/** A network in training: its state, and one step of it on x [B, F] and classes y [B]. */
export interface SmallNetwork {
  readonly variables: Record<string, Tfjs.Variable>;
  readonly step: (x: Tfjs.Tensor2D, y: Tfjs.Tensor1D, at: StepContext) => Readonly<Record<string, Tfjs.Tensor>> | void;
}

export const HYPERPARAMETERS = ['rate'] as const;

/** The function of a program that trains the network. */
export function training({ step }: SmallNetwork): FunctionDefinition {
  return {
    repeats: true,
    inputs: {
      x: { dtype: 'float32', shape: [BATCH, FEATURES] },
      y: { dtype: 'int32', shape: [BATCH] },
    },
    run: ({ x, y }, at) => step(x as Tfjs.Tensor2D, y as Tfjs.Tensor1D, at),
  };
}

/** Numbers that look random and are always the same. */
export function numbers(length: number, seed: number): Float32Array {
  return Float32Array.from({ length }, (_, index) => Math.sin(12.9898 * (index + 1) + 78.233 * seed));
}

export function weight(shape: number[], seed: number, scale = 0.5): Tfjs.Variable {
  const size = shape.reduce((product, length) => product * length, 1);
  return tf.variable(tf.tensor(numbers(size, seed), shape).mul(scale));
}

function crossEntropy(logits: Tfjs.Tensor, y: Tfjs.Tensor1D): Tfjs.Scalar {
  return sparseSoftmaxCrossEntropy(tf, logits as Tfjs.Tensor2D, y).mean();
}

/** Trains the parameters by SGD with momentum on the loss. */
function byMomentum(
  parameters: Record<string, Tfjs.Variable>,
  loss: (x: Tfjs.Tensor2D, y: Tfjs.Tensor1D, at: StepContext) => Tfjs.Scalar,
  others: Record<string, Tfjs.Variable> = {},
): SmallNetwork {
  const optimizer = momentum(tf, parameters);
  return {
    variables: { ...parameters, ...optimizer.slots, ...others },
    step: (x, y, at) => {
      const { loss: value, gradients } = gradientsOf(tf, parameters, () => loss(x, y, at));
      optimizer.apply(gradients, { learningRate: at.hyperparameters['rate']!, momentum: 0.9 });
      return { loss: value };
    },
  };
}

function dense(): SmallNetwork {
  const parameters = { w1: weight([FEATURES, 5], 1), b1: weight([5], 2), w2: weight([5, CLASSES], 3) };
  const optimizer = adam(tf, parameters);
  return {
    variables: { ...parameters, ...optimizer.slots },
    step: (x, y, at) => {
      const { loss, gradients } = gradientsOf(tf, parameters, () =>
        crossEntropy(x.matMul(parameters.w1).add(parameters.b1).tanh().matMul(parameters.w2), y),
      );
      const { gradients: clipped, norm } = clipByGlobalNorm(tf, gradients, 0.5);
      optimizer.apply(clipped, { learningRate: at.hyperparameters['rate']!, weightDecay: 0.01 });
      return { loss, norm };
    },
  };
}

function convolution(): SmallNetwork {
  const parameters = { k: weight([2, 2, 1, 3], 1), w: weight([3, CLASSES], 2) };
  return byMomentum(parameters, (x, y) => {
    const image = x.reshape<Tfjs.Tensor4D>([BATCH, 2, 3, 1]);
    const convolved = relu(tf, tf.conv2d(image, parameters.k as unknown as Tfjs.Tensor4D, 1, 'same'));
    const pooled = tf.maxPool(convolved, 2, 1, 'valid').mean([1, 2]);
    return crossEntropy(pooled.matMul(parameters.w), y);
  });
}

function batchNorm(): SmallNetwork {
  const parameters = { w: weight([FEATURES, CLASSES], 1), scale: weight([CLASSES], 2), shift: weight([CLASSES], 3) };
  const moving = { mean: weight([CLASSES], 4, 0), variance: weight([CLASSES], 5, 0) };
  return byMomentum(
    parameters,
    (x, y) => {
      const features = x.matMul(parameters.w);
      const { mean, variance } = tf.moments(features, 0);
      moving.mean.assign(moving.mean.mul(0.9).add(mean.mul(0.1)));
      moving.variance.assign(moving.variance.mul(0.9).add(variance.mul(0.1)));
      const normal = features.sub(mean).div(variance.add(1e-3).sqrt());
      return crossEntropy(normal.mul(parameters.scale).add(parameters.shift), y);
    },
    moving,
  );
}

function layerNorm(): SmallNetwork {
  const parameters = { w: weight([FEATURES, CLASSES], 1), scale: weight([CLASSES], 2) };
  const optimizer = rmsprop(tf, parameters);
  return {
    variables: { ...parameters, ...optimizer.slots },
    step: (x, y, at) => {
      const { gradients } = gradientsOf(tf, parameters, () => {
        const features = x.matMul(parameters.w);
        const { mean, variance } = tf.moments(features, -1, true);
        return crossEntropy(features.sub(mean).mul(variance.add(1e-3).rsqrt()).mul(parameters.scale), y);
      });
      optimizer.apply(gradients, { learningRate: at.hyperparameters['rate']!, momentum: 0.5 });
    },
  };
}

function droppingOut(): SmallNetwork {
  const parameters = { w1: weight([FEATURES, 8], 1), w2: weight([8, CLASSES], 2) };
  return byMomentum(parameters, (x, y, at) => {
    const [first, second] = split(tf, at.key, 2) as [Tfjs.Tensor1D, Tfjs.Tensor1D];
    const hidden = dropout(tf, dropout(tf, x, 0.2, first).matMul(parameters.w1), at.hyperparameters['rate']!, second);
    return crossEntropy(hidden.tanh().matMul(parameters.w2), y);
  });
}

function recurrent(): SmallNetwork {
  const cell = tf.layers.lstm({ units: 4, returnSequences: false });
  (cell.apply(tf.zeros([BATCH, 3, 2])) as Tfjs.Tensor).dispose();
  const [kernel, recurrentKernel, bias] = cell.trainableWeights.map((each) => each.read() as Tfjs.Variable);
  const parameters = { kernel: kernel!, recurrentKernel: recurrentKernel!, bias: bias!, w: weight([4, CLASSES], 9) };
  parameters.kernel.assign(weight([2, 16], 1));
  parameters.recurrentKernel.assign(weight([4, 16], 2));
  return byMomentum(parameters, (x, y) => {
    const last = cell.apply(x.reshape([BATCH, 3, 2]), { training: true }) as Tfjs.Tensor2D;
    return crossEntropy(last.matMul(parameters.w), y);
  });
}

function attention(): SmallNetwork {
  const parameters = { q: weight([2, 4], 1), k: weight([2, 4], 2), v: weight([2, CLASSES], 3) };
  const optimizer = adamW(tf, parameters);
  return {
    variables: { ...parameters, ...optimizer.slots },
    step: (x, y, at) => {
      const { loss, gradients } = gradientsOf(tf, parameters, () => {
        const tokens = x.reshape<Tfjs.Tensor2D>([BATCH * 3, 2]);
        const project = (by: Tfjs.Variable, size: number) => tokens.matMul(by).reshape([BATCH, 3, size]);
        const weights = tf.matMul(project(parameters.q, 4), project(parameters.k, 4), false, true).div(2).softmax();
        return crossEntropy(tf.matMul(weights, project(parameters.v, CLASSES)).mean(1), y);
      });
      optimizer.apply(gradients, { learningRate: at.hyperparameters['rate']!, weightDecay: 0.1 });
      return { loss };
    },
  };
}

function residual(): SmallNetwork {
  const parameters = {
    w1: weight([FEATURES, FEATURES], 1),
    w2: weight([FEATURES, FEATURES], 2),
    w: weight([FEATURES, CLASSES], 3),
  };
  return byMomentum(parameters, (x, y) => {
    const block = (input: Tfjs.Tensor2D, by: Tfjs.Variable) => input.add<Tfjs.Tensor2D>(input.matMul(by).elu());
    return crossEntropy(block(block(x, parameters.w1), parameters.w2).matMul(parameters.w), y);
  });
}

/** Penalises the gradient by the input. */
function secondOrder(): SmallNetwork {
  const parameters = { w1: weight([FEATURES, 5], 1), w2: weight([5, 1], 2) };
  return byMomentum(parameters, (x) => {
    const critic = (input: Tfjs.Tensor) =>
      input
        .matMul(parameters.w1 as unknown as Tfjs.Tensor2D)
        .sigmoid()
        .matMul(parameters.w2)
        .sum();
    const slope = tf.grad(critic)(x);
    return critic(x).square().add(slope.square().sum().sub(1).square()).mean().asScalar();
  });
}

/** Counts, remembers whether it ever saw a large loss, and learns every third step only. */
function integerAndBoolean(): SmallNetwork {
  const w = weight([FEATURES, CLASSES], 1);
  const count = tf.variable(tf.scalar(0, 'int32'));
  const seen = tf.variable(tf.zeros([CLASSES], 'int32'));
  const wasLarge = tf.variable(tf.scalar(false, 'bool'));
  return {
    variables: { w, count, seen, wasLarge },
    step: (x, y, at) => {
      const { loss, gradients } = gradientsOf(tf, { w }, () => crossEntropy(x.matMul(w), y));
      const learns = tf.mod(count, tf.scalar(3, 'int32')).equal(tf.scalar(0, 'int32'));
      w.assign(tf.where(learns, w.sub(gradients['w']!.mul(at.hyperparameters['rate']!)), w));
      seen.assign(seen.add(tf.oneHot(y, CLASSES).sum(0)));
      wasLarge.assign(tf.logicalOr(wasLarge, loss.greater(2)));
      count.assign(count.add(tf.scalar(1, 'int32')));
      return { step: at.step, large: wasLarge.clone(), loss };
    },
  };
}

/** Follows another network slowly, and copies it every fourth step. */
function targetNetwork(): SmallNetwork {
  const online = weight([FEATURES, CLASSES], 1);
  const slow = tf.variable(online);
  const copied = tf.variable(online);
  const optimizer = momentum(tf, { online }, { nesterov: true });
  return {
    variables: { online, slow, copied, ...optimizer.slots },
    step: (x, y, at) => {
      const { gradients } = gradientsOf(tf, { online }, () => {
        const wanted = stopGradient(tf, x.matMul(slow).add(x.matMul(copied)).softmax());
        return crossEntropy(x.matMul(online), y).add(x.matMul(online).softmax().sub(wanted).square().mean()).asScalar();
      });
      const rates = { learningRate: at.hyperparameters['rate']!, momentum: 0.5, weightDecay: 0.01 };
      optimizer.apply({ online: gradients['online']! }, rates);
      slow.assign(slow.mul(0.9).add(online.mul(0.1)));
      const isFourth = tf.mod(at.step, tf.scalar(4, 'int32')).equal(tf.scalar(0, 'int32'));
      copied.assign(tf.where(isFourth, online, copied));
    },
  };
}

/** Its gradient is clipped on the way back. */
function customGradient(): SmallNetwork {
  const parameters = { w1: weight([FEATURES, 5], 1), w2: weight([5, CLASSES], 2) };
  const clipped = tf.customGrad((...args) => {
    const [x, save] = args as unknown as [Tfjs.Tensor, (tensors: Tfjs.Tensor[]) => void];
    save([x]);
    return { value: x.sign(), gradFunc: (dy: Tfjs.Tensor, [saved]: Tfjs.Tensor[]) => dy.mul(saved!.abs().less(1)) };
  });
  return byMomentum(parameters, (x, y) => crossEntropy(clipped(x.matMul(parameters.w1)).matMul(parameters.w2), y));
}

/** TensorFlow.js's own layers and optimiser: its slots exist once it has done a step. */
function layersApi(): SmallNetwork {
  const hidden = tf.layers.dense({ units: 5, activation: 'relu' });
  const output = tf.layers.dense({ units: CLASSES });
  const norm = tf.layers.batchNormalization();
  hidden.build([BATCH, FEATURES]);
  norm.build([BATCH, 5]);
  output.build([BATCH, 5]);
  const trained = [...hidden.trainableWeights, ...norm.trainableWeights, ...output.trainableWeights];
  const weights = [...trained, ...norm.nonTrainableWeights].map((each) => each.read() as Tfjs.Variable);
  weights.forEach((variable, index) => {
    if (variable.rank === 2) variable.assign(weight(variable.shape, index));
  });
  const optimizer = tf.train.adam(0.01);
  const parameters = trained.map((each) => each.read() as Tfjs.Variable);
  optimizer.applyGradients(Object.fromEntries(parameters.map((variable) => [variable.name, tf.zerosLike(variable)])));
  const inner = optimizer as unknown as Record<string, { variable: Tfjs.Variable }[] & Tfjs.Variable>;
  const slots = [...inner['accumulatedFirstMoment']!, ...inner['accumulatedSecondMoment']!].map(
    ({ variable }) => variable,
  );
  const all = [...weights, ...slots, inner['accBeta1']!, inner['accBeta2']!];
  return {
    variables: Object.fromEntries(all.map((variable, index) => [`v${index}`, variable])),
    step: (x, y, at) => {
      const cost = optimizer.minimize(
        () => {
          const normal = norm.apply(hidden.apply(x), { training: true }) as Tfjs.Tensor;
          return crossEntropy(output.apply(normal) as Tfjs.Tensor, y)
            .mul(at.hyperparameters['rate']!)
            .asScalar();
        },
        true,
        parameters,
      );
      return { cost: cost! };
    },
  };
}

export const SMALL_NETWORKS: Readonly<Record<string, () => SmallNetwork>> = {
  dense,
  convolution,
  'batch norm': batchNorm,
  'layer norm': layerNorm,
  dropout: droppingOut,
  recurrent,
  attention,
  residual,
  'second order': secondOrder,
  'int32 and bool state': integerAndBoolean,
  'target network': targetNetwork,
  'custom gradient': customGradient,
  'layers and optimiser of TensorFlow.js': layersApi,
};
