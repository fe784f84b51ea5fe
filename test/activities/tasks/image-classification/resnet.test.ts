/**
 * Residual networks and the recipe that they are trained by, on small images.
 */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { imageClassification } from '../../../../activities/tasks/image-classification/image-classification.ts';
import { networkOf } from '../../../../activities/tasks/image-classification/models.ts';
import type { State } from '../../../../activities/tasks/task.ts';
import { loadTensorFlow } from '../../../../activities/tasks/tensorflow/library.ts';
import { stripedImages, dataFolder, idxFile } from '../datasets/data-files.ts';
import { digestOf, floatsOf, loadExported, trainFromNothing, withSession, type Opened } from '../open-session.ts';

process.env['TF_NUM_INTRAOP_THREADS'] = '1';
process.env['TF_CPP_MIN_LOG_LEVEL'] = '2';

const CLASSES = 6;
const IMAGE = [16, 16, 3] as const;
const OPENED: Opened = { hyperparameters: { learningRate: 0.02, weightDecay: 1e-4 } };

/** Trained values, as counted for torchvision's resnet18, resnet34 and resnet50. */
const TORCHVISION = { 18: 11_689_512, 34: 21_797_672, 50: 25_557_032 } as const;

describe('a residual network', () => {
  const folder = dataFolder();
  const { pixels, labels } = stripedImages(160, 16 * 16 * 3, CLASSES);
  const settings = {
    dataset: {
      kind: 'idx',
      trainImages: folder.write('images', idxFile([160, ...IMAGE], pixels)),
      trainLabels: folder.write('labels', idxFile([160], labels)),
    },
    model: { kind: 'resnet', depth: 18, stem: 'small', width: 4 },
    optimizer: 'nesterov',
    batchSize: 8,
    objectiveExamples: 40,
    untouchedExamples: 20,
  };
  const bottleneck = { kind: 'resnet', depth: 50, stem: 'imagenet', width: 2 };

  for (const depth of [18, 34, 50] as const)
    it(`of depth ${depth} has as many trained values as torchvision's`, () => {
      const model = { kind: 'resnet', depth, stem: 'imagenet', width: 64 } as const;
      const sizes = networkOf(model, 'relu', [224, 224, 3], 1000)
        .parameters.filter(({ isTrained }) => isTrained)
        .map(({ shape }) => shape.reduce((product, size) => product * size, 1));
      assert.equal(
        sizes.reduce((sum, size) => sum + size, 0),
        TORCHVISION[depth],
      );
    });

  for (const model of [settings.model, bottleneck])
    it(`of depth ${model.depth} is restored bit for bit, moving averages included`, async () => {
      const whole = await assertRestores({ ...settings, model }, 6);
      assert.notDeepEqual(floatsOf(whole, 'stem-normalisation/moving-mean'), new Float32Array(model.width));
    });

  it('learns', async () => {
    const { score } = await trainFromNothing(imageClassification, { ...settings, batchSize: 16 }, 150, OPENED);
    assert.ok(typeof score === 'number' && score > 0.8, `score ${score}`);
  });

  it('begins with blocks that are the identity', async () => {
    await withSession(imageClassification, { ...settings, model: bottleneck }, OPENED, async (session) => {
      await session.initialise();
      const state = await session.save();
      const scales = [...state.keys()].filter((name) => /block-\d-convolution-2-normalisation\/scale$/.test(name));
      assert.equal(scales.filter((name) => !name.startsWith('optimizer/')).length, 16);
      for (const name of scales) assert.ok(floatsOf(state, name).every((value) => value === 0));
    });
  });

  it('answers as its export does', async () => {
    const { tfjs } = loadTensorFlow();
    const { trainImages: testImages, trainLabels: testLabels } = settings.dataset;
    const own = { ...settings, dataset: { ...settings.dataset, testImages, testLabels }, model: bottleneck };
    await withSession(imageClassification, own, OPENED, async (session) => {
      await session.initialise();
      await session.train(0, 20);
      const report = await session.report();
      const model = await loadExported(tfjs, report);
      const answers = model.predict(tfjs.tensor4d(Float32Array.from(pixels), [160, ...IMAGE]));
      assert.ok(!Array.isArray(answers));
      const classes = answers.argMax(1).dataSync();
      const right = classes.filter((answer, index) => answer === labels[index]).length;
      const scores = JSON.parse(
        new TextDecoder().decode(report.exports.find(({ name }) => name === 'description.json')!.bytes),
      ) as { readonly testScores: { readonly accuracy: number; readonly 'top-5': number } };
      assert.equal(scores.testScores.accuracy, right / 160);
      const logits = answers.arraySync() as number[][];
      const amongFive = logits.filter(
        (row, index) => row.filter((one) => one > row[labels[index]!]!).length < 5,
      ).length;
      assert.equal(scores.testScores['top-5'], amongFive / 160);
    });
  });

  it('computes a batch in parts as at once, apart from rounding, if nothing looks at the whole batch', async () => {
    const own = { ...settings, model: { kind: 'convolutional', filters: [4], dense: 6 } };
    const [whole, inParts] = [
      await trainFromNothing(imageClassification, own, 5, OPENED),
      await trainFromNothing(imageClassification, { ...own, imagesAtOnce: 3 }, 5, OPENED),
    ];
    assert.deepEqual([...inParts.state.keys()], [...whole.state.keys()]);
    for (const name of whole.state.keys()) {
      const [one, other] = [floatsOf(whole.state, name), floatsOf(inParts.state, name)];
      const worst = Math.max(...one.map((value, index) => Math.abs(value - other[index]!)));
      assert.ok(worst < 1e-5, `${name} is off by ${worst}`);
    }
  });

  it('is restored bit for bit if its batches are computed in parts', async () => {
    await assertRestores({ ...settings, imagesAtOnce: 4 }, 4);
  });

  it('warms the learning rate up', async () => {
    const own = { ...settings, model: { kind: 'perceptron', hidden: [5] }, optimizer: 'momentum' };
    const moved = async (change: object): Promise<number> => {
      const [{ state: before }, { state: after }] = [
        await trainFromNothing(imageClassification, { ...own, ...change }, 0, OPENED),
        await trainFromNothing(imageClassification, { ...own, ...change }, 1, OPENED),
      ];
      return floatsOf(after, 'output/kernel').reduce(
        (sum, value, index) => sum + Math.abs(value - floatsOf(before, 'output/kernel')[index]!),
        0,
      );
    };
    const full = await moved({});
    assert.ok(Math.abs((await moved({ warmUp: { steps: 4 } })) / full - 1 / 4) < 1e-3);
    assert.ok(Math.abs((await moved({ warmUp: { steps: 4, from: 0.2 } })) / full - 0.4) < 1e-3);
    assert.ok(Math.abs((await moved({ warmUp: { steps: 1 } })) / full - 1) < 1e-3);
  });

  /** Trains without and with an interruption halfway, and returns the state after all steps. */
  async function assertRestores(own: Readonly<Record<string, unknown>>, steps: number): Promise<State> {
    const { state: whole } = await trainFromNothing(imageClassification, own, steps, OPENED);
    const { state: half } = await trainFromNothing(imageClassification, own, steps / 2, OPENED);
    await withSession(imageClassification, own, OPENED, async (session) => {
      await session.restore(half);
      await session.train(steps / 2, steps);
      assert.equal(digestOf(await session.save()), digestOf(whole));
    });
    return whole;
  }
});
