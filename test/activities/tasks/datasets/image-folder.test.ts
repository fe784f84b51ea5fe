/**
 * Images in a folder for each class: what is read, and what is refused by name.
 */
import assert from 'node:assert/strict';
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { before, describe, it } from 'node:test';
import sharp from 'sharp';
import { openImageFolder, type ImageFolder } from '../../../../activities/tasks/datasets/image-folder.ts';
import { dataFolder } from './data-files.ts';
import { runImages } from '../../../../activities/tasks/image-classification/images.ts';
import { settings } from '../../../../activities/tasks/image-classification/settings.ts';

const SIZE = 8;
const RED = { r: 250, g: 10, b: 10 };
const BLUE = { r: 10, g: 10, b: 250 };

describe('images in a folder for each class', () => {
  const { path: root } = dataFolder();
  const folder = (name: string): string => {
    mkdirSync(path.join(root, name), { recursive: true });
    return path.join(root, name);
  };
  const write = (name: string, bytes: Uint8Array | string): void => {
    folder(path.dirname(name));
    writeFileSync(path.join(root, name), bytes);
  };
  const plain = (colour: typeof RED, width = 12, height = 10) =>
    sharp({ create: { width, height, channels: 3, background: colour } });
  const open = (change: Partial<ImageFolder> = {}) =>
    openImageFolder({
      train: path.join(root, 'train'),
      size: SIZE,
      colour: 'rgb',
      broken: 'refuse',
      cropFrom: 'square',
      memory: 16,
      ...change,
    });
  const load = async (change: Partial<ImageFolder> = {}) => {
    const dataSet = await open(change);
    if ('streamed' in dataSet) assert.fail('expected images in memory');
    return dataSet;
  };
  /** Returns the colour of the pixel in the middle of an image. */
  const middle = (pixels: Uint8Array | Float32Array, image: number, channels = 3): number[] => {
    const place = (image * SIZE * SIZE + (SIZE / 2) * SIZE + SIZE / 2) * channels;
    return Array.from(pixels.subarray(place, place + channels));
  };
  const isAbout = (colour: readonly number[], { r, g, b }: typeof RED): void =>
    [r, g, b].forEach((value, channel) => assert.ok(Math.abs(colour[channel]! - value) < 30, colour.join()));

  before(async () => {
    write('train/red/b.jpg', await plain(RED).jpeg().toBuffer());
    write('train/red/a.png', await plain(RED, 300, 20).png().toBuffer());
    write('train/red/.hidden.jpg', 'no image');
    write('train/red/notes.txt', 'no image');
    write('train/blue/alpha.png', await plain(BLUE).ensureAlpha(0.5).png().toBuffer());
    write('train/blue/cmyk.jpeg', await plain(BLUE).toColourspace('cmyk').jpeg().toBuffer());
    write('train/blue/deep.png', await plain(BLUE).toColourspace('rgb16').png().toBuffer());
    write('train/blue/grey.jpg', await plain(BLUE).greyscale().jpeg().toBuffer());
    write('val/red/c.webp', await plain(RED, 20, 200).webp().toBuffer());
  });

  it('are read as squares of one size, in the order of their names, whatever they are stored as', async () => {
    const { image, classes, classNames, training, test, skipped } = await load({ test: path.join(root, 'val') });
    assert.deepEqual([image, classes, classNames, skipped], [[SIZE, SIZE, 3], 2, ['blue', 'red'], undefined]);
    assert.deepEqual([...training.labels], [0, 0, 0, 0, 1, 1]);
    assert.equal(training.pixels.length, 6 * SIZE * SIZE * 3);
    for (const index of [0, 2]) isAbout(middle(training.pixels, index), BLUE);
    // CMYK has no such blue.
    const [red = 0, , blue = 0] = middle(training.pixels, 1);
    assert.ok(blue > red + 50);
    assert.equal(new Set(middle(training.pixels, 3)).size, 1, 'grey has three equal channels');
    for (const index of [4, 5]) isAbout(middle(training.pixels, index), RED);
    assert.deepEqual([test?.count, [...(test?.labels ?? [])]], [1, [1]]);
  });

  it('are told of while a run opens them, one by one', async () => {
    const own = settings.parse({
      dataset: { kind: 'folder', train: path.join(root, 'train'), test: path.join(root, 'val'), size: SIZE },
      model: { kind: 'perceptron', hidden: [4] },
      objectiveExamples: 1,
      untouchedExamples: 1,
      batchSize: 1,
    });
    let progress = 0;
    await runImages(own, 1, { seed: 1, dataDirectory: '', progressed: () => progress++ });
    assert.equal(progress, 7);
  });

  it('are converted to grey if asked for', async () => {
    const { image, training } = await load({ colour: 'grey' });
    assert.deepEqual(image, [SIZE, SIZE, 1]);
    assert.equal(training.pixels.length, 6 * SIZE * SIZE);
  });

  it('are cut to the middle', async () => {
    const wide = await sharp({ create: { width: 30, height: 10, channels: 3, background: BLUE } })
      .composite([{ input: { create: { width: 10, height: 10, channels: 3, background: RED } }, left: 10, top: 0 }])
      .png()
      .toBuffer();
    write('cut/one/wide.png', wide);
    write('cut/two/wide.png', wide);
    const { training } = await load({ train: path.join(root, 'cut') });
    isAbout(Array.from(training.pixels.subarray(0, 3)), RED);
  });

  it('are cut to the middle of what they are scaled to', async () => {
    const rings = await sharp({ create: { width: 16, height: 16, channels: 3, background: BLUE } })
      .composite([{ input: { create: { width: 8, height: 8, channels: 3, background: RED } }, left: 4, top: 4 }])
      .png()
      .toBuffer();
    write('rings/one/ring.png', rings);
    write('rings/two/ring.png', rings);
    const { training } = await load({ train: path.join(root, 'rings'), shorterSide: 16 });
    for (const place of [0, SIZE * SIZE - 1])
      isAbout(Array.from(training.pixels.subarray(3 * place, 3 * place + 3)), RED);
  });

  it('stay in their files if they do not fit in memory, with the same pixels', async () => {
    const { training } = await load();
    const dataSet = await open({ memory: 0 });
    if (!('streamed' in dataSet)) assert.fail('expected images in files');
    const { streamed } = dataSet;
    assert.equal(streamed.count, 6);
    const { pixels, labels } = await streamed.squares([5, 0, 3]);
    const image = SIZE * SIZE * 3;
    for (const [place, index] of [5, 0, 3].entries())
      assert.deepEqual(
        pixels.subarray(place * image, (place + 1) * image),
        training.pixels.subarray(index * image, (index + 1) * image),
      );
    assert.deepEqual([...labels], [1, 0, 0]);
  });

  describe('with broken files', () => {
    before(async () => {
      const noise = Buffer.from(Array.from({ length: 64 * 64 * 3 }, (_, index) => (index * 7919) % 251));
      const whole = await sharp(noise, { raw: { width: 64, height: 64, channels: 3 } })
        .jpeg()
        .toBuffer();
      write('broken/one/good.jpg', whole);
      write('broken/one/cut.jpg', whole.subarray(0, whole.length / 2));
      write('broken/two/empty.png', '');
      write('broken/two/good.jpg', whole);
      write('broken/two/text.jpg', 'no image');
    });

    it('are refused by the name of the first', async () => {
      await assert.rejects(load({ train: path.join(root, 'broken') }), {
        name: 'DataSetError',
        message: /broken\/(one\/cut\.jpg|two\/empty\.png): expected an image that is not broken, got `.+`$/,
      });
    });

    it('are left out and counted if asked for', async () => {
      const { training, skipped } = await load({ train: path.join(root, 'broken'), broken: 'skip' });
      assert.deepEqual([training.count, [...training.labels]], [2, [0, 1]]);
      assert.equal(skipped?.count, 3);
      const names = skipped.files.map((file) => path.relative(path.join(root, 'broken'), file.split(': ')[0] ?? ''));
      assert.deepEqual(names, ['one/cut.jpg', 'two/empty.png', 'two/text.jpg']);
    });

    it('are not those that a machine in trouble cannot read', async () => {
      write('trouble/one/good.png', await plain(RED).png().toBuffer());
      symlinkSync('/proc/self/mem', path.join(folder('trouble/two'), 'bad.png'));
      await assert.rejects(load({ train: path.join(root, 'trouble'), broken: 'skip' }), { code: 'EIO' });
    });

    it('are refused if a class has nothing else', async () => {
      write('bad/one/text.jpg', 'no image');
      write('bad/two/good.png', await plain(RED).png().toBuffer());
      await assert.rejects(load({ train: path.join(root, 'bad'), broken: 'skip' }), {
        message: /bad\/one: expected at least one image that is not broken, got `none`$/,
      });
    });
  });

  for (const [what, train, change, message] of [
    ['no such folder', 'none', {}, /^Cannot read image folder .*\/none: ENOENT/],
    ['one class', 'single', {}, /single: expected a folder for each of at least two classes, got `1`$/],
    ['a class without images', 'hollow', {}, /hollow\/b: expected at least one \.jpg, .* file, got `none`$/],
    ['test images of another class', 'train', { test: 'hollow' }, /hollow\/a: expected the name of a class that/],
  ] as const) {
    it(`refuses ${what}`, async () => {
      write('single/only/x.png', '');
      write('hollow/a/x.png', '');
      folder('hollow/b');
      const test = 'test' in change ? { test: path.join(root, change.test) } : {};
      await assert.rejects(load({ train: path.join(root, train), ...change, ...test }), {
        name: 'DataSetError',
        message,
      });
    });
  }
});
