/**
 * The networks that can be trained, as layers from a standardised image to one logit a class.
 */
import { isMonotone, type Activation } from '../networks/activations.ts';
import { denseLayers } from '../networks/dense-layers.ts';
import {
  activation,
  batchNormalisation,
  convolution,
  pooledConvolution,
  pooling,
  type Layer,
} from '../networks/layers.ts';
import { Network } from '../networks/network.ts';
import { residualLayers } from '../networks/residual.ts';
import type { ImageShape } from '../datasets/data-set.ts';
import type { ImageClassification } from './settings.ts';

export type Model = ImageClassification['model'];

/**
 * Returns a model's network. Variables are named by layer: `convolution-0/kernel`, `hidden-0/bias`, `output/kernel`.
 */
export function networkOf(model: Model, activationName: Activation, image: ImageShape, classes: number): Network {
  switch (model.kind) {
    case 'perceptron':
      return new Network(denseLayers(image, model.hidden, classes, activationName, model.batchNormalisation));
    case 'convolutional': {
      let shape = image;
      const convolutions = model.filters.flatMap((filters, index) => {
        const [height, width, channels] = shape;
        shape = [Math.floor(height / 2), Math.floor(width / 2), filters];
        return convolutionLayers(`convolution-${index}`, channels, filters, activationName, model.batchNormalisation);
      });
      return new Network([
        ...convolutions,
        ...denseLayers(shape, [model.dense], classes, activationName, model.batchNormalisation),
      ]);
    }
    case 'resnet':
      return new Network(residualLayers(model, image[2], classes, activationName));
    default:
      return model satisfies never;
  }
}

/** Values of an image that are measured at once, in a residual network: its activations take hundreds of times more. */
const RESIDUAL_VALUES_AT_ONCE = 2 ** 22;

/** Returns how many images are measured in one native call: that bounds what activations take. */
export function measuredAtOnce({ kind }: Model, image: ImageShape): number {
  switch (kind) {
    case 'perceptron':
      return 10_000;
    case 'convolutional':
      return 500;
    case 'resnet':
      return Math.max(1, Math.min(500, Math.floor(RESIDUAL_VALUES_AT_ONCE / (image[0] * image[1] * image[2]))));
    default:
      return kind satisfies never;
  }
}

function convolutionLayers(
  name: string,
  channels: number,
  filters: number,
  activationName: Activation,
  isNormalised: boolean,
): Layer[] {
  if (!isNormalised && isMonotone(activationName)) return [pooledConvolution(name, channels, filters, activationName)];
  return [
    convolution(name, channels, filters, !isNormalised),
    ...(isNormalised ? [batchNormalisation(name, filters)] : []),
    activation(name, activationName),
    pooling(name),
  ];
}
