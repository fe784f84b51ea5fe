/**
 * Random changes of training images, compiled and looked at pixel by pixel.
 */
import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import type * as Tfjs from '@tensorflow/tfjs-node-gpu';
import { augment, type Augmentation } from '../../../../activities/tasks/image-classification/augmentation.ts';
import { imageClassification } from '../../../../activities/tasks/image-classification/image-classification.ts';
import { compile } from '../../../../activities/tasks/tensorflow/compile.ts';
import { loadTensorFlow, type TensorFlow } from '../../../../activities/tasks/tensorflow/library.ts';
import { stripedImages, dataFolder, idxFile } from '../datasets/data-files.ts';
import { digestOf, trainFromNothing } from '../open-session.ts';

process.env['TF_NUM_INTRAOP_THREADS'] = '1';
process.env['TF_CPP_MIN_LOG_LEVEL'] = '2';

const COUNT = 64;
const SIDE = 9;
const NOTHING: Augmentation = { flip: false, shift: undefined, smallestCrop: undefined };

/** Returns the image of pixel values 10 · row + column, plus 1. */
function numbered(): Float32Array {
  return Float32Array.from({ length: COUNT * SIDE * SIDE }, (_, index) => {
    const place = index % (SIDE * SIDE);
    return 1 + 10 * Math.floor(place / SIDE) + (place % SIDE);
  });
}

describe('training images are changed at random', () => {
  let tensorflow: TensorFlow;
  before(() => {
    tensorflow = loadTensorFlow();
  });

  /** Returns rows of each image, changed. */
  const changed = (augmentation: Partial<Augmentation>, key: readonly [number, number] = [1, 2]): number[][][] => {
    const program = compile(tensorflow, {
      variables: {},
      hyperparameters: [],
      resident: {},
      functions: {
        change: {
          repeats: false,
          inputs: { images: { dtype: 'float32', shape: [COUNT, SIDE, SIDE, 1] } },
          run: ({ images }: Readonly<Record<string, Tfjs.Tensor>>, at) => ({
            images: augment(tensorflow.tfjs, images!, { ...NOTHING, ...augmentation }, at.key),
          }),
        },
      },
    });
    try {
      const { images } = program.run('change', { key, inputs: { images: numbered() } });
      const values = Array.from(images as Float32Array);
      const rows = Array.from({ length: COUNT * SIDE }, (_, row) => values.slice(row * SIDE, (row + 1) * SIDE));
      return Array.from({ length: COUNT }, (_, index) => rows.slice(index * SIDE, (index + 1) * SIDE));
    } finally {
      program.dispose();
    }
  };
  const original = Array.from({ length: SIDE }, (_, row) =>
    Array.from({ length: SIDE }, (_value, column) => 1 + 10 * row + column),
  );
  const mirrored = original.map((row) => row.toReversed());
  const near = (one: readonly number[][], other: readonly number[][]): boolean =>
    one.every((row, index) => row.every((value, column) => Math.abs(value - other[index]![column]!) < 1e-3));

  it('mirrors about half of them, left to right', () => {
    const images = changed({ flip: true });
    const flipped = images.filter((image) => near(image, mirrored)).length;
    assert.equal(images.filter((image) => near(image, original)).length, COUNT - flipped);
    assert.ok(flipped > COUNT / 4 && flipped < (3 * COUNT) / 4, String(flipped));
  });

  it('moves them by whole pixels, 0 comes in from outside', () => {
    const most = 2;
    const moves = changed({ shift: most / SIDE }).map((image) => {
      const [down, right] = [-2, -1, 0, 1, 2]
        .flatMap((rows) => [-2, -1, 0, 1, 2].map((columns) => [rows, columns] as const))
        .find(([rows, columns]) =>
          near(
            image,
            original.map((row, y) => row.map((_, x) => original[y + rows]?.[x + columns] ?? 0)),
          ),
        ) ?? [NaN, NaN];
      return `${down} ${right}`;
    });
    assert.ok(moves.every((move) => !move.includes('NaN')));
    assert.ok(new Set(moves).size > 10);
  });

  it('shows parts that are at least as large as asked for, of the ratio 3/4 to 4/3', () => {
    const smallest = 0.25;
    const shares = changed({ smallestCrop: smallest }).map((image) => {
      // Values grow by 10 a row and by 1 a column.
      const high = (image.at(-1)![0]! - image[0]![0]!) / (10 * (SIDE - 1));
      const wide = (image[0]!.at(-1)! - image[0]![0]!) / (SIDE - 1);
      assert.ok(image[0]![0]! >= 1 - 1e-3 && image.at(-1)!.at(-1)! <= original.at(-1)!.at(-1)! + 1e-3);
      return { area: high * wide, ratio: wide / high };
    });
    assert.ok(shares.every(({ area }) => area > smallest - 1e-4 && area < 1 + 1e-4));
    // A part that would be wider than the image is as wide as the image.
    const inside = shares.filter(({ area }) => area < 9 / 16);
    assert.ok(inside.every(({ ratio }) => ratio > 3 / 4 - 1e-4 && ratio < 4 / 3 + 1e-4));
    assert.ok(Math.min(...shares.map(({ area }) => area)) < 0.4);
    assert.ok(Math.max(...shares.map(({ area }) => area)) > 0.8);
  });

  it('leaves images as they are if the smallest part is the whole', () => {
    assert.ok(changed({ smallestCrop: 1 }).every((image) => near(image, original)));
  });

  it('depends on the key alone', () => {
    const all: Partial<Augmentation> = { flip: true, shift: 0.2, smallestCrop: 0.3 };
    assert.deepEqual(changed(all, [5, 6]), changed(all, [5, 6]));
    assert.notDeepEqual(changed(all, [5, 6]), changed(all, [5, 7]));
  });

  it('trains with hyperparameters, and without them as though they were nothing', async () => {
    const folder = dataFolder();
    const { pixels, labels } = stripedImages(80, 12 * 12, 4);
    const settings = {
      dataset: {
        kind: 'idx',
        trainImages: folder.write('images', idxFile([80, 12, 12], pixels)),
        trainLabels: folder.write('labels', idxFile([80], labels)),
      },
      model: { kind: 'convolutional', filters: [4], dense: 8 },
      objectiveExamples: 16,
      untouchedExamples: 16,
    };
    const trained = async (more: object, change: object = {}): Promise<string> => {
      const hyperparameters = { learningRate: 0.01, ...more };
      return digestOf(
        (await trainFromNothing(imageClassification, { ...settings, ...change }, 6, { hyperparameters })).state,
      );
    };
    const plain = await trained({});
    assert.equal(await trained({}), plain, 'again');
    assert.equal(await trained({ shift: 0, smallestCrop: 1 }, { flip: false }), plain);
    const strong = { shift: 0.2, smallestCrop: 0.5 };
    const augmented = await trained(strong, { flip: true });
    assert.notEqual(augmented, plain);
    assert.equal(await trained(strong, { flip: true }), augmented);
  });
});
