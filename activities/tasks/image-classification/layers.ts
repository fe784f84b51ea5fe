/**
 * The layers of the networks, each with its gradient, as operations of a TensorFlow graph.
 *
 * Shapes: B examples; I, O features in and out; H, W height and width; C, D channels in and out. Images are [B, H, W,
 * C].
 */
import type { Graph, Value } from '../tensorflow/graph.ts';

/** A weight of a layer. */
export interface Parameter {
  /** `<layer>/kernel` or `<layer>/bias`: its name in checkpoints. */
  readonly name: string;
  readonly shape: readonly number[];
  /** Inputs that one output sums over; undefined for a bias, which starts at 0 and does not decay. */
  readonly fanIn: number | undefined;
}

/** A layer applied to an input. */
export interface Application {
  readonly output: Value;
  /**
   * Takes the loss's gradient by the output, of the same shape; gives those by the parameters, in order, and, where
   * asked for, by the input.
   */
  readonly backpropagate: (
    gradient: Value,
    wantsInput: boolean,
  ) => { readonly parameters: readonly Value[]; readonly input: Value | undefined };
}

/** The same layer in TensorFlow.js's terms: a class of tf.layers and its configuration. */
export interface ExportedLayer {
  readonly type: 'dense' | 'conv2d' | 'maxPooling2d' | 'flatten';
  readonly config: Readonly<Record<string, unknown>>;
}

export interface Layer {
  readonly parameters: readonly Parameter[];
  readonly apply: (graph: Graph, input: Value, parameters: readonly Value[]) => Application;
  readonly exported: readonly ExportedLayer[];
}

const T = { T: { type: 'float32' } } as const;

/** [B, I] to [B, O]: y = x·W + b, rectified if `rectified`. */
export function dense(name: string, inputs: number, outputs: number, rectified: boolean): Layer {
  return {
    parameters: [
      { name: `${name}/kernel`, shape: [inputs, outputs], fanIn: inputs },
      { name: `${name}/bias`, shape: [outputs], fanIn: undefined },
    ],
    apply: (graph, input, [kernel, bias]) => {
      const sum = graph.value('BiasAdd', [matMul(graph, input, kernel!), bias!], 'float32', T);
      const output = rectified ? graph.value('Relu', [sum], 'float32', T) : sum;
      return {
        output,
        backpropagate: (gradient, wantsInput) => {
          const sums = rectified ? graph.value('ReluGrad', [gradient, output], 'float32', T) : gradient;
          return {
            parameters: [
              matMul(graph, input, sums, { transposeA: true }),
              graph.value('BiasAddGrad', [sums], 'float32', T),
            ],
            input: wantsInput ? matMul(graph, sums, kernel!, { transposeB: true }) : undefined,
          };
        },
      };
    },
    exported: [{ type: 'dense', config: { name, units: outputs, activation: rectified ? 'relu' : 'linear' } }],
  };
}

/**
 * [B, H, W, C] to [B, ⌊H/2⌋, ⌊W/2⌋, D]: 3×3 convolution padded to the same size, bias, ReLU, 2×2 max pooling.
 *
 * Pools before it adds the bias and rectifies, which is the same function (both are monotone) at a quarter of the work.
 */
export function convolution(
  name: string,
  batchSize: number,
  [height, width, channels]: readonly [number, number, number],
  filters: number,
): Layer {
  const kernelShape = [3, 3, channels, filters];
  const convolved = { ...T, strides: { ints: [1, 1, 1, 1] }, padding: 'SAME' } as const;
  const pooled = { ...T, ksize: { ints: [1, 2, 2, 1] }, strides: { ints: [1, 2, 2, 1] }, padding: 'VALID' } as const;
  return {
    parameters: [
      { name: `${name}/kernel`, shape: kernelShape, fanIn: 9 * channels },
      { name: `${name}/bias`, shape: [filters], fanIn: undefined },
    ],
    apply: (graph, input, [kernel, bias]) => {
      const responses = graph.value('Conv2D', [input, kernel!], 'float32', convolved); // [B, H, W, D]
      const strongest = graph.value('MaxPool', [responses], 'float32', pooled); // [B, ⌊H/2⌋, ⌊W/2⌋, D]
      const output = graph.value('Relu', [graph.value('BiasAdd', [strongest, bias!], 'float32', T)], 'float32', T);
      return {
        output,
        backpropagate: (gradient, wantsInput) => {
          const sums = graph.value('ReluGrad', [gradient, output], 'float32', T);
          const spread = graph.value('MaxPoolGrad', [responses, strongest, sums], 'float32', pooled); // [B, H, W, D]
          const inputShape = () => graph.constant(Int32Array.of(batchSize, height, width, channels), [4]);
          return {
            parameters: [
              graph.value(
                'Conv2DBackpropFilter',
                [input, graph.constant(Int32Array.from(kernelShape), [4]), spread],
                'float32',
                convolved,
              ),
              graph.value('BiasAddGrad', [sums], 'float32', T),
            ],
            input: wantsInput
              ? graph.value('Conv2DBackpropInput', [inputShape(), kernel!, spread], 'float32', convolved)
              : undefined,
          };
        },
      };
    },
    exported: [
      { type: 'conv2d', config: { name, filters, kernelSize: 3, padding: 'same', activation: 'relu' } },
      { type: 'maxPooling2d', config: { name: `${name}-pooling`, poolSize: 2 } },
    ],
  };
}

/** [B, …] to [B, I], where I is the product of `shape`, the shape of one example before. */
export function flatten(shape: readonly number[]): Layer {
  const reshape = (graph: Graph, value: Value, to: readonly number[]): Value =>
    graph.value('Reshape', [value, graph.constant(Int32Array.from(to), [to.length])], 'float32', {
      ...T,
      Tshape: { type: 'int32' },
    });
  const features = shape.reduce((product, size) => product * size, 1);
  return {
    parameters: [],
    apply: (graph, input) => ({
      output: reshape(graph, input, [-1, features]),
      backpropagate: (gradient, wantsInput) => ({
        parameters: [],
        input: wantsInput ? reshape(graph, gradient, [-1, ...shape]) : undefined,
      }),
    }),
    exported: [{ type: 'flatten', config: { name: 'flatten' } }],
  };
}

function matMul(graph: Graph, a: Value, b: Value, { transposeA = false, transposeB = false } = {}): Value {
  return graph.value('MatMul', [a, b], 'float32', { ...T, transpose_a: transposeA, transpose_b: transposeB });
}
