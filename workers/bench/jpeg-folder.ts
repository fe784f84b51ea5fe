/**
 * JPEG files that are made up, in a folder for each class, as ImageNet has them.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { randomStream } from '../../workflows/algorithm/index.ts';
import { inParallel } from '../../workflows/population/in-parallel.ts';

const CLASSES = 10;
const QUALITY = 90;
const AT_ONCE = 4;
/** Pixels for which an image has one random colour of its own, before it is made smooth. */
const PATCH = 8;

/** What files to write. */
export interface JpegFolder {
  readonly count: number;
  /** Size of each, in pixels. */
  readonly width: number;
  readonly height: number;
}

/** Writes the files, gives the folder to `use`, and removes it. */
export async function withJpegFolder<Result>(
  { count, width, height }: JpegFolder,
  use: (folder: string) => Promise<Result>,
): Promise<Result> {
  const folder = mkdtempSync(join(tmpdir(), 'fire-pbt-jpegs-'));
  try {
    for (let label = 0; label < CLASSES; label++) mkdirSync(join(folder, `class-${label}`));
    const indices = Array.from({ length: count }, (_, index) => index);
    await inParallel(AT_ONCE, indices, async (index) => {
      const bytes = await encode(index, width, height);
      writeFileSync(join(folder, `class-${index % CLASSES}`, `${index}.jpg`), bytes);
    });
    return await use(folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Returns an image of smooth random colours: about as many bytes a pixel as a photograph has. */
async function encode(index: number, width: number, height: number): Promise<Uint8Array> {
  const stream = randomStream(0, 'jpegs', index);
  const [wide, high] = [Math.ceil(width / PATCH), Math.ceil(height / PATCH)];
  const colours = Uint8Array.from({ length: wide * high * 3 }, () => stream.integer(256));
  return sharp(colours, { raw: { width: wide, height: high, channels: 3 } })
    .resize({ width, height, fit: 'fill' })
    .jpeg({ quality: QUALITY })
    .toBuffer();
}
