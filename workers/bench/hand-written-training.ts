/**
 * Two networks written as graphs by hand, gradients included. Compiled networks are compared with them.
 *
 * Shapes: B examples; I, O features in and out; H, W height and width; C, D channels in and out.
 */
import { Graph, type Effect, type Value, type Variable } from '../../activities/tasks/tensorflow/graph.ts';

/** A layer applied to an input: `back` takes the loss's gradient by the output and gives that by the input. */
interface Layer {
  readonly output: Value;
  readonly back: (gradient: Value, wantsInput: boolean) => Value | undefined;
}

/** What is updated: a weight with its gradient. */
interface Update {
  readonly weight: Variable;
  readonly gradient: Value;
}

export type Optimizer = 'momentum' | 'adam';

const T = { T: { type: 'float32' } } as const;
const POOLED = { ...T, ksize: { ints: [1, 2, 2, 1] }, strides: { ints: [1, 2, 2, 1] }, padding: 'VALID' } as const;
const CONVOLVED = { ...T, strides: { ints: [1, 1, 1, 1] }, padding: 'SAME' } as const;
const CLASSES = 10;

/**
 * Returns the graph of a perceptron (one hidden layer of 64) or of a convolutional network (16 and 32 filters, 64
 * features) on 28×28 images, as the content of a `saved_model.pb`. It is fed `images` (uint8 [steps, B, 784]), `labels`
 * (int32 [steps, B]) and `steps`, and trains if `trained` is fetched; `start` sets all variables.
 */
export function handWrittenTraining(isConvolutional: boolean, optimizer: Optimizer, batchSize: number): Uint8Array {
  const network = new HandWritten(optimizer);
  const { graph } = network;
  const images = graph.input('images', 'uint8', [-1, batchSize, 784]);
  const labels = graph.input('labels', 'int32', [-1, batchSize]);
  const { count } = graph.repeat(graph.input('steps', 'int32', []), [], (index) => {
    const pixels = graph.value('Cast', [network.pick(images, index)], 'float32', {
      SrcT: { type: 'uint8' },
      DstT: { type: 'float32' },
    });
    const scaled = graph.value('Mul', [pixels, network.scalar(1 / 90)], 'float32', T);
    const input = graph.value('AddV2', [scaled, network.scalar(-0.8)], 'float32', T);
    const layers = isConvolutional
      ? network.convolutional(input, batchSize)
      : network.stack(input, [
          (x) => network.dense('hidden', x, 784, 64, true),
          (x) => network.dense('output', x, 64, CLASSES, false),
        ]);
    const logits = layers.reduce((_, { output }) => output, input);
    const [, slope] = graph.values(
      'SparseSoftmaxCrossEntropyWithLogits',
      [logits, network.pick(labels, index)],
      ['float32', 'float32'],
      { ...T, Tlabels: { type: 'int32' } },
    );
    if (!slope) throw new Error('Expected two outputs');
    const loss = graph.value('Mul', [slope, network.scalar(1 / batchSize)], 'float32', T);
    layers.reduceRight<Value>((gradient, layer, at) => layer.back(gradient, at > 0) ?? gradient, loss);
    return { effects: network.update(), carried: [] };
  });
  graph.output('trained', count);
  network.addStart();
  return graph.encode();
}

class HandWritten {
  readonly graph = new Graph();
  readonly #optimizer: Optimizer;
  readonly #updates: Update[] = [];
  readonly #starts: Effect[] = [];

  constructor(optimizer: Optimizer) {
    this.#optimizer = optimizer;
  }

  pick(values: Value, index: Value): Value {
    const axis = this.graph.constant(Int32Array.of(0), []);
    return this.graph.value('GatherV2', [values, index, axis], values.dtype, {
      Tparams: { type: values.dtype },
      Tindices: { type: 'int32' },
      Taxis: { type: 'int32' },
    });
  }

  scalar(value: number): Value {
    return this.graph.constant(Float32Array.of(value), []);
  }

  stack(input: Value, makers: readonly ((input: Value) => Layer)[]): Layer[] {
    let next = input;
    return makers.map((make) => {
      const layer = make(next);
      next = layer.output;
      return layer;
    });
  }

  convolutional(input: Value, batchSize: number): Layer[] {
    return this.stack(input, [
      (x) => this.reshape(x, [batchSize, 28, 28, 1], [batchSize, 784]),
      (x) => this.convolution('first', x, [batchSize, 28, 28, 1], 16),
      (x) => this.convolution('second', x, [batchSize, 14, 14, 16], 32),
      (x) => this.reshape(x, [batchSize, 1568], [batchSize, 7, 7, 32]),
      (x) => this.dense('hidden', x, 1568, 64, true),
      (x) => this.dense('output', x, 64, CLASSES, false),
    ]).slice(1);
  }

  /** [B, I] to [B, O]. */
  dense(name: string, input: Value, inputs: number, outputs: number, rectified: boolean): Layer {
    const { graph } = this;
    const [kernel, bias] = [this.#weight(`${name}/kernel`, [inputs, outputs]), this.#weight(`${name}/bias`, [outputs])];
    const weights = graph.read(kernel);
    const sum = graph.value('BiasAdd', [this.#matMul(input, weights), graph.read(bias)], 'float32', T);
    const output = rectified ? graph.value('Relu', [sum], 'float32', T) : sum;
    return {
      output,
      back: (gradient, wantsInput) => {
        const sums = rectified ? graph.value('ReluGrad', [gradient, output], 'float32', T) : gradient;
        this.#updates.push({ weight: kernel, gradient: this.#matMul(input, sums, { transposeA: true }) });
        this.#updates.push({ weight: bias, gradient: graph.value('BiasAddGrad', [sums], 'float32', T) });
        return wantsInput ? this.#matMul(sums, weights, { transposeB: true }) : undefined;
      },
    };
  }

  /** [B, H, W, C] to [B, H/2, W/2, D]: 3×3 convolution, 2×2 max pooling, bias, ReLU. */
  convolution(name: string, input: Value, shape: readonly [number, number, number, number], filters: number): Layer {
    const { graph } = this;
    const kernelShape = [3, 3, shape[3], filters];
    const [kernel, bias] = [this.#weight(`${name}/kernel`, kernelShape), this.#weight(`${name}/bias`, [filters])];
    const weights = graph.read(kernel);
    const responses = graph.value('Conv2D', [input, weights], 'float32', CONVOLVED);
    const strongest = graph.value('MaxPool', [responses], 'float32', POOLED);
    const sum = graph.value('BiasAdd', [strongest, graph.read(bias)], 'float32', T);
    const output = graph.value('Relu', [sum], 'float32', T);
    return {
      output,
      back: (gradient, wantsInput) => {
        const sums = graph.value('ReluGrad', [gradient, output], 'float32', T);
        const spread = graph.value('MaxPoolGrad', [responses, strongest, sums], 'float32', POOLED);
        const kernelGradient = [input, this.#shape(kernelShape), spread];
        this.#updates.push({
          weight: kernel,
          gradient: graph.value('Conv2DBackpropFilter', kernelGradient, 'float32', CONVOLVED),
        });
        this.#updates.push({ weight: bias, gradient: graph.value('BiasAddGrad', [sums], 'float32', T) });
        const inputGradient = [this.#shape(shape), weights, spread];
        return wantsInput ? graph.value('Conv2DBackpropInput', inputGradient, 'float32', CONVOLVED) : undefined;
      },
    };
  }

  reshape(input: Value, to: readonly number[], from: readonly number[]): Layer {
    const reshaped = (value: Value, shape: readonly number[]) =>
      this.graph.value('Reshape', [value, this.#shape(shape)], 'float32', { ...T, Tshape: { type: 'int32' } });
    return { output: reshaped(input, to), back: (gradient) => reshaped(gradient, from) };
  }

  /** Updates all weights; learning rate 0.01, momentum 0.9. */
  update(): Effect[] {
    const { graph } = this;
    const attributes = { ...T, use_locking: false, use_nesterov: false };
    if (this.#optimizer === 'momentum') {
      const [rate, mu] = [this.scalar(0.01), this.scalar(0.9)];
      return this.#updates.map(({ weight, gradient }) => {
        const velocity = this.#weight(`${weight.name}/momentum`, weight.shape, 0);
        const inputs = [weight.handle, velocity.handle, rate, gradient, mu];
        return graph.effect('ResourceApplyMomentum', inputs, attributes);
      });
    }
    const powers = [0.9, 0.999].map((beta) => ({ beta, power: this.#weight(`power-of-${beta}`, [], beta) }));
    const reached = powers.map(({ power }) => graph.read(power));
    const rates = [0.01, 0.9, 0.999, 1e-7].map((rate) => this.scalar(rate));
    const updates = this.#updates.map(({ weight, gradient }) => {
      const moments = ['first', 'second'].map((moment) => this.#weight(`${weight.name}/${moment}`, weight.shape, 0));
      const handles = [weight, ...moments].map(({ handle }) => handle);
      return graph.effect('ResourceApplyAdam', [...handles, ...reached, ...rates, gradient], attributes);
    });
    const assigned = powers.map(({ beta, power }) => {
      const next = graph.value('Mul', [graph.read(power), this.scalar(beta)], 'float32', T);
      return graph.assign(power, next, updates);
    });
    return [...updates, ...assigned];
  }

  addStart(): void {
    this.graph.output('start', this.graph.constant(Int32Array.of(1), []), this.#starts);
  }

  /** Every element starts as the value; a weight's elements differ. */
  #weight(name: string, shape: readonly number[], start?: number): Variable {
    const { graph } = this;
    const weight = graph.variable(name, shape);
    const size = shape.reduce((product, length) => product * length, 1);
    const values = Float32Array.from({ length: size }, (_, index) => start ?? 0.05 * Math.sin(index));
    graph.outside(() => {
      const copy = graph.value('DeepCopy', [graph.constant(values, shape)], 'float32', T);
      this.#starts.push(graph.assign(weight, copy));
    });
    return weight;
  }

  #shape(shape: readonly number[]): Value {
    return this.graph.constant(Int32Array.from(shape), [shape.length]);
  }

  #matMul(a: Value, b: Value, { transposeA = false, transposeB = false } = {}): Value {
    return this.graph.value('MatMul', [a, b], 'float32', { ...T, transpose_a: transposeA, transpose_b: transposeB });
  }
}
