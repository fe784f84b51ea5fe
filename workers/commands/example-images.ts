/**
 * `npm run example-images`: writes image files in a folder for each class, to try image folders with.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import sharp from 'sharp';
import type { ByteImages } from '../../activities/tasks/datasets/data-set.ts';
import { loadFashionMnist } from '../../activities/tasks/datasets/fashion-mnist.ts';
import { DATA_DIRECTORY } from '../../activities/tasks/shipped.ts';
import { randomStream } from '../../workflows/algorithm/index.ts';
import { inParallel } from '../../workflows/population/in-parallel.ts';
import { parseWholeNumber, readOptions } from '../processes/command-line.ts';
import { UserError, reasonOf, runProcess } from '../processes/user-error.ts';
import { formatCount } from '../../workflows/population/figures.ts';
import { TOOL_HELP } from './tool-help.mjs';

const SIDE = 28;
/** As many as are encoded at once. */
const AT_ONCE = 4;

await runProcess(async () => {
  const options = readOptions(
    { directory: { type: 'string' }, train: { type: 'string' }, val: { type: 'string' } },
    TOOL_HELP['example-images'],
  );
  const { directory = join('.local', 'images-small') } = options;
  const counts = {
    train: parseWholeNumber('train', options.train, 100, 60_000) ?? 4_000,
    val: parseWholeNumber('val', options.val, 10, 10_000) ?? 1_000,
  };
  const { training, test, classNames = [] } = loadFashionMnist(DATA_DIRECTORY);
  const folders = classNames.map((name) => name.replaceAll(/\W+/g, '-').toLowerCase());
  try {
    await writeImages(join(directory, 'train'), training, counts.train, folders);
    await writeImages(join(directory, 'val'), test, counts.val, folders);
    writeBroken(join(directory, 'train', folders[0] ?? ''));
  } catch (error) {
    throw new UserError(`Cannot write images to ${directory}: ${reasonOf(error)}`, { cause: error });
  }
  console.log(
    `Wrote ${formatCount(counts.train, 'training image')}, ${formatCount(counts.val, 'test image')} and 3 broken ` +
      `files to ${directory}`,
  );
  return 0;
});

/** Writes the first images, each into the folder of its class. */
async function writeImages(
  directory: string,
  { pixels, labels }: ByteImages,
  count: number,
  folders: readonly string[],
): Promise<void> {
  for (const folder of folders) mkdirSync(join(directory, folder), { recursive: true });
  const indices = Array.from({ length: count }, (_, index) => index);
  await inParallel(AT_ONCE, indices, async (index) => {
    const image = pixels.subarray(index * SIDE * SIDE, (index + 1) * SIDE * SIDE);
    const name = join(directory, folders[labels[index] ?? 0] ?? '', String(index).padStart(5, '0'));
    const { suffix, bytes } = await encode(image, index);
    writeFileSync(`${name}${suffix}`, bytes);
  });
}

/** Returns an image as a file: of some size and some colour, sometimes grey, in CMYK, or a PNG. */
async function encode(image: Uint8Array, index: number): Promise<{ readonly suffix: string; readonly bytes: Buffer }> {
  const stream = randomStream(0, 'example images', index);
  const [width, height] = [SIDE + stream.integer(2 * SIDE), SIDE + stream.integer(2 * SIDE)];
  const tint = { r: 128 + stream.integer(128), g: 128 + stream.integer(128), b: 128 + stream.integer(128) };
  const kind = stream.integer(20);
  const scaled = sharp(image, { raw: { width: SIDE, height: SIDE, channels: 1 } })
    .resize({ width, height, fit: 'fill' })
    .toColourspace('srgb');
  if (kind === 0) return { suffix: '.jpg', bytes: await scaled.greyscale().jpeg().toBuffer() };
  const coloured = scaled.tint(tint);
  // One of a hundred: each takes as long to decode as 25 others, so that more of them would be all that counts.
  if (kind === 1 && stream.integer(5) === 0)
    return { suffix: '.jpg', bytes: await coloured.toColourspace('cmyk').jpeg().toBuffer() };
  if (kind === 2) return { suffix: '.png', bytes: await coloured.png().toBuffer() };
  return { suffix: '.jpg', bytes: await coloured.jpeg({ quality: 90 }).toBuffer() };
}

/** Writes files that are no images: an empty one, a text, and one that ends in its header. */
function writeBroken(folder: string): void {
  writeFileSync(join(folder, 'broken-empty.jpg'), '');
  writeFileSync(join(folder, 'broken-text.jpg'), 'This is not an image.\n');
  writeFileSync(join(folder, 'broken-cut.jpg'), Buffer.from([0xff, 0xd8, 0xff, 0xe0, 0x00, 0x10, 0x4a, 0x46]));
}
