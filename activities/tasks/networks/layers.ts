/**
 * Layers that the shipped tasks build networks of: plain TensorFlow.js, each with the same layer in the terms of
 * TensorFlow.js's layers models, for export.
 *
 * Shapes: B examples; I, O features in and out; H, W height and width; C, D channels in and out. Images are [B, H, W,
 * C].
 */
import type * as Tfjs from '@tensorflow/tfjs-node-gpu';
import { batchNormBy, biasAdd, matMul } from '../tensorflow/kernels.ts';
import type { Rate } from '../tensorflow/optimizers.ts';
import { dropout as dropOut } from '../tensorflow/random.ts';
import { activate, EXPORTED_ACTIVATIONS, type Activation } from './activations.ts';
import { normaliseBatch } from './batch-normalisation.ts';
import { sizeOf } from '../shape-size.ts';

type Tf = typeof Tfjs;

/** A variable of a layer. */
export interface Parameter {
  /** `<layer>/<parameter>`: its name in checkpoints. */
  readonly name: string;
  readonly shape: readonly number[];
  /** Normal with this standard deviation, or this value everywhere. */
  readonly initial: { readonly deviation: number } | { readonly value: number };
  /** Moving averages are not trained. */
  readonly isTrained: boolean;
}

/** What a layer does while it is trained. */
export interface LayerTraining {
  /** Undefined: drops nothing. */
  readonly dropout: Rate | undefined;
  /** Of this layer in this step. */
  readonly key: Tfjs.Tensor1D | undefined;
}

/** The same layer in TensorFlow.js's terms. */
export type ExportedLayer = PlainLayer | Sum;

/** A class of tf.layers and its configuration. */
export interface PlainLayer {
  readonly type:
    | 'activation'
    | 'batchNormalization'
    | 'conv2d'
    | 'dense'
    | 'flatten'
    | 'globalAveragePooling2d'
    | 'layerNormalization'
    | 'maxPooling2d'
    | 'reLU'
    | 'rescaling'
    | 'zeroPadding2d';
  readonly config: Readonly<Record<string, unknown>>;
}

/** The sum of what several chains of layers make of the same input; an empty chain gives the input. */
export interface Sum {
  readonly type: 'sum';
  readonly name: string;
  readonly chains: readonly (readonly ExportedLayer[])[];
}

export interface Layer {
  readonly parameters: readonly Parameter[];
  /** Whether it uses a random key. */
  readonly isRandom: boolean;
  /** `training` is undefined where the layer only answers. */
  readonly apply: (
    tf: Tf,
    input: Tfjs.Tensor,
    variables: readonly Tfjs.Variable[],
    training: LayerTraining | undefined,
  ) => Tfjs.Tensor;
  readonly exported: readonly ExportedLayer[];
}

/** He initialisation: variance 2 / fan-in, the number of inputs that one output sums over. */
function kernel(name: string, shape: readonly number[], fanIn: number): Parameter {
  return { name, shape, initial: { deviation: heDeviation(fanIn) }, isTrained: true };
}

function heDeviation(fan: number): number {
  return Math.sqrt(2 / fan);
}

function constant(name: string, size: number, value: number, isTrained = true): Parameter {
  return { name, shape: [size], initial: { value }, isTrained };
}

/** [B, I] to [B, O]: x·W, plus b if `biased`. The kernel is drawn with this standard deviation; default: He's. */
export function dense(
  name: string,
  inputs: number,
  outputs: number,
  { biased = true, deviation = heDeviation(inputs) }: { readonly biased?: boolean; readonly deviation?: number } = {},
): Layer {
  return {
    parameters: [
      { name: `${name}/kernel`, shape: [inputs, outputs], initial: { deviation }, isTrained: true },
      ...(biased ? [constant(`${name}/bias`, outputs, 0)] : []),
    ],
    isRandom: false,
    apply: (tf, input, [weights, bias]) => {
      const sums = matMul(tf, input, weights!);
      return bias ? biasAdd(tf, sums, bias) : sums;
    },
    exported: [{ type: 'dense', config: { name, units: outputs, useBias: biased } }],
  };
}

/** [B, H, W, C] to [B, H, W, D]: 3×3 convolution padded to the same size; bias if `biased`. */
export function convolution(name: string, channels: number, filters: number, biased = true): Layer {
  return {
    parameters: [
      kernel(`${name}/kernel`, [3, 3, channels, filters], 9 * channels),
      ...(biased ? [constant(`${name}/bias`, filters, 0)] : []),
    ],
    isRandom: false,
    apply: (tf, input, [weights, bias]) => {
      const sums = tf.conv2d(input as Tfjs.Tensor4D, weights as unknown as Tfjs.Tensor4D, 1, 'same');
      return bias ? biasAdd(tf, sums, bias) : sums;
    },
    exported: [{ type: 'conv2d', config: { ...convolutionConfig(name, filters), useBias: biased } }],
  };
}

function convolutionConfig(name: string, filters: number): PlainLayer['config'] {
  return { name, filters, kernelSize: 3, padding: 'same' };
}

/**
 * [B, H, W, C] to [B, ⌊H/2⌋, ⌊W/2⌋, D]: 3×3 convolution, bias, an activation that is monotone, 2×2 max pooling.
 *
 * Pools before it adds the bias and activates, which is the same function at a quarter of the work.
 */
export function pooledConvolution(name: string, channels: number, filters: number, activation: Activation): Layer {
  const sums = convolution(name, channels, filters);
  return {
    ...sums,
    apply: (tf, input, [weights, bias]) => {
      const responses = tf.conv2d(input as Tfjs.Tensor4D, weights as unknown as Tfjs.Tensor4D, 1, 'same');
      const strongest = tf.maxPool(responses, 2, 2, 'valid');
      return activate(tf, biasAdd(tf, strongest, bias!), activation);
    },
    exported: [
      { type: 'conv2d', config: { ...convolutionConfig(name, filters), activation: EXPORTED_ACTIVATIONS[activation] } },
      ...pooling(name).exported,
    ],
  };
}

/** [B, H, W, C] to [B, ⌊H/2⌋, ⌊W/2⌋, C]: 2×2 max pooling. */
export function pooling(name: string): Layer {
  return {
    parameters: [],
    isRandom: false,
    apply: (tf, input) => tf.maxPool(input as Tfjs.Tensor4D, 2, 2, 'valid'),
    exported: [{ type: 'maxPooling2d', config: { name: `${name}-pooling`, poolSize: 2 } }],
  };
}

/** [B, …] to [B, I], where I is the product of `shape`, the shape of one example before. */
export function flatten(shape: readonly number[]): Layer {
  const features = sizeOf(shape);
  return {
    parameters: [],
    isRandom: false,
    apply: (_, input) => input.reshape([-1, features]),
    exported: [{ type: 'flatten', config: { name: 'flatten' } }],
  };
}

/** Element by element. */
export function activation(name: string, function_: Activation): Layer {
  return {
    parameters: [],
    isRandom: false,
    apply: (tf, input) => activate(tf, input, function_),
    exported: [
      { type: 'activation', config: { name: `${name}-activation`, activation: EXPORTED_ACTIVATIONS[function_] } },
    ],
  };
}

/** [B, …, C]: sets elements to 0 at the rate of the training and scales the others up; nothing when it answers. */
export function dropout(): Layer {
  return {
    parameters: [],
    isRandom: true,
    apply: (tf, input, _, training) =>
      training?.dropout === undefined || !training.key ? input : dropOut(tf, input, training.dropout, training.key),
    exported: [],
  };
}

/** Share that the moving averages keep in a step. */
const AVERAGES_KEEP = 0.9;

export interface Normalising {
  /** Added to variances. */
  readonly epsilon?: number;
  /** What the scales begin as. */
  readonly scale?: number;
}

/**
 * [B, …, C] to the same: batch normalisation (Ioffe and Szegedy, arXiv 1502.03167) of each channel; by moving averages
 * where it answers.
 */
export function batchNormalisation(
  name: string,
  channels: number,
  { epsilon = 1e-3, scale: initial = 1 }: Normalising = {},
): Layer {
  const own = `${name}-normalisation`;
  return {
    parameters: [
      constant(`${own}/scale`, channels, initial),
      constant(`${own}/offset`, channels, 0),
      constant(`${own}/moving-mean`, channels, 0, false),
      constant(`${own}/moving-variance`, channels, 1, false),
    ],
    isRandom: false,
    apply: (tf, input, variables, training) => {
      const [scale, offset, mean, variance] = variables as [Tfjs.Variable, Tfjs.Variable, Tfjs.Variable, Tfjs.Variable];
      return training
        ? normaliseBatch(tf, input, { scale, offset }, { mean, variance }, { epsilon, keeps: AVERAGES_KEEP })
        : batchNormBy(tf, input, { scale, offset }, { mean, variance }, epsilon);
    },
    exported: [{ type: 'batchNormalization', config: { name: own, epsilon, momentum: AVERAGES_KEEP } }],
  };
}

/** [B, C] to the same: layer normalisation (Ba, Kiros and Hinton, arXiv 1607.06450) of each example. */
export function layerNormalisation(name: string, features: number): Layer {
  const own = `${name}-normalisation`;
  const epsilon = 1e-3;
  return {
    parameters: [constant(`${own}/scale`, features, 1), constant(`${own}/offset`, features, 0)],
    isRandom: false,
    apply: (_, input, [scale, offset]) => {
      const distance = input.sub(input.mean(1, true));
      const deviation = distance.square().mean(1, true).add(epsilon).sqrt();
      return distance.div(deviation).mul(scale!).add(offset!);
    },
    exported: [{ type: 'layerNormalization', config: { name: own, epsilon } }],
  };
}
