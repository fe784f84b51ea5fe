/**
 * Folders of image files, one folder a class, as ImageNet and most collections have them:
 *
 * ```
 * train/cat/1.jpg  train/cat/2.png  train/dog/1.jpg  …  val/cat/7.jpg  …
 * ```
 *
 * Every image is scaled by its shorter side, and cut to the square in the middle. If they fit, all are kept decoded.
 * Else they are decoded while a network trains on others.
 */
import { availableParallelism } from 'node:os';
import { join, resolve } from 'node:path';
import { inParallel } from '../../../workflows/population/in-parallel.ts';
import { isOfMachine } from '../../system-errors.ts';
import { firstLineOf } from '../first-line.ts';
import { unusable, type ImageDataSet, type ImageShape, type LabelledImages } from './data-set.ts';
import { decodeSquare, type ImageFormat } from './image-decoding.ts';
import { listImageFiles, squareShape, type ImageFiles, type ListedFiles } from './image-files.ts';
import { StreamedImages, type StreamedDataSet } from './streamed-images.ts';
import { sizeOf } from '../shape-size.ts';
import { packImages } from './packed-images.ts';

/** Where the images are, and what becomes of them. */
export interface ImageFolder extends ImageFormat {
  /** Has a folder for each class. */
  readonly train: string;
  /** Has some of the same folders. */
  readonly test?: string | undefined;
  /** What is done about files that are no images, or broken. */
  readonly broken: 'refuse' | 'skip';
  /** What crops are cut from: the square, or the original image, which is decoded again each time. */
  readonly cropFrom: 'square' | 'original';
  /** MiB that decoded images may take. */
  readonly memory: number;
}

const MIB = 2 ** 20;
/** As many as Node has threads for them, or more: each is decoded by one, and the others wait. */
const DECODED_AT_ONCE = Math.max(4, availableParallelism());
/** Broken files that are named. */
const MOST_NAMED = 20;

/** Is called for each image that is decoded. */
type Decoded = () => void;

/**
 * Returns the images in the folders: decoded if all fit in memory and crops are cut from them, else to be decoded.
 *
 * @throws DataSetError naming the folder or file, the rule and what was found
 */
export async function openImageFolder(folder: ImageFolder, decoded?: Decoded): Promise<ImageDataSet | StreamedDataSet> {
  const files = listImageFiles(folder);
  const image = squareShape(folder);
  const memoryBytes = folder.memory * MIB;
  const bytes = (files.train.count + (files.test?.count ?? 0)) * sizeOf(image);
  if (folder.cropFrom === 'square' && bytes <= memoryBytes) return decodeFolder(folder, files, image, decoded);
  const { classNames, train, test } = files;
  return {
    image,
    classes: classNames.length,
    classNames,
    streamed: new StreamedImages(train, folder, memoryBytes),
    // A report goes through them once.
    ...(test ? { test: new StreamedImages(test, folder, 0) } : {}),
  };
}

async function decodeFolder(
  folder: ImageFolder,
  { classNames, train, test }: ListedFiles,
  image: ImageShape,
  decoded?: Decoded,
): Promise<ImageDataSet> {
  const training = await decodeAll(train, folder, image, decoded);
  const decodedTest = test && (await decodeAll(test, folder, image, decoded));
  const labels = new Set(training.images.labels);
  const missing = classNames.find((_, label) => !labels.has(label));
  if (missing !== undefined)
    throw unusable(join(resolve(folder.train), missing), 'at least one image that is not broken', 'none');
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

async function decodeAll(
  files: ImageFiles,
  folder: ImageFolder,
  image: ImageShape,
  isDecoded?: Decoded,
): Promise<{ readonly images: LabelledImages; readonly broken: readonly string[] }> {
  const size = sizeOf(image);
  const pixels = new Uint8Array(files.count * size);
  const broken: string[] = [];
  const indices = Array.from({ length: files.count }, (_, index) => index);
  const decoded = await inParallel(DECODED_AT_ONCE, indices, async (index) => {
    const path = files.path(index);
    try {
      pixels.set(await decodeSquare(path, folder), index * size);
      return true;
    } catch (error) {
      // Another trainer, or a retry, can read the image.
      if (isOfMachine(error)) throw error;
      if (folder.broken === 'refuse') throw unusable(path, 'an image that is not broken', firstLineOf(error));
      broken.push(`${path}: ${firstLineOf(error)}`);
      return false;
    } finally {
      isDecoded?.();
    }
  });
  const good = indices.filter((index) => decoded[index]);
  return { images: packImages(pixels, size, good, (index) => files.labels[index]!), broken: broken.sort() };
}
