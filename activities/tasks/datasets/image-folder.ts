/**
 * Folders of image files, one folder a class, as ImageNet and most collections have them:
 *
 * ```
 * train/cat/1.jpg  train/cat/2.png  train/dog/1.jpg  …  val/cat/7.jpg  …
 * ```
 *
 * Every image is scaled so that its shorter side is as long as asked for, and cut to the square in the middle. All are
 * kept decoded.
 */
import { readdirSync, statSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import sharp from 'sharp';
import { inParallel } from '../../../workflows/population/in-parallel.ts';
import { isOfMachine } from '../../system-errors.ts';
import { firstLineOf } from '../first-line.ts';
import { DataSetError, unusable, type ImageDataSet, type LabelledImages } from './data-set.ts';

/** Where the images are, and what becomes of them. */
export interface ImageFolder {
  /** Has a folder for each class. */
  readonly train: string;
  /** Has some of the same folders. */
  readonly test?: string | undefined;
  /** Side of the square, in pixels. */
  readonly size: number;
  readonly colour: 'rgb' | 'grey';
  /** What is done about files that are no images, or broken. */
  readonly broken: 'refuse' | 'skip';
}

/** Bytes that the decoded images of a data set may take: each trainer has them in memory. */
const MOST_BYTES = 4 * 2 ** 30;
/** As many as Node has threads for them; each is decoded by one. */
const DECODED_AT_ONCE = 4;
/** Broken files that are named. */
const MOST_NAMED = 20;
const SUFFIXES = /\.(jpe?g|png|webp)$/i;
const CHANNELS = { rgb: 3, grey: 1 } as const;

interface ImageFile {
  readonly path: string;
  readonly label: number;
}

/**
 * Returns the images in the folders. Files with other names than *.jpg, *.jpeg, *.png and *.webp are left out.
 *
 * @throws DataSetError naming the folder or file, the rule and what was found
 */
export async function loadImageFolder(folder: ImageFolder): Promise<ImageDataSet> {
  const { size, colour } = folder;
  const image = [size, size, CHANNELS[colour]] as const;
  const train = resolve(folder.train);
  const classNames = foldersIn(train);
  if (classNames.length < 2) throw unusable(train, 'a folder for each of at least two classes', classNames.length);
  const trainFiles = filesOf(train, classNames, classNames);
  const empty = classNames.find((_, label) => !trainFiles.some((file) => file.label === label));
  if (empty !== undefined) throw unusable(join(train, empty), 'at least one .jpg, .jpeg, .png or .webp file', 'none');
  const test = folder.test === undefined ? undefined : resolve(folder.test);
  const testFiles = test === undefined ? [] : filesOf(test, foldersIn(test), classNames);
  if (test !== undefined && testFiles.length === 0)
    throw unusable(test, 'images in the folders of some classes', 'none');
  const count = trainFiles.length + testFiles.length;
  const bytes = count * image.reduce((product, side) => product * side, 1);
  if (bytes > MOST_BYTES)
    throw unusable(
      train,
      `images that take at most ${gigabytes(MOST_BYTES)} decoded (a smaller \`size\`, or fewer files)`,
      `${gigabytes(bytes)} for ${count} images of ${image.join(' x ')}`,
    );
  const training = await decodeAll(trainFiles, folder, image);
  const decodedTest = test === undefined ? undefined : await decodeAll(testFiles, folder, image);
  const missing = classNames.find((_, label) => !training.images.labels.includes(label));
  if (missing !== undefined) throw unusable(join(train, missing), 'at least one image that is not broken', 'none');
  const broken = [...training.broken, ...(decodedTest?.broken ?? [])];
  return {
    image,
    classes: classNames.length,
    classNames,
    training: training.images,
    ...(decodedTest ? { test: decodedTest.images } : {}),
    ...(broken.length > 0 ? { skipped: { count: broken.length, files: broken.slice(0, MOST_NAMED) } } : {}),
  };
}

/** Returns the names of the folders in a folder, sorted by their code units. */
function foldersIn(folder: string): string[] {
  return entriesOf(folder)
    .filter((name) => statSync(join(folder, name), { throwIfNoEntry: false })?.isDirectory())
    .sort();
}

function filesOf(folder: string, present: readonly string[], classNames: readonly string[]): ImageFile[] {
  return present.flatMap((name) => {
    const label = classNames.indexOf(name);
    if (label === -1) throw unusable(join(folder, name), 'the name of a class that the training images have', name);
    const files = entriesOf(join(folder, name)).filter((file) => SUFFIXES.test(file));
    return files.sort().map((file) => ({ path: join(folder, name, file), label }));
  });
}

/** Returns the names in a folder, without hidden ones. */
function entriesOf(folder: string): string[] {
  try {
    return readdirSync(folder).filter((name) => !name.startsWith('.'));
  } catch (error) {
    throw new DataSetError(`Cannot read image folder ${folder}: ${firstLineOf(error)}`, error);
  }
}

async function decodeAll(
  files: readonly ImageFile[],
  folder: ImageFolder,
  image: readonly [number, number, number],
): Promise<{ readonly images: LabelledImages; readonly broken: readonly string[] }> {
  sharp.concurrency(1);
  sharp.cache(false);
  const size = image.reduce((product, side) => product * side, 1);
  const pixels = new Uint8Array(files.length * size);
  const broken: string[] = [];
  const decoded = await inParallel(DECODED_AT_ONCE, files, async ({ path }, index) => {
    try {
      pixels.set(await decode(path, folder), index * size);
      return true;
    } catch (error) {
      // Another trainer, or a retry, can read the image.
      if (isOfMachine(error)) throw error;
      if (folder.broken === 'refuse') throw unusable(path, 'an image that is not broken', firstLineOf(error));
      broken.push(`${path}: ${firstLineOf(error)}`);
      return false;
    }
  });
  const good = files.flatMap((_, index) => (decoded[index] ? [index] : []));
  good.forEach((from, to) => {
    if (from !== to) pixels.copyWithin(to * size, from * size, (from + 1) * size);
  });
  return {
    images: {
      count: good.length,
      pixels: good.length < files.length ? pixels.slice(0, good.length * size) : pixels,
      labels: Int32Array.from(good, (index) => files[index]!.label),
    },
    broken: broken.sort(),
  };
}

async function decode(path: string, { size, colour }: ImageFolder): Promise<Uint8Array> {
  return sharp(await readFile(path), { failOn: 'warning' })
    .resize({ width: size, height: size, fit: 'cover' })
    .toColourspace(colour === 'rgb' ? 'srgb' : 'b-w')
    .removeAlpha()
    .raw({ depth: 'uchar' })
    .toBuffer();
}

function gigabytes(bytes: number): string {
  return `${(bytes / 2 ** 30).toFixed(1)} GiB`;
}
