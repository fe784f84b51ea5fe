/**
 * Prints the images a second that are decoded and cropped as while a network trains, by all threads that Node has.
 *
 * decode-images.ts FOLDER BATCH: an epoch of the images in the folder, after one that reads how large they are.
 */
import { openImageFolder } from '../../activities/tasks/datasets/image-folder.ts';
import { BatchOrder } from '../../activities/tasks/datasets/split.ts';
import { MadeAhead } from '../../activities/tasks/tensorflow/made-ahead.ts';
import { MOST_AHEAD } from '../../activities/tasks/tensorflow/row-streams.ts';
import { randomStream } from '../../workflows/algorithm/index.ts';

const [, , folder = '', batch = ''] = process.argv;
const batchSize = Number(batch);
const images = await openImageFolder({
  train: folder,
  size: 224,
  colour: 'rgb',
  broken: 'refuse',
  cropFrom: 'original',
  memory: 0,
});
if (!('streamed' in images)) throw new Error('Expected originals to be streamed');
const { streamed } = images;
const rows = Uint32Array.from({ length: streamed.count }, (_, row) => row);
const order = new BatchOrder(0, 'bench', rows, batchSize);
const ahead = new MadeAhead(
  (step) =>
    streamed.batch(order.batches(step, step + 1), {
      smallest: 0.08,
      stream: (place) => randomStream(0, 'crops', step, place),
    }),
  MOST_AHEAD,
);
const steps = Math.floor(streamed.count / batchSize);
await take(0, steps);
const before = performance.now();
const count = await take(steps, 2 * steps);
console.log((1000 * count) / (performance.now() - before));

async function take(fromStep: number, toStep: number): Promise<number> {
  let taken = 0;
  for (let step = fromStep; step < toStep; step++) taken += (await ahead.take(step)).count;
  return taken;
}
