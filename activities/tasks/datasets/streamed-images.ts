/**
 * Images that stay in their files, because they do not fit in memory or are cropped from their originals: decoded when
 * they are asked for, and kept as far as there is room.
 */
import type { RandomStream } from '../../../workflows/algorithm/index.ts';
import { isOfMachine } from '../../system-errors.ts';
import { firstLineOf } from '../first-line.ts';
import { unusable, type ByteImages, type ImageShape } from './data-set.ts';
import { decodePart, decodeSquare, readSize, type Box, type ImageFormat } from './image-decoding.ts';
import { squareShape, type ImageFiles } from './image-files.ts';
import { KeptBytes } from './kept-bytes.ts';
import { sizeOf } from '../shape-size.ts';
import { packImages } from './packed-images.ts';

/** A data set whose images are decoded while they are used. */
export interface StreamedDataSet {
  readonly image: ImageShape;
  readonly classes: number;
  readonly classNames: readonly string[];
  /** Training images. */
  readonly streamed: StreamedImages;
  /** Absent if there are none apart for a test. */
  readonly test?: StreamedImages;
}

/** What crops are cut by. */
export interface Crops {
  /** Smallest share of an image's area that is seen. */
  readonly smallest: number;
  /** Returns what the crop of the image at this place of the batch draws from. */
  readonly stream: (place: number) => RandomStream;
}

/** Natural logarithm of the most that a part is wider than high, or higher than wide: 4/3 (arXiv 1409.4842). */
const LOG_RATIO = Math.log(4 / 3);
/** Parts that are tried: one that does not fit into the image is drawn again. */
const TRIES = 10;

export class StreamedImages {
  readonly #files: ImageFiles;
  readonly #format: ImageFormat;
  readonly #broken: 'refuse' | 'skip';
  readonly #imageBytes: number;
  readonly #squares: KeptBytes;
  /** Width and height of each original; 0 if not known yet. */
  readonly #sizes: Uint32Array;

  /** Keeps up to so many bytes of decoded squares. */
  constructor(files: ImageFiles, format: ImageFormat & { readonly broken: 'refuse' | 'skip' }, keptBytes: number) {
    this.#files = files;
    this.#format = format;
    this.#broken = format.broken;
    this.#imageBytes = sizeOf(squareShape(format));
    this.#squares = new KeptBytes(keptBytes);
    this.#sizes = new Uint32Array(2 * files.count);
  }

  get count(): number {
    return this.#files.count;
  }

  /**
   * Returns the images with these indices as they are measured, without broken ones.
   *
   * @throws DataSetError naming the first broken one, if such images are to be refused
   */
  async squares(indices: ArrayLike<number>): Promise<ByteImages> {
    const { pixels, good } = await this.#decodeAll(indices, (index) => this.#square(index));
    return this.#packed(pixels, good, indices);
  }

  /**
   * Returns a batch of images to train on: as they are measured, or random parts of their originals. Another image of
   * the batch takes the place of a broken one, the next that is not broken.
   *
   * @throws DataSetError naming the first broken one, if such images are to be refused, or all of the batch are broken
   */
  async batch(indices: ArrayLike<number>, crops: Crops | undefined): Promise<ByteImages> {
    const decodeOne = (index: number, place: number): Promise<Uint8Array> =>
      crops ? this.#part(index, crops.smallest, crops.stream(place)) : this.#square(index);
    const { pixels, good } = await this.#decodeAll(indices, decodeOne);
    const [first] = good;
    if (first === undefined)
      throw unusable(this.#files.path(indices[0]!), 'a batch with an image that is not broken', 'none');
    const isGood = new Set(good);
    const sources = Array.from({ length: indices.length }, (_, place) =>
      isGood.has(place) ? place : (good.find((one) => one > place) ?? first),
    );
    return this.#packed(pixels, sources, indices);
  }

  #packed(pixels: Uint8Array, places: readonly number[], indices: ArrayLike<number>): ByteImages {
    return packImages(pixels, this.#imageBytes, places, (place) => this.#files.labels[indices[place]!]!);
  }

  /** All are handed over at once: Node's threads go on while this one trains. */
  async #decodeAll(
    indices: ArrayLike<number>,
    decodeOne: (index: number, place: number) => Promise<Uint8Array>,
  ): Promise<{ readonly pixels: Uint8Array; readonly good: readonly number[] }> {
    const pixels = new Uint8Array(indices.length * this.#imageBytes);
    const decoded = await Promise.all(
      Array.from(indices, async (index, place) => {
        try {
          pixels.set(await decodeOne(index, place), place * this.#imageBytes);
          return true;
        } catch (error) {
          if (isOfMachine(error)) throw error;
          if (this.#broken === 'skip') return false;
          throw unusable(this.#files.path(index), 'an image that is not broken', firstLineOf(error));
        }
      }),
    );
    return { pixels, good: decoded.flatMap((isGood, place) => (isGood ? [place] : [])) };
  }

  async #square(index: number): Promise<Uint8Array> {
    const kept = this.#squares.get(index);
    if (kept) return kept;
    const square = await decodeSquare(this.#files.path(index), this.#format);
    this.#squares.keep(index, square);
    return square;
  }

  async #part(index: number, smallest: number, stream: RandomStream): Promise<Uint8Array> {
    const path = this.#files.path(index);
    if (this.#sizes[2 * index] === 0) {
      const { width, height } = await readSize(path);
      this.#sizes.set([width, height], 2 * index);
    }
    const box = randomBox(this.#sizes[2 * index]!, this.#sizes[2 * index + 1]!, smallest, stream);
    try {
      return await decodePart(path, box, this.#format);
    } catch (error) {
      // The file may have been replaced by one of another size, or will be.
      this.#sizes.fill(0, 2 * index, 2 * index + 2);
      throw error;
    }
  }
}

/**
 * Returns a random part of an image, as torchvision's RandomResizedCrop does: its area a share from `smallest` to 1,
 * its ratio from 3:4 to 4:3. If none of those drawn fits, the largest part in the middle with such a ratio.
 */
export function randomBox(width: number, height: number, smallest: number, stream: RandomStream): Box {
  for (let tried = 0; tried < TRIES; tried++) {
    const area = width * height * (smallest + stream.next() * (1 - smallest));
    const ratio = Math.exp((2 * stream.next() - 1) * LOG_RATIO);
    const [wide, high] = [Math.round(Math.sqrt(area * ratio)), Math.round(Math.sqrt(area / ratio))];
    if (wide < 1 || high < 1 || wide > width || high > height) continue;
    return {
      left: stream.integer(width - wide + 1),
      top: stream.integer(height - high + 1),
      width: wide,
      height: high,
    };
  }
  const wide = Math.min(width, Math.round((height * 4) / 3));
  const high = Math.min(height, Math.round((width * 4) / 3));
  return { left: Math.floor((width - wide) / 2), top: Math.floor((height - high) / 2), width: wide, height: high };
}
