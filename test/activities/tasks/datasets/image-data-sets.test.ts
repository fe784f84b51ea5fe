import assert from 'node:assert/strict';
import { mkdirSync, utimesSync } from 'node:fs';
import { join, relative } from 'node:path';
import { describe, it } from 'node:test';
import { gzipSync } from 'node:zlib';
import sharp from 'sharp';
import { authorLine } from '../../../../activities/tasks/author-line.ts';
import { parse } from '../../../../workflows/validation/complaints.ts';
import { imageDataSet, loadImages } from '../../../../activities/tasks/datasets/image-data-sets.ts';
import { cifarFile, dataFolder, idxFile } from './data-files.ts';

const planes = (red: number, green: number, blue: number): Uint8Array =>
  Uint8Array.from({ length: 3072 }, (_, at) => [red, green, blue][Math.floor(at / 1024)]! + (at % 2));

describe('CIFAR', () => {
  const folder = dataFolder();
  for (const batch of [1, 2, 3, 4, 5])
    folder.write(
      `data_batch_${batch}.bin${batch === 5 ? '.gz' : ''}`,
      (batch === 5 ? gzipSync : (bytes: Uint8Array) => bytes)(
        cifarFile([{ labels: [batch], planes: planes(10 * batch, 100, 200) }]),
      ),
    );
  folder.write('test_batch.bin', cifarFile([{ labels: [9], planes: planes(0, 0, 0) }]));

  it('10 comes from the records of six files, colours side by side', async () => {
    const { image, classes, training, test } = await loadImages({ kind: 'cifar-10', folder: folder.path }, '');
    assert.deepEqual([image, classes, training.count, test?.count], [[32, 32, 3], 10, 5, 1]);
    assert.deepEqual([[...training.labels], [...(test?.labels ?? [])]], [[1, 2, 3, 4, 5], [9]]);
    assert.deepEqual([...training.pixels.subarray(3072, 3078)], [20, 100, 200, 21, 101, 201]);
  });

  it('100 has fine and coarse labels, with their names', async () => {
    folder.write('train.bin', cifarFile([{ labels: [19, 99], planes: planes(1, 2, 3) }]));
    folder.write('test.bin', cifarFile([{ labels: [0, 5], planes: planes(1, 2, 3) }]));
    const names = Array.from({ length: 100 }, (_, index) => `class-${index}`);
    folder.write('fine_label_names.txt', `${names.join('\n')}\n`);
    const fine = await loadImages({ kind: 'cifar-100', folder: folder.path, labels: 'fine' }, '');
    assert.deepEqual([fine.classes, fine.training.labels[0], fine.classNames], [100, 99, names]);
    const coarse = await loadImages({ kind: 'cifar-100', folder: folder.path, labels: 'coarse' }, '');
    assert.deepEqual([coarse.classes, coarse.training.labels[0], coarse.classNames], [20, 19, undefined]);
  });

  it('is refused, naming the file, if one is missing, truncated or has another label', async () => {
    const other = dataFolder();
    const open = () => loadImages({ kind: 'cifar-10', folder: other.path }, '');
    await assert.rejects(open, {
      name: 'DataSetError',
      message:
        `Cannot read data file ${other.path}/data_batch_1.bin: there is no such file. ` +
        'The folder must have the files of the binary version',
    });
    other.write('data_batch_1.bin', new Uint8Array(3072));
    await assert.rejects(open, {
      message: /data_batch_1\.bin: expected whole records of 3073 bytes, got `3072 bytes`$/,
    });
    other.write('data_batch_1.bin', cifarFile([{ labels: [10], planes: planes(0, 0, 0) }]));
    await assert.rejects(open, {
      message: /data_batch_1\.bin: expected labels from 0 to 9, got `10 \(label 0, counted from 0\)`$/,
    });
  });
});

describe('a data set of a module', () => {
  const folder = dataFolder();
  let modules = 0;
  const load = (source: string) =>
    loadImages({ kind: 'module', path: folder.write(`module-${modules++}.mjs`, source) }, '');

  it('comes from an object, or from a function, and may have no test images', async () => {
    const object = await load(
      'export default { shape: [1, 2, 1], classes: 2, trainImages: Uint8Array.of(1, 2, 3, 4), trainLabels: [0, 1] };',
    );
    assert.deepEqual([object.image, object.classes, object.training.count, object.test], [[1, 2, 1], 2, 2, undefined]);
    const asynchronous = await load(
      `export default async () => ({
        shape: [1, 1, 1], classes: ['cat', 'dog'], trainImages: Float32Array.of(0.5), trainLabels: Int32Array.of(1),
        testImages: Float32Array.of(0.25, 0.75), testLabels: new Uint8Array(2),
      });`,
    );
    assert.deepEqual([asynchronous.classNames, asynchronous.test?.count], [['cat', 'dog'], 2]);
  });

  for (const [what, source, message] of [
    ['a module that throws', 'throw new Error("no data");', /^Cannot load data module .*: no data$/],
    [
      'a module without a default export',
      'export const images = 1;',
      /expected a default export: an object, or a function that returns one, got `undefined`$/,
    ],
    [
      'another shape',
      'export default { shape: [2, 2], classes: 2 };',
      /\(shape\): expected three integers from 1: height, width, channels, got `\[2,2\]`$/,
    ],
    [
      'no classes',
      'export default { shape: [1, 1, 1] };',
      /\(classes\): expected an integer from 1, or the names of the classes, got `undefined`$/,
    ],
    [
      'images in another array',
      'export default { shape: [1, 1, 1], classes: 1, trainImages: [1], trainLabels: [0] };',
      /\(trainImages\): expected a Uint8Array or a Float32Array, got `Array`$/,
    ],
    [
      'labels that are no integers',
      'export default { shape: [1, 1, 1], classes: 1, trainImages: new Uint8Array(1), trainLabels: ["cat"] };',
      /\(trainLabels\): expected integers as labels, got `cat`$/,
    ],
    [
      'part of an image',
      'export default { shape: [1, 2, 1], classes: 1, trainImages: new Uint8Array(3), trainLabels: [0] };',
      /\(trainImages\): expected whole images of 1 x 2 x 1 values, got `3 values`$/,
    ],
  ] as const) {
    it(`refuses ${what}`, () => assert.rejects(load(source), { name: 'DataSetError', message }));
  }
});

describe('loadImages', () => {
  it('looks relative paths up in the working directory, and reads files once', async () => {
    const folder = dataFolder();
    const trainImages = relative('.', folder.write('images', idxFile([1, 1, 1], [7])));
    const trainLabels = relative('.', folder.write('labels', idxFile([2], [0, 0])));
    const load = () => loadImages({ kind: 'idx', trainImages, trainLabels, channels: 'last' }, '');
    await assert.rejects(load, { message: /expected one label for each of the 1 images/ });
    // A failure is not kept.
    folder.write('labels', idxFile([1], [0]));
    const dataSet = await load();
    assert.equal(dataSet.training.pixels[0], 7);
    assert.equal(await load(), dataSet);
    folder.write('labels', idxFile([1], [3]));
    utimesSync(trainLabels, 1, 1);
    assert.deepEqual([...(await load()).training.labels], [3], 'a changed file');
  });

  it('reads a module again if it has changed, also one that failed', async () => {
    const folder = dataFolder();
    for (const name of ['data.mjs', 'data.ts']) {
      const open = async (source: string) => loadImages({ kind: 'module', path: folder.write(name, source) }, '');
      const sourceOf = (byte: number) =>
        `export default { shape: [1, 1, 1], classes: 1, trainImages: Uint8Array.of(${byte}), trainLabels: [0] };`;
      const error: unknown = await open('throw new Error("no data today")').catch((thrown: unknown) => thrown);
      assert.ok(error instanceof Error);
      assert.match(error.message, /no data today$/);
      assert.equal(authorLine(error.cause, []), `${join(folder.path, name)}:1:7`);
      assert.equal((await open(sourceOf(7))).training.pixels[0], 7);
      assert.equal((await open(sourceOf(11))).training.pixels[0], 11);
    }
  });

  it('lists folders again if they have other files', async () => {
    const folder = dataFolder();
    const image = await sharp({ create: { width: 8, height: 8, channels: 3, background: '#abc' } })
      .png()
      .toBuffer();
    for (const label of ['a', 'b']) mkdirSync(join(folder.path, label));
    const open = async () => {
      const setting = imageDataSet.parse({ kind: 'folder', train: folder.path, size: 8, memory: 0 });
      const dataSet = await loadImages(setting, '');
      return 'streamed' in dataSet ? dataSet.streamed : undefined;
    };
    for (const name of ['a/1.png', 'b/1.png']) folder.write(name, image);
    const first = await open();
    assert.equal(first?.count, 2);
    assert.equal(await open(), first);
    folder.write('b/2.png', image);
    assert.equal((await open())?.count, 3);
  });
});

describe('the setting `dataset`', () => {
  const complaints = (value: unknown): readonly string[] => {
    const parsed = parse(imageDataSet, value, 'dataset');
    return 'complaints' in parsed ? parsed.complaints : [];
  };

  it('takes a name, or the place of files, and fills in defaults', () => {
    assert.equal(imageDataSet.parse('fashion-mnist'), 'fashion-mnist');
    assert.deepEqual(imageDataSet.parse({ kind: 'cifar-100', folder: 'data' }), {
      kind: 'cifar-100',
      folder: 'data',
      labels: 'fine',
    });
  });

  it('says what is wrong', () => {
    const either = '`fashion-mnist` or an object with `kind` idx, folder, cifar-10, cifar-100 or module';
    assert.deepEqual(complaints('mnist'), [`Expected \`dataset\` to be ${either}, got \`"mnist"\``]);
    assert.deepEqual(complaints({ kind: 'png' }), [
      'Expected `kind` to be one of `idx`, `folder`, `cifar-10`, `cifar-100`, `module`, got `"png"`',
    ]);
    assert.deepEqual(complaints({ kind: 'idx', trainImages: 'a', trainLabels: 'b', testImages: 'c' }), [
      'Expected `testLabels` to be given, as its counterpart is, got `undefined`',
    ]);
    assert.deepEqual(complaints({ kind: 'cifar-10' }), [
      'Expected `folder` to be a text of 1 to 4096 characters, got `undefined`',
    ]);
  });
});
