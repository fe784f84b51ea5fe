/**
 * The binary files of CIFAR-10 and CIFAR-100 (Krizhevsky, 2009): records of one or two label bytes and 3,072 pixel
 * bytes, the planes of red, green and blue one after the other, 32 × 32 each.
 */
import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { checkedImages, unusable, type ImageDataSet, type ImageShape, type LabelledImages } from './data-set.ts';
import { readDataFile } from './data-file.ts';
import { channelsLast } from './idx.ts';

const IMAGE: ImageShape = [32, 32, 3];
const PLACES = 32 * 32;
const PIXEL_BYTES = 3 * PLACES;

/** How one of the two is stored. */
interface Layout {
  readonly training: readonly string[];
  readonly test: string;
  readonly classes: number;
  /** Label bytes of a record, and which of them counts. */
  readonly labelBytes: number;
  readonly label: number;
  /** One class a line. */
  readonly names: string;
}

const LAYOUTS = {
  'cifar-10': {
    training: [1, 2, 3, 4, 5].map((number) => `data_batch_${number}.bin`),
    test: 'test_batch.bin',
    classes: 10,
    labelBytes: 1,
    label: 0,
    names: 'batches.meta.txt',
  },
  'cifar-100-fine': {
    training: ['train.bin'],
    test: 'test.bin',
    classes: 100,
    labelBytes: 2,
    label: 1,
    names: 'fine_label_names.txt',
  },
  'cifar-100-coarse': {
    training: ['train.bin'],
    test: 'test.bin',
    classes: 20,
    labelBytes: 2,
    label: 0,
    names: 'coarse_label_names.txt',
  },
} as const satisfies Record<string, Layout>;

export type CifarVersion = keyof typeof LAYOUTS;

/**
 * Returns the data set in a folder; each file may be compressed and then end in `.gz`. A file may have fewer records
 * than the publisher's.
 *
 * @throws DataSetError naming the file, the rule and what was found
 */
export function loadCifar(version: CifarVersion, folder: string): ImageDataSet {
  const layout: Layout = LAYOUTS[version];
  const directory = resolve(folder);
  const training = layout.training.map((name) => readRecords(directory, name, layout));
  const names = join(directory, layout.names);
  const classNames = existsSync(names) ? readFileSync(names, 'utf8').split('\n').filter(Boolean) : [];
  return {
    image: IMAGE,
    classes: layout.classes,
    ...(classNames.length === layout.classes ? { classNames } : {}),
    training: joined(training),
    test: readRecords(directory, layout.test, layout),
  };
}

/** Returns where the files may be. */
export function cifarFiles(version: CifarVersion, folder: string): readonly string[] {
  const { training, test, names } = LAYOUTS[version];
  return [...training, test]
    .flatMap((name) => [name, `${name}.gz`])
    .concat(names)
    .map((name) => join(folder, name));
}

function readRecords(directory: string, name: string, { classes, labelBytes, label }: Layout): LabelledImages {
  const plain = join(directory, name);
  const compressed = `${plain}.gz`;
  const { path, bytes } = readDataFile(
    !existsSync(plain) && existsSync(compressed) ? compressed : plain,
    'The folder must have the files of the binary version',
  );
  const recordBytes = labelBytes + PIXEL_BYTES;
  if (bytes.byteLength % recordBytes !== 0)
    throw unusable(path, `whole records of ${recordBytes} bytes`, `${bytes.byteLength} bytes`);
  const count = bytes.byteLength / recordBytes;
  const planes = new Uint8Array(count * PIXEL_BYTES);
  const labels = new Int32Array(count);
  for (let record = 0; record < count; record++) {
    const start = record * recordBytes;
    labels[record] = bytes[start + label]!;
    planes.set(bytes.subarray(start + labelBytes, start + recordBytes), record * PIXEL_BYTES);
  }
  const pixels = channelsLast(planes, count, 3, PLACES);
  return checkedImages({ images: path, labels: path, pixels, classes: labels }, IMAGE, classes);
}

function joined(parts: readonly LabelledImages[]): LabelledImages {
  const count = parts.reduce((sum, part) => sum + part.count, 0);
  const all = { count, pixels: new Uint8Array(count * PIXEL_BYTES), labels: new Int32Array(count) };
  let first = 0;
  for (const { count: images, pixels, labels } of parts) {
    all.pixels.set(pixels, first * PIXEL_BYTES);
    all.labels.set(labels, first);
    first += images;
  }
  return all;
}
