/**
 * Random changes of training images: every step sees another part of an image, moved or mirrored. Shapes: B images of
 * H × W pixels with C channels.
 */
import type * as Tfjs from '@tensorflow/tfjs-node-gpu';
import type { HyperparameterDefinition } from '../../contracts/task.ts';
import type { Rate } from '../tensorflow/optimizers.ts';
import { split, uniform } from '../tensorflow/random.ts';

type Tf = typeof Tfjs;

/** Natural logarithm of the most that a part is wider than high, or higher than wide: 4/3 (arXiv 1409.4842). */
const LOG_RATIO = 0.28768207245178085;

/** What is done to training images; nothing of it: undefined or false. */
export interface Augmentation {
  /** Mirrors half of the images, left to right. */
  readonly flip: boolean;
  /** Share of the side by which an image is moved at most. */
  readonly shift: Rate | undefined;
  /** Smallest share of its area that is seen. */
  readonly smallestCrop: Rate | undefined;
}

/** Hyperparameters of the augmentation. */
export const AUGMENTATION: readonly HyperparameterDefinition[] = [
  {
    kind: 'number',
    name: 'shift',
    description:
      'Share of the side by which training images are moved at random, at most, in each direction. Without it: none.',
    minimum: 0,
    maximum: 0.5,
    optional: true,
  },
  {
    kind: 'number',
    name: 'smallestCrop',
    description:
      'Smallest share of its area that training sees of an image: a random part, scaled to the whole. Without it: all.',
    above: 0,
    maximum: 1,
    optional: true,
  },
];

/** Returns whether training images are changed at all. */
export function augments({ flip, shift, smallestCrop }: Augmentation): boolean {
  return flip || shift !== undefined || smallestCrop !== undefined;
}

/**
 * Returns standardised images [B, H, W, C] as training sees them, of the same shape. The key determines what is done.
 * What moves in from outside an image is 0, the mean.
 */
export function augment(tf: Tf, images: Tfjs.Tensor, augmentation: Augmentation, key: Tfjs.Tensor1D): Tfjs.Tensor {
  const [count, height, width] = images.shape as [number, number, number, number];
  const { flip, shift, smallestCrop } = augmentation;
  const keys = split(tf, key, 7);
  const drawn = (index: number): Tfjs.Tensor => uniform(tf, keys[index]!, [count]);
  let rows: Span = { first: tf.zeros([count]), last: tf.ones([count]) };
  let columns = rows;
  if (smallestCrop !== undefined) {
    const area = drawn(0).mul(tf.sub(1, smallestCrop)).add(smallestCrop);
    const ratio = drawn(1)
      .mul(2 * LOG_RATIO)
      .sub(LOG_RATIO)
      .exp();
    const wide = area.mul(ratio).sqrt();
    const high = area.div(ratio).sqrt();
    // A side that does not fit is the whole side; the area stays.
    rows = placed(tf, within(tf, high, wide, area), drawn(2));
    columns = placed(tf, within(tf, wide, high, area), drawn(3));
  }
  if (shift !== undefined) {
    rows = moved(tf, rows, height, shift, drawn(4));
    columns = moved(tf, columns, width, shift, drawn(5));
  }
  if (flip) {
    const isMirrored = drawn(6).less(0.5);
    columns = {
      first: tf.where(isMirrored, columns.last, columns.first),
      last: tf.where(isMirrored, columns.first, columns.last),
    };
  }
  const boxes = tf.stack([rows.first, columns.first, rows.last, columns.last], 1) as Tfjs.Tensor2D;
  const own = tf.range(0, count, 1, 'int32');
  return tf.image.cropAndResize(images as Tfjs.Tensor4D, boxes, own, [height, width], 'bilinear', 0);
}

/** From the middle of the first pixel that is seen to that of the last: [B] each, 0 and 1 for the whole side. */
interface Span {
  readonly first: Tfjs.Tensor;
  readonly last: Tfjs.Tensor;
}

function within(tf: Tf, side: Tfjs.Tensor, other: Tfjs.Tensor, area: Tfjs.Tensor): Tfjs.Tensor {
  return tf.where(side.greater(1), tf.onesLike(side), tf.where(other.greater(1), area, side));
}

function placed(tf: Tf, side: Tfjs.Tensor, drawn: Tfjs.Tensor): Span {
  const first = drawn.mul(tf.sub(1, side));
  return { first, last: first.add(side) };
}

/** Moves by whole pixels. */
function moved(tf: Tf, { first, last }: Span, pixels: number, shift: Rate, drawn: Tfjs.Tensor): Span {
  const most = tf.mul(shift, pixels);
  const by = drawn
    .mul(2)
    .sub(1)
    .mul(most)
    .round()
    .div(Math.max(1, pixels - 1));
  return { first: first.add(by), last: last.add(by) };
}
