/**
 * Training on images that are decoded meanwhile.
 */
import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { before, describe, it } from 'node:test';
import sharp from 'sharp';
import { imageClassification } from '../../../../activities/tasks/image-classification/image-classification.ts';
import { ImageFiles } from '../../../../activities/tasks/datasets/image-files.ts';
import { randomBox, StreamedImages } from '../../../../activities/tasks/datasets/streamed-images.ts';
import { randomStream } from '../../../../workflows/algorithm/index.ts';
import { dataFolder } from '../datasets/data-files.ts';
import { digestOf, textOf, withSession } from '../open-session.ts';

process.env['TF_NUM_INTRAOP_THREADS'] = '1';
process.env['TF_CPP_MIN_LOG_LEVEL'] = '2';

/** 3 · 64² bytes each: 1 MiB keeps 85 of them. */
const IMAGES = 120;
const STEPS = 12;

describe('images that are decoded while a network trains', () => {
  const files = dataFolder();
  const write = async (folder: string, count: number): Promise<void> => {
    for (const label of ['dark', 'light']) mkdirSync(join(files.path, folder, label), { recursive: true });
    for (let index = 0; index < count; index++) {
      const stream = randomStream(1, folder, index);
      const [width, height] = [64 + stream.integer(40), 64 + stream.integer(40)];
      const base = index % 2 === 0 ? 0 : 120;
      const noise = Uint8Array.from({ length: 5 * 5 * 3 }, () => base + stream.integer(120));
      const bytes = await sharp(noise, { raw: { width: 5, height: 5, channels: 3 } })
        .resize({ width, height, fit: 'fill' })
        .jpeg()
        .toBuffer();
      files.write(join(folder, index % 2 === 0 ? 'dark' : 'light', `${index}.jpg`), bytes);
    }
  };
  const settings = (dataset: object) => ({
    dataset: { kind: 'folder', train: join(files.path, 'train'), test: join(files.path, 'val'), size: 64, ...dataset },
    model: { kind: 'perceptron', hidden: [8] },
    objectiveExamples: 24,
    untouchedExamples: 16,
    batchSize: 16,
    imagesAtOnce: 8,
    flip: true,
  });
  const hyperparameters = { learningRate: 0.001, smallestCrop: 0.3 };
  const train = (dataset: object, stops: readonly number[] = [STEPS]) => trainOn(settings(dataset), stops);
  /** Trains up to the stops, each in a session of its own, and measures at the last. */
  const trainOn = async (own: Readonly<Record<string, unknown>>, stops: readonly number[]) => {
    let state: Parameters<typeof digestOf>[0] | undefined;
    let score: unknown;
    for (const [index, stop] of stops.entries())
      await withSession(imageClassification, own, { hyperparameters }, async (session) => {
        session.expect?.(stops[index - 1] ?? 0, stop);
        if (state) await session.restore(state);
        else await session.initialise();
        await session.train(stops[index - 1] ?? 0, stop);
        score = await session.measure();
        state = await session.save();
      });
    return { digest: digestOf(state!), score };
  };

  before(async () => {
    await write('train', IMAGES);
    await write('val', 30);
  });

  it('train to the same bits as images in memory, with any room for decoded ones', async () => {
    const inMemory = await train({});
    for (const memory of [0, 1]) assert.deepEqual(await train({ memory }), inMemory, `${memory} MiB`);
    assert.deepEqual(await train({ memory: 1 }, [5, STEPS]), inMemory, 'restored');
  });

  it('give crops of the originals that seed, worker and step decide', async () => {
    const whole = await train({ cropFrom: 'original', memory: 0 });
    assert.deepEqual(await train({ cropFrom: 'original' }), whole);
    assert.deepEqual(await train({ cropFrom: 'original', memory: 1 }, [1, 7, STEPS]), whole);
    assert.notEqual((await train({})).digest, whole.digest, 'crops of squares are others');
  });

  it('are reported on, and learned from', async () => {
    const own = settings({ cropFrom: 'original' });
    await withSession(imageClassification, own, { hyperparameters }, async (session) => {
      await session.initialise();
      assert.equal(session.waitedMs, 0);
      await session.train(0, 60);
      assert.ok((session.waitedMs ?? 0) > 0, 'the first batch is waited for');
      const { testScore, untouchedScore, exports } = await session.report();
      for (const score of [await session.measure(), testScore, untouchedScore])
        assert.ok(typeof score === 'number' && score > 0.9, `score ${score}`);
      const { testScores } = JSON.parse(textOf({ exports } as never, 'description.json')) as {
        readonly testScores: { readonly accuracy: number };
      };
      assert.equal(testScores.accuracy, testScore);
    });
  });

  it('are refused by name if one is broken, or left out', async () => {
    const folder = 'broken';
    await write(folder, 60);
    files.write(join(folder, 'dark', '0.jpg'), Uint8Array.of(0xff, 0xd8));
    files.write(join(folder, 'light', '7.jpg'), Uint8Array.of());
    const own = (broken: string, cropFrom: string, memory: number) =>
      settings({ train: join(files.path, folder), broken, cropFrom, memory });
    const normalisation = { mean: [0.5, 0.5, 0.5], deviation: [0.2, 0.2, 0.2] };
    for (const cropFrom of ['square', 'original']) {
      const refused = trainOn({ ...own('refuse', cropFrom, 0), normalisation }, [STEPS]);
      await assert.rejects(refused, {
        name: 'DataSetError',
        message: /broken\/(dark\/0|light\/7)\.jpg: expected an image that is not broken, got `/,
      });
      const skipped = await trainOn(own('skip', cropFrom, 0), [STEPS]);
      assert.equal(typeof skipped.score, 'number');
      if (cropFrom === 'original')
        assert.deepEqual(
          await trainOn(own('skip', cropFrom, 1), [4, STEPS]),
          skipped,
          'the same images take their place',
        );
    }
  });
});

describe('an image that is cut from its original', () => {
  const files = dataFolder();

  it('is read anew if it could not be decoded: it may have been replaced by a smaller one', async () => {
    mkdirSync(join(files.path, 'a'));
    const write = async (side: number) => {
      const create = { width: side, height: side, channels: 3, background: '#abc' } as const;
      files.write('a/1.png', await sharp({ create }).png().toBuffer());
    };
    await write(40);
    const format = { size: 8, colour: 'rgb', broken: 'refuse' } as const;
    const images = new StreamedImages(new ImageFiles(files.path, ['a'], [[0, '1.png']]), format, 0);
    const batch = () => images.batch([0], { smallest: 0.9, stream: () => randomStream(3) });
    await batch();
    await write(20);
    await assert.rejects(batch(), { name: 'DataSetError' });
    assert.deepEqual((await batch()).pixels.subarray(0, 3), Uint8Array.of(0xaa, 0xbb, 0xcc));
  });
});

describe('a random part of an image', () => {
  it('lies in the image, and has the area and the ratio that are asked for', () => {
    for (let index = 0; index < 500; index++) {
      const { left, top, width, height } = randomBox(500, 375, 0.08, randomStream(3, index));
      assert.ok(left >= 0 && top >= 0 && left + width <= 500 && top + height <= 375);
      const area = (width * height) / (500 * 375);
      assert.ok(area > 0.079 && area <= 1, `area ${area}`);
      const ratio = width / height;
      assert.ok(ratio > 0.745 && ratio < 1.345, `ratio ${ratio}`);
    }
  });

  it('is the largest one in the middle if an image is too narrow for others', () => {
    const box = randomBox(1000, 10, 0.9, randomStream(3));
    assert.deepEqual(box, { left: 493, top: 0, width: 13, height: 10 });
    assert.deepEqual(randomBox(1, 1, 0.08, randomStream(3)), { left: 0, top: 0, width: 1, height: 1 });
  });
});
