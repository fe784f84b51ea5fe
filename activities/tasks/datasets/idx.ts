/**
 * The IDX format of MNIST and its kin: a magic number (two zeros, element type, number of dimensions), big-endian
 * sizes, then big-endian elements.
 */
import { checkedImages, unusable, type ImageDataSet, type ImagePart, type ImageShape } from './data-set.ts';
import { readDataFile, type DataFile } from './data-file.ts';
import { sizeOf } from '../shape-size.ts';

/** The elements of a file, in the order of the file. */
export interface IdxContent {
  readonly shape: readonly number[];
  readonly values: Uint8Array | Int8Array | Int16Array | Int32Array | Float32Array | Float64Array;
}

/** Where the files of a data set are. */
export interface IdxFiles {
  readonly trainImages: string;
  readonly trainLabels: string;
  readonly testImages?: string | undefined;
  readonly testLabels?: string | undefined;
  /** Which dimension of a file with four of them is the channels: the fourth or the second. */
  readonly channels: 'last' | 'first';
  /** Default: one more than the highest training label. */
  readonly classes?: number | undefined;
}

interface ElementType {
  readonly bytes: number;
  readonly make: (count: number) => IdxContent['values'];
  readonly read: (view: DataView, offset: number) => number;
}

const ELEMENT_TYPES: ReadonlyMap<number, ElementType> = new Map([
  [0x08, { bytes: 1, make: (count) => new Uint8Array(count), read: (view, at) => view.getUint8(at) }],
  [0x09, { bytes: 1, make: (count) => new Int8Array(count), read: (view, at) => view.getInt8(at) }],
  [0x0b, { bytes: 2, make: (count) => new Int16Array(count), read: (view, at) => view.getInt16(at) }],
  [0x0c, { bytes: 4, make: (count) => new Int32Array(count), read: (view, at) => view.getInt32(at) }],
  [0x0d, { bytes: 4, make: (count) => new Float32Array(count), read: (view, at) => view.getFloat32(at) }],
  [0x0e, { bytes: 8, make: (count) => new Float64Array(count), read: (view, at) => view.getFloat64(at) }],
]);

/**
 * Returns the elements of an IDX file.
 *
 * @throws DataSetError naming the file, what was expected and what it holds
 */
export function parseIdx({ path, bytes }: DataFile): IdxContent {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.byteLength < 4) throw unusable(path, 'a header of at least 4 bytes', `${bytes.byteLength} bytes in all`);
  const type = ELEMENT_TYPES.get(view.getUint8(2));
  const dimensions = view.getUint8(3);
  if (view.getUint16(0) !== 0 || !type || dimensions === 0) {
    const types = [...ELEMENT_TYPES.keys()].map(hexadecimal).join(', ');
    throw unusable(
      path,
      `the magic number of an IDX file: two zero bytes, an element type (${types}), the number of dimensions`,
      [...bytes.subarray(0, 4)].map(hexadecimal).join(' '),
    );
  }
  const header = 4 + 4 * dimensions;
  if (bytes.byteLength < header)
    throw unusable(
      path,
      `a header of ${header} bytes for ${dimensions} dimensions`,
      `${bytes.byteLength} bytes in all`,
    );
  const shape = Array.from({ length: dimensions }, (_, dimension) => view.getUint32(4 + 4 * dimension));
  const count = sizeOf(shape);
  const needed = header + type.bytes * count;
  if (bytes.byteLength !== needed)
    throw unusable(path, `${needed} bytes for the sizes ${shape.join(' x ')}`, `${bytes.byteLength} bytes`);
  const values = type.make(count);
  // Bytes need no decoding.
  if (values instanceof Uint8Array) return { shape, values: bytes.subarray(header) };
  for (let index = 0; index < count; index++) values[index] = type.read(view, header + type.bytes * index);
  return { shape, values };
}

/**
 * Returns the data set of these files: images of any size, of three dimensions (count, height, width: one channel) or
 * four.
 *
 * @throws DataSetError naming the file, the rule and what was found
 */
export function loadIdx(files: IdxFiles): ImageDataSet {
  const training = readPart(files.trainImages, files.trainLabels, files.channels);
  const highest = training.part.classes.reduce((most, label) => Math.max(most, label), 0);
  const classes = files.classes ?? highest + 1;
  const dataSet = {
    image: training.image,
    classes,
    training: checkedImages(training.part, training.image, classes),
  };
  if (files.testImages === undefined || files.testLabels === undefined) return dataSet;
  const test = readPart(files.testImages, files.testLabels, files.channels);
  if (test.image.join() !== training.image.join())
    throw unusable(
      test.part.images,
      `images of ${training.image.join(' x ')} values, as in ${training.part.images}`,
      test.image.join(' x '),
    );
  return { ...dataSet, test: checkedImages(test.part, training.image, classes) };
}

function readPart(
  imagesPath: string,
  labelsPath: string,
  channels: IdxFiles['channels'],
): { readonly part: ImagePart; readonly image: ImageShape } {
  const imagesFile = readDataFile(imagesPath);
  const labelsFile = readDataFile(labelsPath);
  const images = parseIdx(imagesFile);
  const labels = parseIdx(labelsFile);
  if (images.shape.length !== 3 && images.shape.length !== 4)
    throw unusable(imagesFile.path, 'three dimensions (count, height, width) or four', images.shape.join(' x '));
  if (images.shape.some((size, dimension) => dimension > 0 && size === 0))
    throw unusable(
      imagesFile.path,
      'images with a height, a width and channels of at least 1',
      images.shape.join(' x '),
    );
  if (labels.shape.length !== 1)
    throw unusable(labelsFile.path, 'one dimension, one label for each image', labels.shape.join(' x '));
  const fractional = labels.values.findIndex((label) => !Number.isInteger(label));
  if (fractional !== -1) throw unusable(labelsFile.path, 'integers as labels', labels.values[fractional]!);
  const pixels = images.values instanceof Uint8Array ? images.values : Float32Array.from(images.values);
  const [count = 0, second = 0, third = 0, fourth] = images.shape;
  const first = fourth !== undefined && channels === 'first';
  return {
    part: {
      images: imagesFile.path,
      labels: labelsFile.path,
      pixels: first ? channelsLast(pixels, count, second, third * fourth) : pixels,
      classes: Int32Array.from(labels.values),
    },
    image: first ? [third, fourth, second] : [second, third, fourth ?? 1],
  };
}

/** Returns images of channel planes, [count, C, places], as [count, places, C]. */
export function channelsLast(
  planes: Uint8Array | Float32Array,
  count: number,
  channels: number,
  places: number,
): Uint8Array | Float32Array {
  const pixels = planes instanceof Uint8Array ? new Uint8Array(planes.length) : new Float32Array(planes.length);
  for (let image = 0; image < count; image++) {
    const start = image * channels * places;
    for (let channel = 0; channel < channels; channel++) {
      for (let place = 0; place < places; place++)
        pixels[start + place * channels + channel] = planes[start + channel * places + place]!;
    }
  }
  return pixels;
}

function hexadecimal(byte: number): string {
  return byte.toString(16).padStart(2, '0');
}
