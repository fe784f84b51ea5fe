/**
 * About how large a checkpoint of image classification is: what a plan says before anything is trained.
 */
import type { ImageShape } from '../datasets/data-set.ts';
import { classesIn, squareShape } from '../datasets/image-files.ts';
import { FASHION_MNIST_CLASSES, FASHION_MNIST_IMAGE } from '../datasets/fashion-mnist.ts';
import { networkBytes } from '../networks/checkpoint-size.ts';
import { networkOf } from './models.ts';
import type { ImageClassification } from './settings.ts';

const CIFAR_IMAGE: ImageShape = [32, 32, 3];

/** Returns about how many bytes one checkpoint has; null if only the contents of files say how large images are. */
export function estimateCheckpointBytes({ dataset, model, optimizer }: ImageClassification): number | null {
  const shape = shapeOf(dataset);
  return shape && networkBytes(networkOf(model, 'relu', shape.image, shape.classes), optimizer);
}

function shapeOf(
  dataset: ImageClassification['dataset'],
): { readonly image: ImageShape; readonly classes: number } | null {
  if (dataset === 'fashion-mnist') return { image: FASHION_MNIST_IMAGE, classes: FASHION_MNIST_CLASSES };
  if (dataset.kind === 'cifar-10') return { image: CIFAR_IMAGE, classes: 10 };
  if (dataset.kind === 'cifar-100') return { image: CIFAR_IMAGE, classes: dataset.labels === 'fine' ? 100 : 20 };
  if (dataset.kind !== 'folder') return null;
  try {
    return { image: squareShape(dataset), classes: classesIn(dataset.train).length };
  } catch {
    // A description says why (check-images.ts).
    return null;
  }
}
