/**
 * The networks that can be trained, as lists of layers from an image to one logit a class.
 */
import { convolution, dense, flatten, type Layer } from './layers.ts';
import type { ImageClassification } from './settings.ts';

export type Model = ImageClassification['model'];

/** Height, width, channels. */
export type ImageShape = readonly [number, number, number];

/**
 * Returns a model's layers. Parameters are named by layer: `convolution-0/kernel`, `hidden-0/bias`, `output/kernel`.
 */
export function layersOf(model: Model, batchSize: number, image: ImageShape, classes: number): readonly Layer[] {
  switch (model.kind) {
    case 'perceptron':
      return denseStack(image, model.hidden, classes);
    case 'convolutional': {
      let shape = image;
      const convolutions = model.filters.map((filters, index) => {
        const layer = convolution(`convolution-${index}`, batchSize, shape, filters);
        shape = [Math.floor(shape[0] / 2), Math.floor(shape[1] / 2), filters];
        return layer;
      });
      return [...convolutions, ...denseStack(shape, [model.dense], classes)];
    }
    default:
      return model satisfies never;
  }
}

function denseStack(input: readonly number[], hidden: readonly number[], classes: number): readonly Layer[] {
  const features = input.reduce((product, size) => product * size, 1);
  const widths = [features, ...hidden];
  return [
    flatten(input),
    ...hidden.map((units, index) => dense(`hidden-${index}`, widths[index]!, units, true)),
    dense('output', widths[hidden.length]!, classes, false),
  ];
}
