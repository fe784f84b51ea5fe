/**
 * Standardises images: each channel by the mean and the standard deviation that it has over the training images.
 */
import type { LabelledImages, Normalisation } from './data-set.ts';

const BYTE_VALUES = 256;
const HIGHEST_BYTE = 255;

/** A pixel's standardised value is `value · scale + offset`, one of each a channel, in single precision. */
export interface Standardisation {
  readonly scale: Float32Array;
  readonly offset: Float32Array;
}

/**
 * Returns mean and standard deviation of each channel over the images with these indices. Those of bytes are exact
 * before they are rounded to a double, so they depend on no order. A channel that does not vary has the deviation 1.
 */
export function measureNormalisation(
  { pixels, count }: LabelledImages,
  channels: number,
  indices: Uint32Array,
): Normalisation {
  const size = pixels.length / count;
  const measured = Array.from({ length: channels }, (_, channel) =>
    pixels instanceof Uint8Array
      ? momentsOfBytes(pixels, size, channels, channel, indices)
      : momentsOfFloats(pixels, size, channels, channel, indices),
  );
  return {
    mean: measured.map(({ mean }) => mean),
    deviation: measured.map(({ deviation }) => (deviation === 0 ? 1 : deviation)),
  };
}

/** Returns what is done to each pixel, as it is stored: bytes count as parts of 255. */
export function standardisationOf(
  { mean, deviation }: Normalisation,
  pixels: LabelledImages['pixels'],
): Standardisation {
  const unit = pixels instanceof Uint8Array ? HIGHEST_BYTE : 1;
  return {
    scale: Float32Array.from(deviation, (value) => 1 / (unit * value)),
    offset: Float32Array.from(mean, (value, channel) => -value / deviation[channel]!),
  };
}

interface Moments {
  readonly mean: number;
  readonly deviation: number;
}

function momentsOfBytes(
  pixels: Uint8Array,
  size: number,
  channels: number,
  channel: number,
  indices: Uint32Array,
): Moments {
  const times = new Float64Array(BYTE_VALUES);
  for (const index of indices) {
    for (let at = index * size + channel; at < (index + 1) * size; at += channels) times[pixels[at]!]!++;
  }
  let [count, sum, squares] = [0n, 0n, 0n];
  times.forEach((often, byte) => {
    count += BigInt(often);
    sum += BigInt(often) * BigInt(byte);
    squares += BigInt(often) * BigInt(byte * byte);
  });
  return {
    mean: Number(sum) / (HIGHEST_BYTE * Number(count)),
    deviation: Math.sqrt(Number(count * squares - sum * sum)) / (HIGHEST_BYTE * Number(count)),
  };
}

/** In two passes, so that a large mean does not swallow a small deviation. */
function momentsOfFloats(
  pixels: Float32Array,
  size: number,
  channels: number,
  channel: number,
  indices: Uint32Array,
): Moments {
  const count = (indices.length * size) / channels;
  const sumOf = (term: (value: number) => number): number => {
    let sum = 0;
    for (const index of indices) {
      for (let at = index * size + channel; at < (index + 1) * size; at += channels) sum += term(pixels[at]!);
    }
    return sum;
  };
  const mean = sumOf((value) => value) / count;
  return { mean, deviation: Math.sqrt(sumOf((value) => (value - mean) * (value - mean)) / count) };
}
