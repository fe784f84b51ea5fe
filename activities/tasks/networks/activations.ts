/**
 * Activation functions of the shipped networks.
 */
import type * as Tfjs from '@tensorflow/tfjs-node-gpu';
import { relu, sigmoid, tanh } from '../tensorflow/kernels.ts';

export const ACTIVATIONS = ['relu', 'tanh', 'elu', 'gelu', 'swish'] as const;

export type Activation = (typeof ACTIVATIONS)[number];

/** Those that never fall: they and a maximum may change places. */
const MONOTONE: ReadonlySet<Activation> = new Set(['relu', 'tanh', 'elu']);

/** What tf.layers calls them. */
export const EXPORTED_ACTIVATIONS: Readonly<Record<Activation, string>> = {
  relu: 'relu',
  tanh: 'tanh',
  elu: 'elu',
  gelu: 'gelu',
  swish: 'swish',
};

/** Returns whether the function never falls. */
export function isMonotone(activation: Activation): boolean {
  return MONOTONE.has(activation);
}

/** Returns the function of each element. */
export function activate(tf: typeof Tfjs, input: Tfjs.Tensor, activation: Activation): Tfjs.Tensor {
  switch (activation) {
    case 'relu':
      return relu(tf, input);
    case 'tanh':
      return tanh(tf, input);
    case 'elu':
      return tf.elu(input);
    case 'gelu':
      return input.mul(0.5).mul(tf.erf(input.mul(Math.SQRT1_2)).add(1));
    case 'swish':
      return input.mul(sigmoid(tf, input));
    default:
      return activation satisfies never;
  }
}
