/**
 * About how large a checkpoint of image classification is: what a plan says before anything is trained.
 */
import type { ImageClassification } from './settings.ts';

const FLOAT_BYTES = 4;
/** Of a tensor's entry in a checkpoint's header. */
const TENSOR_HEADER_BYTES = 100;
const CLASSES = 10;
const IMAGE_SIDE = 28;
const KERNEL_VALUES = 9;

/** Returns about how many bytes one checkpoint has: weights, as much again for each optimiser slot, and the header. */
export function estimateCheckpointBytes({ model, optimizer }: ImageClassification): number {
  const copies = 1 + (optimizer === 'adam' ? 2 : 1);
  const tensors = 2 * (model.kind === 'perceptron' ? model.hidden.length + 1 : model.filters.length + 2);
  return copies * (parameterCount(model) * FLOAT_BYTES + tensors * TENSOR_HEADER_BYTES);
}

/** Returns how many numbers a model learns: kernels and biases. */
export function parameterCount(model: ImageClassification['model']): number {
  if (model.kind === 'perceptron') return denseParameters([IMAGE_SIDE * IMAGE_SIDE, ...model.hidden, CLASSES]);
  let side = IMAGE_SIDE;
  let channels = 1;
  let convolutions = 0;
  for (const filters of model.filters) {
    convolutions += (KERNEL_VALUES * channels + 1) * filters;
    channels = filters;
    side = Math.floor(side / 2);
  }
  return convolutions + denseParameters([side * side * channels, model.dense, CLASSES]);
}

function denseParameters(widths: readonly number[]): number {
  return widths.slice(1).reduce((sum, width, index) => sum + ((widths[index] ?? 0) + 1) * width, 0);
}
