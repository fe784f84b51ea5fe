/**
 * The graphs against an independent implementation: the same networks in TensorFlow.js's own operations, with its
 * automatic gradients, and optimisers written out on arrays of doubles.
 */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type * as Tfjs from '@tensorflow/tfjs-node-gpu';
import { randomStream } from '../../../../workflows/algorithm/index.ts';
import {
  PIXEL_OFFSET,
  PIXEL_SCALE,
  ResidentExamples,
} from '../../../../activities/tasks/image-classification/examples.ts';
import type { ImageShape, Model } from '../../../../activities/tasks/image-classification/models.ts';
import { Network } from '../../../../activities/tasks/image-classification/network.ts';
import type { ImageClassification } from '../../../../activities/tasks/image-classification/settings.ts';
import { loadTensorFlow } from '../../../../activities/tasks/tensorflow/library.ts';

process.env['TF_CPP_MIN_LOG_LEVEL'] = '2';
process.env['TF_NUM_INTRAOP_THREADS'] = '1';
const { tfjs, binding } = loadTensorFlow();

const IMAGE: ImageShape = [10, 10, 1];
const CLASSES = 3;
const BATCH = 4;
const STEPS = 5;
const PERCEPTRON: Model = { kind: 'perceptron', hidden: [6, 5] };
const CONVOLUTIONAL: Model = { kind: 'convolutional', filters: [3, 4], dense: 6 };
const HYPERPARAMETERS = { learningRate: 0.05, momentum: 0.8, weightDecay: 0.01 };

type Values = Map<string, Float32Array>;

describe('a network', () => {
  for (const [model, optimizer] of [
    [PERCEPTRON, 'momentum'],
    [PERCEPTRON, 'adam'],
    [CONVOLUTIONAL, 'momentum'],
    [CONVOLUTIONAL, 'adam'],
  ] as const) {
    for (const weightDecay of [0, HYPERPARAMETERS.weightDecay]) {
      it(
        `trains a ${model.kind} model with ${optimizer}, weight decay ${weightDecay}, as automatic gradients ` +
          'and a plain optimiser do',
        () => {
          const network = new Network(binding, task(model, optimizer), IMAGE, CLASSES, weightDecay !== 0);
          const hyperparameters = { ...HYPERPARAMETERS, weightDecay };
          const state = initialState(network);
          const expected = trainNaively(model, optimizer, network, state, hyperparameters);
          network.setState(state);
          network.setHyperparameters(hyperparameters);
          network.train(STEPS, pixels(STEPS * BATCH), labels(STEPS * BATCH));
          for (const [name, values] of network.getState()) {
            const wanted = expected.get(name);
            if (!wanted) continue;
            const worst = Math.max(...values.map((value, index) => Math.abs(value - wanted[index]!)));
            assert.ok(worst < 2e-5, `${name} is off by ${worst}`);
          }
          network.dispose();
        },
      );
    }
  }

  it('comes out the same however its steps are cut into calls', () => {
    const network = new Network(binding, task(CONVOLUTIONAL, 'adam'), IMAGE, CLASSES, true);
    const ends = [[STEPS], [1, 2, 3, 4, 5], [2, STEPS]].map((cuts) => {
      network.setState(initialState(network));
      network.setHyperparameters(HYPERPARAMETERS);
      let from = 0;
      for (const to of cuts) {
        network.train(
          to - from,
          pixels(STEPS * BATCH).slice(from * BATCH * 100, to * BATCH * 100),
          labels(STEPS * BATCH).slice(from * BATCH, to * BATCH),
        );
        from = to;
      }
      return network.getState();
    });
    assert.deepEqual(ends[1], ends[0]);
    assert.deepEqual(ends[2], ends[0]);
    network.dispose();
  });

  it('counts correct answers as an argmax over its own logits does, in any number of batches', () => {
    const network = new Network(binding, task(CONVOLUTIONAL, 'momentum'), IMAGE, CLASSES, false);
    const state = initialState(network);
    network.setState(state);
    const count = 50;
    const [images, classes] = [pixels(count), labels(count)];
    const expected = tfjs.tidy(() => {
      const answers = [
        ...logits(CONVOLUTIONAL, tensors(network, state), normalised(images, count)).argMax(1).dataSync(),
      ];
      return answers.filter((answer, index) => answer === classes[index]).length;
    });
    for (const atOnce of [50, 20, 1]) {
      const examples = new ResidentExamples(binding, { count, pixels: images, labels: classes }, IMAGE, atOnce);
      assert.equal(
        examples.batches.map((batch) => network.countCorrect(batch)!).reduce((a, b) => a + b),
        expected,
      );
      examples.dispose();
    }
    network.dispose();
  });

  for (const [what, value] of [
    ['not a number', NaN],
    ['infinite', Infinity],
  ] as const) {
    it(`tells that a weight is ${what}, even one that no image reaches`, () => {
      const network = new Network(binding, task(PERCEPTRON, 'momentum'), IMAGE, CLASSES, false);
      const state = initialState(network);
      // Behind a unit that is never active.
      state.get('hidden-0/bias')![0] = -1e6;
      state.get('hidden-1/kernel')!.fill(value, 0, 1);
      network.setState(state);
      const examples = new ResidentExamples(
        binding,
        { count: 2, pixels: pixels(2), labels: new Int32Array(2) },
        IMAGE,
        2,
      );
      assert.equal(network.countCorrect(examples.batches[0]!), undefined);
      examples.dispose();
      network.dispose();
    });
  }

  it('keeps nothing when it is disposed of', () => {
    const alive = (): [number, number] => [binding.getNumOfTensors(), tfjs.memory().numTensors];
    const before = alive();
    for (let cycle = 0; cycle < 5; cycle++) {
      const network = new Network(binding, task(CONVOLUTIONAL, 'adam'), IMAGE, CLASSES, true);
      network.setState(initialState(network));
      network.setHyperparameters(HYPERPARAMETERS);
      network.train(STEPS, pixels(STEPS * BATCH), labels(STEPS * BATCH));
      network.getState();
      network.dispose();
    }
    assert.deepEqual(alive(), before);
  });
});

function task(model: Model, optimizer: 'momentum' | 'adam'): ImageClassification {
  return {
    dataset: 'fashion-mnist',
    model,
    optimizer,
    batchSize: BATCH,
    objectiveExamples: 1,
    untouchedExamples: 1,
  };
}

function sizeOf(shape: readonly number[]): number {
  return shape.reduce((product, size) => product * size, 1);
}

/** Parameters at random, biases too; slots as they start. */
function initialState(network: Network): Values {
  const state: Values = new Map();
  for (const { name, shape } of network.parameters) {
    const stream = randomStream(1, name);
    state.set(
      name,
      Float32Array.from({ length: sizeOf(shape) }, () => 0.4 * stream.normal()),
    );
  }
  for (const { variable, initial } of network.slots)
    state.set(variable.name, new Float32Array(sizeOf(variable.shape)).fill(initial));
  return state;
}

function pixels(count: number): Uint8Array {
  const stream = randomStream(2, 'pixels');
  return Uint8Array.from({ length: count * sizeOf(IMAGE) }, () => stream.integer(256));
}

function labels(count: number): Int32Array {
  const stream = randomStream(3, 'labels');
  return Int32Array.from({ length: count }, () => stream.integer(CLASSES));
}

function normalised(images: Uint8Array, count: number): Tfjs.Tensor4D {
  return tfjs.tensor4d(
    Float32Array.from(images, (byte) => byte * PIXEL_SCALE + PIXEL_OFFSET),
    [count, ...IMAGE],
  );
}

function tensors(network: Network, state: Values): Record<string, Tfjs.Tensor> {
  return Object.fromEntries(
    network.parameters.map(({ name, shape }) => [name, tfjs.tensor(state.get(name)!.slice(), [...shape])]),
  );
}

/** Convolve, add, rectify, pool: in the order that the documentation gives. */
function logits(model: Model, weights: Record<string, Tfjs.Tensor>, images: Tfjs.Tensor4D): Tfjs.Tensor2D {
  let maps = images;
  const hidden = model.kind === 'perceptron' ? model.hidden.length : 1;
  if (model.kind === 'convolutional') {
    model.filters.forEach((_, index) => {
      const sums = tfjs
        .conv2d(maps, weights[`convolution-${index}/kernel`] as Tfjs.Tensor4D, 1, 'same')
        .add(weights[`convolution-${index}/bias`]!);
      maps = tfjs.maxPool<Tfjs.Tensor4D>(sums.relu(), 2, 2, 'valid');
    });
  }
  let features: Tfjs.Tensor = maps.reshape([images.shape[0], -1]);
  for (let index = 0; index < hidden; index++)
    features = features.matMul(weights[`hidden-${index}/kernel`]!).add(weights[`hidden-${index}/bias`]!).relu();
  return features.matMul(weights['output/kernel']!).add(weights['output/bias']!);
}

/** Returns parameters and slots after training; only `train` of the network is not used. */
function trainNaively(
  model: Model,
  optimizer: 'momentum' | 'adam',
  network: Network,
  initial: Values,
  { learningRate, momentum, weightDecay }: typeof HYPERPARAMETERS,
): Map<string, number[]> {
  const names = network.parameters.map(({ name }) => name);
  const weights = new Map(names.map((name) => [name, [...initial.get(name)!]]));
  const zeros = (): Map<string, number[]> => new Map(names.map((name) => [name, weights.get(name)!.map(() => 0)]));
  const [first, second] = [zeros(), zeros()];
  const size = sizeOf(IMAGE);
  for (let step = 0; step < STEPS; step++) {
    const gradients = tfjs.tidy(() => {
      const images = normalised(pixels(STEPS * BATCH).slice(step * BATCH * size, (step + 1) * BATCH * size), BATCH);
      const classes = tfjs.oneHot([...labels(STEPS * BATCH).slice(step * BATCH, (step + 1) * BATCH)], CLASSES);
      const values = tensors(network, new Map(names.map((name) => [name, Float32Array.from(weights.get(name)!)])));
      const loss = (...given: Tfjs.Tensor[]): Tfjs.Scalar =>
        tfjs.losses
          .softmaxCrossEntropy(
            classes,
            logits(model, Object.fromEntries(names.map((name, index) => [name, given[index]!])), images),
          )
          .mean();
      return tfjs
        .grads(loss)(names.map((name) => values[name]!))
        .map((gradient) => [...gradient.dataSync()]);
    });
    names.forEach((name, index) => {
      const [w, m, v] = [weights.get(name)!, first.get(name)!, second.get(name)!];
      gradients[index]!.forEach((gradient, i) => {
        const g = gradient + (name.endsWith('/kernel') ? weightDecay * w[i]! : 0);
        if (optimizer === 'momentum') {
          m[i] = momentum * m[i]! + g;
          w[i] = w[i]! - learningRate * m[i];
        } else {
          m[i] = 0.9 * m[i]! + 0.1 * g;
          v[i] = 0.999 * v[i]! + 0.001 * g * g;
          const rate = (learningRate * Math.sqrt(1 - 0.999 ** (step + 1))) / (1 - 0.9 ** (step + 1));
          w[i] = w[i]! - (rate * m[i]) / (Math.sqrt(v[i]) + 1e-7);
        }
      });
    });
  }
  const slots =
    optimizer === 'momentum'
      ? ([['momentum', first]] as const)
      : ([
          ['adam-first-moment', first],
          ['adam-second-moment', second],
        ] as const);
  return new Map([
    ...weights,
    ...slots.flatMap(([kind, values]) =>
      [...values].map(([name, value]) => [`optimizer/${kind}/${name}`, value] as const),
    ),
  ]);
}
