/**
 * Fashion-MNIST (Xiao, Rasul, Vollgraf, arXiv 1708.07747): 60,000 training and 10,000 test images of 28 × 28 grey
 * pixels in ten classes.
 */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { parseIdx } from './idx.ts';
import files from './fashion-mnist.json' with { type: 'json' };

/** Images with their classes; image i is pixels[i · 784 … (i + 1) · 784), row by row, black (0) to white (255). */
export interface LabelledImages {
  readonly count: number;
  readonly pixels: Uint8Array;
  /** 0 … 9. */
  readonly labels: Uint8Array;
}

export interface FashionMnist {
  readonly training: LabelledImages;
  readonly test: LabelledImages;
}

/** A data set that cannot be used; the message is one line and names the file. */
export class DataSetError extends Error {
  constructor(message: string, cause?: unknown) {
    super(message, cause === undefined ? {} : { cause });
    this.name = 'DataSetError';
  }
}

/** Height, width, channels. */
export const FASHION_MNIST_IMAGE = [28, 28, 1] as const;
export const FASHION_MNIST_CLASSES = 10;

const TRAINING_IMAGES = 60_000;
const TEST_IMAGES = 10_000;

const loaded = new Map<string, FashionMnist>();

/**
 * Returns the data set from `<dataDirectory>/fashion-mnist`; read, and verified by digest, once a process.
 *
 * @throws DataSetError if a file is missing, unreadable, or has the wrong digest
 */
export function loadFashionMnist(dataDirectory: string): FashionMnist {
  const known = loaded.get(dataDirectory);
  if (known) return known;
  const directory = join(dataDirectory, 'fashion-mnist');
  const images = (name: string, count: number): LabelledImages => {
    const [height, width] = FASHION_MNIST_IMAGE;
    const pixels = read(directory, `${name}-images-idx3-ubyte.gz`, [count, height, width]);
    return { count, pixels, labels: read(directory, `${name}-labels-idx1-ubyte.gz`, [count]) };
  };
  const dataSet = { training: images('train', TRAINING_IMAGES), test: images('t10k', TEST_IMAGES) };
  loaded.set(dataDirectory, dataSet);
  return dataSet;
}

function read(directory: string, name: string, shape: readonly number[]): Uint8Array {
  const path = join(directory, name);
  const expected = files.files.find((file) => file.name === name)?.contentSha256;
  let content: Uint8Array;
  try {
    content = gunzipSync(readFileSync(path));
  } catch (error) {
    throw new DataSetError(`Cannot read data file ${path}: ${reasonOf(error)}. Run \`npm run setup\``, error);
  }
  const found = createHash('sha256').update(content).digest('hex');
  if (found !== expected)
    throw new DataSetError(
      `Cannot use data file ${path}: expected its decompressed content to have SHA-256 ${expected}, got ${found}`,
    );
  return parseIdx(path, content, shape);
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return 'code' in error && error.code === 'ENOENT' ? 'there is no such file' : error.message;
}
