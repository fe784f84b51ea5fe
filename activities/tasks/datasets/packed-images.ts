/**
 * Images beside each other in one array of bytes.
 */
import type { ByteImages } from './data-set.ts';

/**
 * Returns the images at these places of the array, one after the other, with their labels. They are moved in the array
 * itself, the first one first: so a place must not be named after another image was moved there.
 */
export function packImages(
  pixels: Uint8Array,
  imageBytes: number,
  places: readonly number[],
  labelAt: (place: number) => number,
): ByteImages {
  places.forEach((from, to) => {
    if (from !== to) pixels.copyWithin(to * imageBytes, from * imageBytes, (from + 1) * imageBytes);
  });
  const bytes = places.length * imageBytes;
  return {
    count: places.length,
    pixels: bytes < pixels.length ? pixels.slice(0, bytes) : pixels,
    labels: Int32Array.from(places, labelAt),
  };
}
