/**
 * Decodes image files, in threads of their own: JPEG, PNG and WebP of any size and any colours.
 */
import { readFile } from 'node:fs/promises';
import sharp, { type Sharp } from 'sharp';

/** What images become. */
export interface ImageFormat {
  /** Side of the square, in pixels. */
  readonly size: number;
  /** Length that the shorter side is scaled to before the square in the middle is cut; default: `size`. */
  readonly shorterSide?: number | undefined;
  readonly colour: 'rgb' | 'grey';
}

/** Part of an image, in its pixels. */
export interface Box {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
}

/** As torchvision's transforms do by default, and cheaper than others; averages where an image gets smaller. */
const KERNEL = 'linear';

// Each image is decoded by one of Node's threads, and once: another thread for its parts, or a cache, only costs.
sharp.concurrency(1);
sharp.cache(false);

/** Returns the square in the middle of an image: [size, size, C] bytes. */
export async function decodeSquare(path: string, format: ImageFormat): Promise<Uint8Array> {
  const { size, shorterSide = size } = format;
  const around = Math.floor((shorterSide - size) / 2);
  return decode(path, (image) => {
    const scaled = image.resize({ width: shorterSide, height: shorterSide, fit: 'cover', kernel: KERNEL });
    const square =
      shorterSide === size ? scaled : scaled.extract({ left: around, top: around, width: size, height: size });
    return pixelsOf(square, format);
  });
}

/** Returns a part of an image, scaled to the square: [size, size, C] bytes. */
export async function decodePart(path: string, box: Box, format: ImageFormat): Promise<Uint8Array> {
  const { size } = format;
  return decode(path, (image) =>
    pixelsOf(image.extract({ ...box }).resize({ width: size, height: size, fit: 'fill', kernel: KERNEL }), format),
  );
}

/** Returns the size of an image, from the beginning of its file. */
export async function readSize(path: string): Promise<{ readonly width: number; readonly height: number }> {
  const { width, height } = await decode(path, (image) => image.metadata());
  return { width, height };
}

function pixelsOf(image: Sharp, { colour }: ImageFormat): Promise<Uint8Array> {
  return image
    .toColourspace(colour === 'rgb' ? 'srgb' : 'b-w')
    .removeAlpha()
    .raw({ depth: 'uchar' })
    .toBuffer();
}

/**
 * Uses an image. The file is read where it is decoded. If that fails, it is read here first, which tells a broken image
 * from a machine in trouble.
 */
async function decode<Result>(path: string, use: (image: Sharp) => Promise<Result>): Promise<Result> {
  const options = { failOn: 'warning' } as const;
  try {
    return await use(sharp(path, options));
  } catch {
    return use(sharp(await readFile(path), options));
  }
}
