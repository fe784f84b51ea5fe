/**
 * Small data files that tests write: real ones, in a folder of their own.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after } from 'node:test';
import { randomStream } from '../../../../workflows/algorithm/index.ts';

/** Makes a folder that goes when the tests around the call are over. */
export function dataFolder(): {
  readonly path: string;
  readonly write: (name: string, content: string | Uint8Array) => string;
} {
  const path = mkdtempSync(join(tmpdir(), 'fire-pbt-data-'));
  after(() => rmSync(path, { recursive: true, force: true }));
  return {
    path,
    write: (name, content) => {
      writeFileSync(join(path, name), content);
      return join(path, name);
    },
  };
}

/** Returns an IDX file of unsigned bytes. */
export function idxFile(shape: readonly number[], values: ArrayLike<number>): Uint8Array {
  const header = new DataView(new ArrayBuffer(4 + 4 * shape.length));
  header.setUint32(0, 0x0800 | shape.length);
  shape.forEach((size, dimension) => header.setUint32(4 + 4 * dimension, size));
  return Buffer.concat([new Uint8Array(header.buffer), Uint8Array.from(values)]);
}

/** Labels in turn, and images of noise with bright stripes, in another place for each class. */
export function stripedImages(
  count: number,
  size: number,
  classes: number,
): { readonly pixels: Uint8Array; readonly labels: Uint8Array } {
  const stream = randomStream(1, 'striped images');
  const labels = Uint8Array.from({ length: count }, (_, image) => image % classes);
  const stripe = Math.max(1, Math.floor(size / (4 * classes)));
  const isBright = (at: number): boolean =>
    Math.floor((at % size) / stripe) % classes === labels[Math.floor(at / size)];
  return {
    labels,
    pixels: Uint8Array.from({ length: count * size }, (_, at) => stream.integer(150) + (isBright(at) ? 100 : 0)),
  };
}

/** Returns a file of CIFAR's records: labels, then a plane of each colour. */
export function cifarFile(
  records: readonly { readonly labels: readonly number[]; readonly planes: Uint8Array }[],
): Uint8Array {
  return Buffer.concat(records.flatMap(({ labels, planes }) => [Uint8Array.from(labels), planes]));
}
