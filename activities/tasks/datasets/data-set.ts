/**
 * Data sets of labelled images: what every source of them gives, and the error of those that cannot be used.
 */
import { sizeOf } from '../shape-size.ts';

/** Height, width, channels. */
export type ImageShape = readonly [number, number, number];

/** Images with their classes. */
export interface LabelledImages {
  readonly count: number;
  /** [count, H, W, C], row by row, the channels of a pixel side by side. Bytes, or floats in units of their own. */
  readonly pixels: Uint8Array | Float32Array;
  /** [count], from 0 to below the number of classes. */
  readonly labels: Int32Array;
}

/** Images of bytes. */
export type ByteImages = LabelledImages & { readonly pixels: Uint8Array };

/** What images are standardised by, one value a channel; bytes count as parts of 255. */
export interface Normalisation {
  readonly mean: readonly number[];
  readonly deviation: readonly number[];
}

export interface ImageDataSet {
  readonly image: ImageShape;
  readonly classes: number;
  /** One for each class, if the source names them. */
  readonly classNames?: readonly string[];
  readonly training: LabelledImages;
  /** Absent if the source has no images apart for a test. */
  readonly test?: LabelledImages;
  /** Files that were left out because they are broken: how many, and the first of them with the reason. */
  readonly skipped?: { readonly count: number; readonly files: readonly string[] };
  /** What its publishers standardise it by, if they say. */
  readonly normalisation?: Normalisation;
}

/** A data set that cannot be used; the message is one line and names the file. */
export class DataSetError extends Error {
  constructor(message: string, cause?: unknown) {
    super(message, cause === undefined ? {} : { cause });
    this.name = 'DataSetError';
  }
}

/** Returns the error of a file that breaks a rule: what its content should be, and what was found. */
export function unusable(path: string, rule: string, found: string | number): DataSetError {
  return new DataSetError(`Cannot use data file ${path}: expected ${rule}, got \`${found}\``);
}

/** Images as a source gives them, before anything is checked. */
export interface ImagePart {
  /** Where they are from, for messages: the path of a file, perhaps with the name of an array in it. */
  readonly images: string;
  readonly labels: string;
  readonly pixels: LabelledImages['pixels'];
  readonly classes: Int32Array;
}

/**
 * Returns the images of a part, checked: as many labels as images, all below the number of classes, all pixels finite.
 *
 * @throws DataSetError naming the file, the rule and what was found
 */
export function checkedImages(part: ImagePart, image: ImageShape, classes: number): LabelledImages {
  const size = sizeOf(image);
  const count = part.pixels.length / size;
  if (!Number.isInteger(count))
    throw unusable(part.images, `whole images of ${image.join(' x ')} values`, `${part.pixels.length} values`);
  if (count === 0) throw unusable(part.images, 'at least one image', count);
  if (part.classes.length !== count)
    throw unusable(part.labels, `one label for each of the ${count} images of ${part.images}`, part.classes.length);
  const wrong = part.classes.findIndex((label) => label < 0 || label >= classes);
  if (wrong !== -1)
    throw unusable(
      part.labels,
      `labels from 0 to ${classes - 1}`,
      `${part.classes[wrong]} (label ${wrong}, counted from 0)`,
    );
  if (part.pixels instanceof Float32Array) {
    const infinite = part.pixels.findIndex((value) => !Number.isFinite(value));
    if (infinite !== -1)
      throw unusable(
        part.images,
        'finite numbers',
        `${part.pixels[infinite]} (image ${Math.floor(infinite / size)}, counted from 0)`,
      );
  }
  return { count, pixels: part.pixels, labels: part.classes };
}
