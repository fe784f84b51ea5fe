/**
 * What users bring to image classification, each on small data.
 */
import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import sharp from 'sharp';
import type * as Tfjs from '@tensorflow/tfjs-node-gpu';
import { imageClassification } from '../../../../activities/tasks/image-classification/image-classification.ts';
import { loadTensorFlow } from '../../../../activities/tasks/tensorflow/library.ts';
import { stripedImages, cifarFile, dataFolder, idxFile } from '../datasets/data-files.ts';
import {
  digestOf,
  floatsOf,
  loadExported,
  textOf,
  trainFromNothing,
  withSession,
  type Opened,
} from '../open-session.ts';

process.env['TF_NUM_INTRAOP_THREADS'] = '1';
process.env['TF_CPP_MIN_LOG_LEVEL'] = '2';

const CLASSES = 4;
const IMAGE = [32, 32, 3] as const;
const PERCEPTRON = { kind: 'perceptron', hidden: [12] };
const CONVOLUTIONAL = { kind: 'convolutional', filters: [4, 4], dense: 12 };

interface Description {
  readonly input: {
    readonly normalisation: { readonly mean: readonly number[]; readonly deviation: readonly number[] };
  };
  readonly output: { readonly logits: number; readonly classes?: readonly string[] };
  readonly skipped?: { readonly count: number; readonly files: readonly string[] };
  readonly testScores: Readonly<Record<string, number>>;
}

describe('image classification of own images', () => {
  const folder = dataFolder();
  const write = (name: string, shape: readonly number[], values: Uint8Array): string =>
    folder.write(name, idxFile(shape, values));
  const images = (name: string, count: number): readonly [string, string] => {
    const { pixels, labels } = stripedImages(count, 32 * 32 * 3, CLASSES);
    return [write(`${name}-images`, [count, ...IMAGE], pixels), write(`${name}-labels`, [count], labels)];
  };
  const [trainImages, trainLabels] = images('train', 400);
  const [testImages, testLabels] = images('test', 60);
  const dataset = { kind: 'idx', trainImages, trainLabels, testImages, testLabels };
  const settings = { dataset, model: PERCEPTRON, objectiveExamples: 80, untouchedExamples: 40 };
  const train = (change: object, steps = 60, opened: Opened = {}) =>
    trainFromNothing(imageClassification, { ...settings, ...change }, steps, opened);
  const learns = async (change: object, hyperparameters: Opened['hyperparameters'] = { learningRate: 0.001 }) => {
    const { score } = await train(change, 120, { hyperparameters });
    assert.ok(typeof score === 'number' && score > 0.9, `score ${score}`);
  };

  it('trains on IDX files of 32 × 32 images in colour', () => learns({}));
  it('trains a convolutional network on them', () => learns({ model: CONVOLUTIONAL }, { learningRate: 0.02 }));

  it('trains on the binary files of CIFAR-10', async () => {
    const cifar = dataFolder();
    const { pixels } = stripedImages(120, 3072, 10);
    const records = (first: number, count: number) =>
      cifarFile(
        Array.from({ length: count }, (_, index) => ({
          labels: [(first + index) % 10],
          planes: pixels.subarray((first + index) * 3072, (first + index + 1) * 3072),
        })),
      );
    for (const batch of [1, 2, 3, 4, 5]) cifar.write(`data_batch_${batch}.bin`, records(20 * (batch - 1), 20));
    cifar.write('test_batch.bin', records(100, 20));
    const own = {
      dataset: { kind: 'cifar-10', folder: cifar.path },
      model: PERCEPTRON,
      objectiveExamples: 20,
      untouchedExamples: 10,
      batchSize: 10,
    };
    const { state, score } = await trainFromNothing(imageClassification, own, 100, {
      hyperparameters: { learningRate: 0.0005 },
    });
    assert.deepEqual(state.get('hidden-0/kernel')?.shape, [3072, 12]);
    assert.ok(typeof score === 'number' && score > 0.25, `score ${score}`);
  });

  it('trains on arrays of a module, and reports the objective if there are no test images', async () => {
    const path = folder.write(
      'images.mjs',
      `const count = 60;
       export default () => ({
         shape: [2, 3, 1], classes: ['dark', 'bright'],
         trainImages: Float32Array.from(
           { length: count * 6 },
           (_, at) => 1000 + 10 * (Math.floor(at / 6) % 2) + (at % 5),
         ),
         trainLabels: Array.from({ length: count }, (_, image) => image % 2),
       });`,
    );
    const own = { dataset: { kind: 'module', path }, model: PERCEPTRON, objectiveExamples: 20, untouchedExamples: 8 };
    await withSession(imageClassification, own, {}, async (session) => {
      await session.initialise();
      await session.train(0, 60);
      const report = await session.report();
      assert.equal(report.testScore, await session.measure());
      assert.equal(report.testScore, 1);
      const { input, output } = JSON.parse(textOf(report, 'description.json')) as Description;
      assert.deepEqual(output.classes, ['dark', 'bright']);
      assert.ok(Math.abs(input.normalisation.mean[0]! - 1007) < 1, `mean ${input.normalisation.mean[0]}`);
    });
  });

  it('trains on a folder of image files, and tells which are broken', async () => {
    const files = dataFolder();
    const { pixels, labels } = stripedImages(60, 16 * 16 * 3, 2);
    for (const [index, label] of labels.entries()) {
      const image = pixels.subarray(index * 768, (index + 1) * 768);
      const bytes = await sharp(image, { raw: { width: 16, height: 16, channels: 3 } })
        .png()
        .toBuffer();
      mkdirSync(join(files.path, `class-${label}`), { recursive: true });
      files.write(join(`class-${label}`, `${index}.png`), bytes);
    }
    files.write(join('class-0', 'broken.jpg'), Uint8Array.of(0xff, 0xd8));
    const own = {
      dataset: { kind: 'folder', train: files.path, size: 16, broken: 'skip' },
      model: PERCEPTRON,
      objectiveExamples: 16,
      untouchedExamples: 8,
    };
    await withSession(imageClassification, own, { hyperparameters: { learningRate: 0.001 } }, async (session) => {
      await session.initialise();
      await session.train(0, 60);
      assert.equal(await session.measure(), 1);
      const description = JSON.parse(textOf(await session.report(), 'description.json')) as Description;
      assert.deepEqual(description.output.classes, ['class-0', 'class-1']);
      assert.equal(description.skipped?.count, 1);
      assert.match(description.skipped.files[0] ?? '', /class-0\/broken\.jpg: /);
    });
  });

  it('standardises by the training images, or as the settings say, and writes that into the result', async () => {
    const given = { mean: [0.5, 0.4, 0.3], deviation: [0.2, 0.2, 0.25] };
    const reports = [undefined, given].map((normalisation) =>
      withSession(imageClassification, { ...settings, normalisation }, {}, async (session) => {
        await session.initialise();
        return JSON.parse(textOf(await session.report(), 'description.json')) as Description;
      }),
    );
    const [measured, set] = await Promise.all(reports);
    assert.deepEqual({ mean: set!.input.normalisation.mean, deviation: set!.input.normalisation.deviation }, given);
    const { pixels } = stripedImages(400, 3072, CLASSES);
    const mean = pixels.reduce((sum, byte) => sum + byte, 0) / pixels.length / 255;
    for (const found of measured!.input.normalisation.mean)
      assert.ok(Math.abs(found - mean) < 0.01, `mean ${found} beside ${mean}`);
    await assert.rejects(
      withSession(
        imageClassification,
        { ...settings, normalisation: { mean: [0.5], deviation: [1] } },
        {},
        async () => undefined,
      ),
      { message: 'Expected `task.normalisation` to have a mean and a deviation for each of the 3 channels, got `1`' },
    );
  });

  for (const optimizer of ['nesterov', 'adamw', 'rmsprop'])
    it(`trains by ${optimizer}`, () =>
      learns({ optimizer }, { learningRate: optimizer === 'nesterov' ? 0.001 : 0.0005 }));

  it('decays weights apart from the gradients by AdamW', async () => {
    const [without, decayed, added] = await Promise.all(
      [
        ['adamw', 0],
        ['adamw', 0.5],
        ['adam', 0.5],
      ].map(([optimizer, weightDecay]) =>
        train({ optimizer }, 1, { hyperparameters: { learningRate: 0.01, weightDecay: weightDecay! } }),
      ),
    );
    const kernelOf = (trained: typeof without): Float32Array => floatsOf(trained!.state, 'hidden-0/kernel');
    const untrained = kernelOf(await train({}, 0));
    const step = kernelOf(without);
    // The decoupled decay takes η·λ·w besides the same step.
    const worst = kernelOf(decayed).reduce(
      (most, value, index) => Math.max(most, Math.abs(value - (step[index]! - 0.01 * 0.5 * untrained[index]!))),
      0,
    );
    assert.ok(worst < 1e-6, `off by ${worst}`);
    assert.notDeepEqual(kernelOf(added), kernelOf(decayed));
  });

  for (const model of [PERCEPTRON, CONVOLUTIONAL])
    it(`trains a ${model.kind} network with batch normalisation and dropout`, async () => {
      const own = { model: { ...model, batchNormalisation: true }, score: 'accuracy' };
      await learns(own, { learningRate: 0.02, dropout: 0.3 });
      const { state } = await train(own, 20);
      const name = model.kind === 'perceptron' ? 'hidden-0' : 'convolution-0';
      assert.equal(state.has(`${name}/bias`), false);
      assert.notDeepEqual([...floatsOf(state, `${name}-normalisation/moving-mean`)], Array(12).fill(0));
      assert.equal(
        [...state.keys()].some((key) => key.startsWith('optimizer/') && key.includes('moving')),
        false,
      );
    });

  for (const [score, low, high] of [
    ['cross-entropy', -0.5, 0],
    ['f1', 0.8, 1],
  ] as const)
    it(`takes ${score} for the score`, async () => {
      const untrained = await train({ score }, 0);
      const trained = await train({ score }, 120, { hyperparameters: { learningRate: 0.001 } });
      assert.ok((untrained.score as number) < (trained.score as number), 'training does not raise the score');
      assert.ok((trained.score as number) > low && (trained.score as number) <= high, `score ${trained.score}`);
    });

  for (const [name, values] of [
    ['dropout', [0, 0.2, 0.5]],
    ['labelSmoothing', [0, 0.1, 0.3]],
    ['activation', ['relu', 'tanh', 'elu', 'gelu', 'swish']],
    ['batchSize', [16, 8, 24]],
  ] as const)
    it(`takes the hyperparameter ${name}, whose value may change from round to round`, async () => {
      const digests = new Set<string>();
      let state = (await train({}, 0)).state;
      for (const value of values) {
        const hyperparameters = { learningRate: 0.01, [name]: value };
        await withSession(imageClassification, settings, { hyperparameters }, async (session) => {
          await session.restore(state);
          const { [name]: found } = session.effectiveHyperparameters();
          assert.equal(found, typeof value === 'number' ? Math.fround(value) : value);
          await session.train(0, 5);
          digests.add(digestOf(await session.save()));
          assert.notEqual(await session.measure(), 'diverged');
        });
      }
      assert.equal(digests.size, values.length);
      state = (await train({}, 5)).state;
      // Without it, and with the value that it has then, the same.
      assert.ok(digests.has(digestOf(state)));
    });

  it('comes out the same however steps are cut, with dropout and batch normalisation', async () => {
    const own = { ...settings, model: { ...CONVOLUTIONAL, batchNormalisation: true }, optimizer: 'adamw' };
    const hyperparameters = { learningRate: 0.01, dropout: 0.4, labelSmoothing: 0.1, weightDecay: 0.01 };
    const trained = async (cuts: readonly number[]): Promise<string> => {
      let from = 0;
      let state: Parameters<typeof digestOf>[0] | undefined;
      for (const to of cuts) {
        state = await withSession(imageClassification, own, { hyperparameters }, async (session) => {
          await (state ? session.restore(state) : session.initialise());
          await session.train(from, to);
          await session.measure();
          return session.save();
        });
        from = to;
      }
      return digestOf(state!);
    };
    assert.equal(await trained([3, 4, 12]), await trained([12]));
  });

  for (const [what, change, activation] of [
    ['a perceptron with batch normalisation', { model: { ...PERCEPTRON, batchNormalisation: true } }, 'gelu'],
    ['a convolutional network', { model: CONVOLUTIONAL }, 'tanh'],
    ['a convolutional network that is not monotone', { model: CONVOLUTIONAL }, 'swish'],
    ['one with batch normalisation', { model: { ...CONVOLUTIONAL, batchNormalisation: true } }, 'elu'],
  ] as const)
    it(`exports ${what} (${activation}) as a layers model that answers the same`, async () => {
      const { tfjs } = loadTensorFlow();
      const hyperparameters = { learningRate: 0.01, activation };
      await withSession(imageClassification, { ...settings, ...change }, { hyperparameters }, async (session) => {
        await session.initialise();
        await session.train(0, 30);
        const report = await session.report();
        const model = await loadExported(tfjs, report);
        const { pixels, labels } = stripedImages(60, 3072, CLASSES);
        const entropy = tfjs.tidy(() => {
          const logits = model.predict(tfjs.tensor4d(Float32Array.from(pixels), [60, ...IMAGE])) as Tfjs.Tensor2D;
          const truth = tfjs.oneHot(tfjs.tensor1d(Int32Array.from(labels), 'int32'), CLASSES);
          return tfjs.losses.softmaxCrossEntropy(truth, logits).dataSync()[0]!;
        });
        model.dispose();
        const { testScores } = JSON.parse(textOf(report, 'description.json')) as Description;
        assert.ok(
          Math.abs(testScores['cross-entropy']! + entropy) < 1e-4,
          `${testScores['cross-entropy']}, ${entropy}`,
        );
        assert.equal(testScores['accuracy'], report.testScore);
      });
    });

  it('says what is wrong with counts of examples', async () => {
    const open = (change: object) =>
      withSession(imageClassification, { ...settings, ...change }, {}, async () => undefined);
    await assert.rejects(open({ objectiveExamples: 360 }), {
      message:
        'Expected `task.objectiveExamples` and `task.untouchedExamples` to leave some of the 400 training images, ' +
        'got `400`',
    });
    await assert.rejects(open({ batchSize: 300 }), {
      message:
        'Expected `task.objectiveExamples` and `task.untouchedExamples` to leave at least one batch (300) of the ' +
        '400 training images, got `120`',
    });
  });
});
