/**
 * Fashion-MNIST (Xiao, Rasul, Vollgraf, arXiv 1708.07747): 60,000 training and 10,000 test images of 28 × 28 grey
 * pixels in ten classes.
 */
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { DataSetError, type ByteImages, type ImageDataSet, type Normalisation } from './data-set.ts';
import { readBeginning, readDataFile } from './data-file.ts';
import { RUN_SET_UP } from '../run-set-up.ts';
import { parseIdx } from './idx.ts';
import files from './fashion-mnist.json' with { type: 'json' };

/** Height, width, channels. */
export const FASHION_MNIST_IMAGE = [28, 28, 1] as const;
export const FASHION_MNIST_CLASSES = 10;
/** Mean and standard deviation of the training images, as they are published. */
export const FASHION_MNIST_NORMALISATION: Normalisation = { mean: [0.286], deviation: [0.353] };

export type FashionMnist = ImageDataSet & { readonly training: ByteImages; readonly test: ByteImages };

const CLASS_NAMES = [
  'T-shirt/top',
  'Trouser',
  'Pullover',
  'Dress',
  'Coat',
  'Sandal',
  'Shirt',
  'Sneaker',
  'Bag',
  'Ankle boot',
];

/**
 * Returns the data set from `<dataDirectory>/fashion-mnist`, verified by digest.
 *
 * @throws DataSetError if a file is missing, unreadable, or has the wrong digest
 */
export function loadFashionMnist(dataDirectory: string): FashionMnist {
  const directory = directoryIn(dataDirectory);
  const images = (name: string): ByteImages => {
    const pixels = read(directory, `${name}-images-idx3-ubyte.gz`);
    const labels = Int32Array.from(read(directory, `${name}-labels-idx1-ubyte.gz`));
    return { count: labels.length, pixels, labels };
  };
  return {
    image: FASHION_MNIST_IMAGE,
    classes: FASHION_MNIST_CLASSES,
    classNames: CLASS_NAMES,
    training: images('train'),
    test: images('t10k'),
    normalisation: FASHION_MNIST_NORMALISATION,
  };
}

/**
 * Looks whether the files are there.
 *
 * @throws DataSetError if one is missing or unreadable
 */
export function requireFashionMnist(dataDirectory: string): void {
  for (const { name } of files.files) readBeginning(join(directoryIn(dataDirectory), name), 1, RUN_SET_UP);
}

function directoryIn(dataDirectory: string): string {
  return join(dataDirectory, 'fashion-mnist');
}

/** The digest says that the sizes are right. */
function read(directory: string, name: string): Uint8Array {
  const file = readDataFile(join(directory, name), RUN_SET_UP);
  const expected = files.files.find((one) => one.name === name)?.contentSha256;
  const found = createHash('sha256').update(file.bytes).digest('hex');
  if (found !== expected)
    throw new DataSetError(
      `Cannot use data file ${file.path}: expected its decompressed content to have SHA-256 ${expected}, got ${found}`,
    );
  return parseIdx(file).values as Uint8Array;
}
