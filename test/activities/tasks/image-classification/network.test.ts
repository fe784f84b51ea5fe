/**
 * The compiled networks against an independent implementation: the same networks in TensorFlow.js's own operations,
 * with its automatic gradients, and optimisers written out on arrays of doubles.
 */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type * as Tfjs from '@tensorflow/tfjs-node-gpu';
import { randomStream } from '../../../../workflows/algorithm/index.ts';
import { BatchOrder, splitRows } from '../../../../activities/tasks/datasets/split.ts';
import { imageClassification } from '../../../../activities/tasks/image-classification/image-classification.ts';
import { loadTensorFlow } from '../../../../activities/tasks/tensorflow/library.ts';
import type { State } from '../../../../activities/tasks/task.ts';
import { dataFolder, idxFile } from '../datasets/data-files.ts';
import { floatsOf, withSession } from '../open-session.ts';

process.env['TF_CPP_MIN_LOG_LEVEL'] = '2';
process.env['TF_NUM_INTRAOP_THREADS'] = '1';
const { tfjs, binding } = loadTensorFlow();

const SIDE = 10;
const CLASSES = 3;
const BATCH = 4;
const STEPS = 5;
const COUNT = 60;
const SEED = 7;
const WORKER = 'P1/member-3';
const NORMALISATION = { mean: [0.4], deviation: [0.3] };
const HYPERPARAMETERS = { learningRate: 0.05, momentum: 0.8, weightDecay: 0.01 };

type Model =
  | { readonly kind: 'perceptron'; readonly hidden: readonly number[] }
  | { readonly kind: 'convolutional'; readonly filters: readonly number[]; readonly dense: number };
const PERCEPTRON: Model = { kind: 'perceptron', hidden: [6, 5] };
const CONVOLUTIONAL: Model = { kind: 'convolutional', filters: [3, 4], dense: 6 };

type Values = ReadonlyMap<string, readonly number[]>;

describe('a network', () => {
  const folder = dataFolder();
  const stream = randomStream(2, 'pixels');
  const pixels = Uint8Array.from({ length: COUNT * SIDE * SIDE }, () => stream.integer(256));
  const labels = Uint8Array.from({ length: COUNT }, () => stream.integer(CLASSES));
  const settings = {
    dataset: {
      kind: 'idx',
      trainImages: folder.write('images', idxFile([COUNT, SIDE, SIDE], pixels)),
      trainLabels: folder.write('labels', idxFile([COUNT], labels)),
      classes: CLASSES,
    },
    batchSize: BATCH,
    objectiveExamples: 20,
    untouchedExamples: 10,
    normalisation: NORMALISATION,
  };
  const opened = (optimizer: string, weightDecay: number) => {
    const { momentum, ...others } = { ...HYPERPARAMETERS, weightDecay };
    return { seed: SEED, worker: WORKER, hyperparameters: optimizer === 'momentum' ? { ...others, momentum } : others };
  };
  const batch = (images: Int32Array): readonly [Tfjs.Tensor4D, readonly number[]] => {
    const values = [...images].flatMap((image) =>
      [...pixels.subarray(image * SIDE * SIDE, (image + 1) * SIDE * SIDE)].map(
        (byte) => (byte / 255 - NORMALISATION.mean[0]!) / NORMALISATION.deviation[0]!,
      ),
    );
    return [
      tfjs.tensor4d(Float32Array.from(values), [images.length, SIDE, SIDE, 1]),
      [...images].map((image) => labels[image]!),
    ];
  };

  for (const [model, optimizer] of [
    [PERCEPTRON, 'momentum'],
    [PERCEPTRON, 'adam'],
    [CONVOLUTIONAL, 'momentum'],
    [CONVOLUTIONAL, 'adam'],
  ] as const)
    for (const weightDecay of [0, HYPERPARAMETERS.weightDecay])
      it(`trains as written out (${model.kind}, ${optimizer}, weight decay ${weightDecay})`, async () => {
        const own = { ...settings, model, optimizer };
        await withSession(imageClassification, own, opened(optimizer, weightDecay), async (session) => {
          await session.initialise();
          // Biases too begin at random, so that nothing cancels out.
          const initial = shaken(await session.save());
          await session.restore(initial);
          await session.train(0, STEPS);
          const trained = await session.save();
          const { rest } = splitRows(COUNT, { objective: 20, untouched: 10 }, SEED);
          const order = new BatchOrder(SEED, WORKER, rest, BATCH);
          const batches = Array.from({ length: STEPS }, (_, step) => order.batches(step, step + 1));
          const expected = trainNaively(model, optimizer, initial, { ...HYPERPARAMETERS, weightDecay }, () =>
            batch(batches.shift()!),
          );
          for (const [name, values] of expected) {
            const found = floatsOf(trained, name);
            const worst = Math.max(...values.map((value, index) => Math.abs(value - found[index]!)));
            assert.ok(worst < 2e-5, `${name} is off by ${worst}`);
          }
          assert.equal(expected.size + (optimizer === 'adam' ? 2 : 0), trained.size);
        });
      });

  it('counts right answers as an argmax over its own logits does', async () => {
    const own = { ...settings, model: CONVOLUTIONAL };
    await withSession(imageClassification, own, opened('momentum', 0), async (session) => {
      await session.initialise();
      const state = await session.save();
      const { parts } = splitRows(COUNT, { objective: 20, untouched: 10 }, SEED);
      const right = tfjs.tidy(() => {
        const [images, classes] = batch(Int32Array.from(parts.objective));
        const answers = logits(CONVOLUTIONAL, tensors(state), images).argMax(1).dataSync();
        return classes.filter((label, index) => label === answers[index]).length;
      });
      assert.equal(await session.measure(), right / 20);
    });
  });

  for (const [what, value] of [
    ['not a number', NaN],
    ['infinite', Infinity],
  ] as const)
    it(`tells that a weight is ${what}, even one that no image reaches`, async () => {
      const own = { ...settings, model: PERCEPTRON };
      await withSession(imageClassification, own, opened('momentum', 0), async (session) => {
        await session.initialise();
        const state = new Map(await session.save());
        const change = (name: string, index: number, to: number) => {
          const tensor = state.get(name)!;
          const values = floatsOf(state, name);
          values[index] = to;
          state.set(name, { ...tensor, data: new Uint8Array(values.buffer) });
        };
        // Behind a unit that is never active.
        change('hidden-0/bias', 0, -1e6);
        await session.restore(state);
        assert.notEqual(await session.measure(), 'diverged');
        change('hidden-1/kernel', 0, value);
        await session.restore(state);
        assert.equal(await session.measure(), 'diverged');
      });
    });

  it('keeps no tensor when its sessions are disposed of, whatever they did', async () => {
    const alive = (): [number, number] => [binding.getNumOfTensors(), tfjs.memory().numTensors];
    const use = () =>
      withSession(
        imageClassification,
        { ...settings, model: CONVOLUTIONAL },
        opened('momentum', 0),
        async (session) => {
          await session.initialise();
          await session.train(0, 2);
          await session.measure();
          await session.report();
        },
      );
    await use();
    const before = alive();
    for (let cycle = 0; cycle < 3; cycle++) await use();
    assert.deepEqual(alive(), before);
  });
});

/** Returns the state with biases at random. */
function shaken(state: State): State {
  return new Map(
    [...state].map(([name, tensor]) => {
      if (!name.endsWith('/bias') || name.startsWith('optimizer/')) return [name, tensor];
      const stream = randomStream(1, name);
      const values = Float32Array.from({ length: tensor.data.byteLength / 4 }, () => 0.4 * stream.normal());
      return [name, { ...tensor, data: new Uint8Array(values.buffer) }];
    }),
  );
}

function parametersOf(state: State): string[] {
  return [...state.keys()].filter((name) => !name.startsWith('optimizer/'));
}

function tensors(state: State, values?: Values): Record<string, Tfjs.Tensor> {
  return Object.fromEntries(
    parametersOf(state).map((name) => [
      name,
      tfjs.tensor(Float32Array.from(values?.get(name) ?? floatsOf(state, name)), [...state.get(name)!.shape]),
    ]),
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

/** Returns parameters and slots after training. */
function trainNaively(
  model: Model,
  optimizer: 'momentum' | 'adam',
  initial: State,
  { learningRate, momentum, weightDecay }: typeof HYPERPARAMETERS,
  nextBatch: () => readonly [Tfjs.Tensor4D, readonly number[]],
): Values {
  const names = parametersOf(initial);
  const weights = new Map(names.map((name) => [name, [...floatsOf(initial, name)]]));
  const zeros = (): Map<string, number[]> => new Map(names.map((name) => [name, weights.get(name)!.map(() => 0)]));
  const [first, second] = [zeros(), zeros()];
  for (let step = 0; step < STEPS; step++) {
    const gradients = tfjs.tidy(() => {
      const [images, labels] = nextBatch();
      const classes = tfjs.oneHot([...labels], CLASSES);
      const values = tensors(initial, weights);
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
