/**
 * Measures how many images a second are decoded and cropped for training, compared with torchvision.
 */
import { spawnSync } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { loaderArguments, moduleFile } from '../processes/places.mjs';
import { median } from './cpu-time.ts';
import { withJpegFolder } from './jpeg-folder.ts';
import { hasPytorch, measurePytorch } from './python.ts';

/** As large as those of ImageNet are on average. */
const IMAGES = { count: 1280, width: 500, height: 375 } as const;
const BATCH_SIZE = 32;

/**
 * Prints images a second: random parts of JPEG files, scaled to 224², with as many decoding threads here as processes
 * of PyTorch's DataLoader. Mirroring is left out of both: here, the training step does it. Both take turns for so many
 * rounds (odd), so a busy machine slows down both.
 */
export async function benchImages(python: string, rounds: number): Promise<void> {
  const threads = availableParallelism();
  const hasTorchvision = hasPytorch(python, 'torchvision');
  const measured = await withJpegFolder(IMAGES, (folder) => {
    const turns = Array.from({ length: rounds }, () => ({
      ours: measureHere(folder, threads),
      theirs: hasTorchvision ? measurePytorch(python, 'pytorch_images.py', [folder, BATCH_SIZE, threads]) : NaN,
    }));
    return Promise.resolve(turns);
  });
  const figures = [median(measured.map(({ ours }) => ours)), median(measured.map(({ theirs }) => theirs))];
  const cells = figures.map((value) => (Number.isNaN(value) ? '–' : value.toFixed(0)).padStart(12));
  const ratio = median(measured.map(({ ours, theirs }) => ours / theirs));
  console.log('Images per second, threads       fire-pbt  torchvision  fire-pbt : torchvision');
  const title = `${IMAGES.width} × ${IMAGES.height} to 224², ${threads}`.padEnd(29);
  console.log(`${title}${cells.join(' ')}  ${hasTorchvision ? ratio.toFixed(2) : '–'}`);
}

/** Decodes in a process of its own: Node learns at its start how many threads it has. */
function measureHere(folder: string, threads: number): number {
  const command = [...loaderArguments(), moduleFile('workers/bench/decode-images.ts'), folder, String(BATCH_SIZE)];
  const env = { ...process.env, UV_THREADPOOL_SIZE: String(threads) };
  const { status, stdout, stderr } = spawnSync(process.execPath, command, { encoding: 'utf8', env });
  if (status !== 0) throw new Error(`Cannot measure the decoding of images: ${stderr}`);
  return Number(stdout);
}
