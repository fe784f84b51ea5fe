import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { gzipSync } from 'node:zlib';
import { DataSetError } from '../../../../activities/tasks/datasets/data-set.ts';
import { loadIdx, parseIdx } from '../../../../activities/tasks/datasets/idx.ts';
import { stripedImages, dataFolder, idxFile } from './data-files.ts';

const words = (...values: readonly number[]): Uint8Array => {
  const view = new DataView(new ArrayBuffer(4 * values.length));
  values.forEach((value, index) => view.setUint32(4 * index, value));
  return new Uint8Array(view.buffer);
};
const floats = (...values: readonly number[]): Uint8Array => {
  const view = new DataView(new ArrayBuffer(4 * values.length));
  values.forEach((value, index) => view.setFloat32(4 * index, value));
  return new Uint8Array(view.buffer);
};

describe('parseIdx', () => {
  it('returns sizes and elements of bytes, floats and signed integers, all big-endian', () => {
    const bytes = parseIdx({ path: 'a', bytes: words(0x802, 1, 4, 0x01020304) });
    assert.deepEqual(
      [bytes.shape, [...bytes.values]],
      [
        [1, 4],
        [1, 2, 3, 4],
      ],
    );
    const numbers = parseIdx({ path: 'a', bytes: Buffer.concat([words(0xd01, 2), floats(1.5, -2)]) });
    assert.deepEqual([...numbers.values], [1.5, -2]);
    assert.deepEqual([...parseIdx({ path: 'a', bytes: words(0xb01, 2, 0xffff0102) }).values], [-1, 0x102]);
    assert.deepEqual([...parseIdx({ path: 'a', bytes: words(0xc01, 1, 0xfffffffe) }).values], [-2]);
  });

  for (const [what, bytes, found] of [
    ['an empty file', new Uint8Array(0), 'a header of at least 4 bytes, got `0 bytes in all`'],
    ['a file that ends in its header', words(0x802, 1), 'a header of 12 bytes for 2 dimensions, got `8 bytes in all`'],
    [
      'another magic number',
      words(0x89504e47, 0, 0),
      'the magic number of an IDX file: two zero bytes, an element type (08, 09, 0b, 0c, 0d, 0e), the number of ' +
        'dimensions, got `89 50 4e 47`',
    ],
    ['a truncated file', words(0x801, 8, 0), '16 bytes for the sizes 8, got `12 bytes`'],
    ['a file that goes on', words(0x802, 1, 2, 0), '14 bytes for the sizes 1 x 2, got `16 bytes`'],
  ] as const) {
    it(`refuses ${what}`, () =>
      assert.throws(() => parseIdx({ path: 'a', bytes }), {
        name: 'DataSetError',
        message: `Cannot use data file a: expected ${found}`,
      }));
  }
});

describe('a data set in IDX files', () => {
  const folder = dataFolder();
  const { pixels, labels } = stripedImages(6, 4 * 5 * 3, 3);
  const files = {
    trainImages: folder.write('train-images', idxFile([6, 4, 5, 3], pixels)),
    trainLabels: folder.write('train-labels.gz', gzipSync(idxFile([6], labels))),
    channels: 'last' as const,
  };
  const write = (name: string, shape: readonly number[], values: ArrayLike<number>): string =>
    folder.write(name, idxFile(shape, values));

  it('has images of any size and number of channels, compressed or not, and as many classes as labels', () => {
    const { image, classes, training, test } = loadIdx(files);
    assert.deepEqual([image, classes, training.count, test], [[4, 5, 3], 3, 6, undefined]);
    assert.deepEqual([...training.labels], [0, 1, 2, 0, 1, 2]);
    assert.deepEqual([...training.pixels], [...pixels]);
  });

  it('has one channel if a file has three dimensions, and a test set if files are given', () => {
    const dataSet = loadIdx({
      ...files,
      trainImages: write('grey', [6, 20, 3], pixels.subarray(0, 360)),
      testImages: write('test-grey', [1, 20, 3], pixels.subarray(0, 60)),
      testLabels: write('test-labels', [1], [2]),
      classes: 10,
    });
    assert.deepEqual([dataSet.image, dataSet.classes], [[20, 3, 1], 10]);
    assert.deepEqual([dataSet.test?.count, [...(dataSet.test?.labels ?? [])]], [1, [2]]);
  });

  it('moves channels that come first to the end', () => {
    const planes = [1, 2, 3, 4, 11, 12, 13, 14];
    const { image, training } = loadIdx({
      trainImages: write('planes', [1, 2, 2, 2], planes),
      trainLabels: write('planes-labels', [1], [0]),
      channels: 'first',
    });
    assert.deepEqual(
      [image, [...training.pixels]],
      [
        [2, 2, 2],
        [1, 11, 2, 12, 3, 13, 4, 14],
      ],
    );
  });

  it('keeps floats in units of their own', () => {
    const bytes = Buffer.concat([words(0xd03, 1, 1, 2), floats(0.25, -3)]);
    const { training } = loadIdx({
      trainImages: folder.write('floats', bytes),
      trainLabels: write('floats-labels', [1], [0]),
      channels: 'last',
    });
    assert.deepEqual(training.pixels, Float32Array.of(0.25, -3));
  });

  const refused: readonly [string, () => Partial<Parameters<typeof loadIdx>[0]>, RegExp][] = [
    [
      'a missing file',
      () => ({ trainLabels: `${folder.path}/none` }),
      /^Cannot read data file .*\/none: there is no such file$/,
    ],
    ['a folder', () => ({ trainLabels: folder.path }), /^Cannot read data file .*: it is a folder$/],
    [
      'a compressed file that ends early',
      () => ({ trainLabels: folder.write('short.gz', gzipSync(idxFile([6], labels)).subarray(0, 20)) }),
      /^Cannot read data file .*\/short\.gz: its gzip data end early$/,
    ],
    [
      'other counts of images and labels',
      () => ({ trainLabels: write('five', [5], labels.subarray(1)) }),
      /\/five: expected one label for each of the 6 images of .*\/train-images, got `5`$/,
    ],
    [
      'a label out of range',
      () => ({ classes: 2 }),
      /train-labels\.gz: expected labels from 0 to 1, got `2 \(label 2, counted from 0\)`$/,
    ],
    [
      'a test label that no training image has',
      () => ({ testImages: write('t', [1, 4, 5, 3], pixels.subarray(0, 60)), testLabels: write('tl', [1], [3]) }),
      /\/tl: expected labels from 0 to 2, got `3 \(label 0, counted from 0\)`$/,
    ],
    [
      'test images of another size',
      () => ({ testImages: write('t2', [1, 4, 5], pixels.subarray(0, 20)), testLabels: write('tl2', [1], [0]) }),
      /\/t2: expected images of 4 x 5 x 3 values, as in .*\/train-images, got `4 x 5 x 1`$/,
    ],
    [
      'images given as labels',
      () => ({ trainLabels: files.trainImages }),
      /\/train-images: expected one dimension, one label for each image, got `6 x 4 x 5 x 3`$/,
    ],
    [
      'labels given as images',
      () => ({ trainImages: files.trainLabels }),
      /\/train-labels\.gz: expected three dimensions \(count, height, width\) or four, got `6`$/,
    ],
    [
      'files without images',
      () => ({ trainImages: write('no', [0, 4, 5], []), trainLabels: write('none-labels', [0], []) }),
      /\/no: expected at least one image, got `0`$/,
    ],
    [
      'floats that are not finite',
      () => ({ trainImages: folder.write('nan', Buffer.concat([words(0xd03, 6, 1, 1), floats(0, 0, NaN, 0, 0, 0)])) }),
      /\/nan: expected finite numbers, got `NaN \(image 2, counted from 0\)`$/,
    ],
  ];
  for (const [what, change, message] of refused) {
    it(`refuses ${what}, naming file, rule and value`, () =>
      assert.throws(
        () => loadIdx({ ...files, ...change() }),
        (error) => error instanceof DataSetError && message.test(error.message) && !error.message.includes('\n'),
      ));
  }
});
