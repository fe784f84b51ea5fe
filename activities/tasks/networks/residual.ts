/**
 * Residual networks (He et al., arXiv 1512.03385) for images, as Goyal et al. (arXiv 1706.02677) train them: a
 * bottleneck block strides in its 3×3 convolution (version 1.5), and the last scale of each block begins at 0, so that
 * a block begins as the identity.
 *
 * Padding is that of PyTorch: zeros on all four sides. Shapes as in layers.ts.
 */
import type * as Tfjs from '@tensorflow/tfjs-node-gpu';
import { conv2d } from '../tensorflow/kernels.ts';
import { activate, type Activation } from './activations.ts';
import {
  activation,
  batchNormalisation,
  dense,
  type ExportedLayer,
  type Layer,
  type LayerTraining,
  type Parameter,
} from './layers.ts';

export const RESIDUAL_DEPTHS = [18, 34, 50] as const;

export interface ResidualNetwork {
  /** Layers with a kernel on the longest way, as in ResNet-50. */
  readonly depth: (typeof RESIDUAL_DEPTHS)[number];
  /** Filters of the first stage; each of the three others has twice as many as the one before it. */
  readonly width: number;
  /** `imagenet`: 7×7 convolution with stride 2, then 3×3 max pooling with stride 2. `small`: 3×3 convolution. */
  readonly stem: 'imagenet' | 'small';
}

/** Blocks of each stage. */
const STAGES: Readonly<Record<ResidualNetwork['depth'], readonly number[]>> = {
  18: [2, 2, 2, 2],
  34: [3, 4, 6, 3],
  50: [3, 4, 6, 3],
};
/** A bottleneck has so many times more filters outside than inside. */
const EXPANSION = 4;
const EPSILON = 1e-5;
/** Of the last layer's kernel. */
const OUTPUT_DEVIATION = 0.01;

/** Returns the layers from images with so many channels to one logit a class. */
export function residualLayers(
  { depth, width, stem }: ResidualNetwork,
  channels: number,
  classes: number,
  activationName: Activation,
): Layer[] {
  const block = depth === 50 ? bottleneckBlock : basicBlock;
  const expansion = depth === 50 ? EXPANSION : 1;
  let inputs = width;
  const blocks = STAGES[depth].flatMap((count, stage) =>
    Array.from({ length: count }, (_, index) => {
      const filters = width * 2 ** stage;
      const layer = block(`stage-${stage}-block-${index}`, {
        inputs,
        filters,
        outputs: expansion * filters,
        strides: stage > 0 && index === 0 ? 2 : 1,
        activationName,
      });
      inputs = expansion * filters;
      return layer;
    }),
  );
  return [
    ...(stem === 'imagenet'
      ? imagenetStem(channels, width, activationName)
      : smallStem(channels, width, activationName)),
    ...blocks,
    averagePooling(),
    dense('output', inputs, classes, { deviation: OUTPUT_DEVIATION }),
  ];
}

function imagenetStem(channels: number, width: number, activationName: Activation): Layer[] {
  return [
    ...normalisedConvolution('stem', { inputs: channels, outputs: width, size: 7, strides: 2 }),
    activation('stem', activationName),
    maxPooling('stem'),
  ];
}

function smallStem(channels: number, width: number, activationName: Activation): Layer[] {
  return [
    ...normalisedConvolution('stem', { inputs: channels, outputs: width, size: 3, strides: 1 }),
    activation('stem', activationName),
  ];
}

interface Block {
  readonly inputs: number;
  /** Inside. */
  readonly filters: number;
  readonly outputs: number;
  readonly strides: number;
  readonly activationName: Activation;
}

function basicBlock(name: string, block: Block): Layer {
  const { inputs, filters, outputs, strides, activationName } = block;
  return residualBlock(name, block, [
    ...normalisedConvolution(`${name}-convolution-0`, { inputs, outputs: filters, size: 3, strides }),
    activation(`${name}-convolution-0`, activationName),
    ...normalisedConvolution(`${name}-convolution-1`, { inputs: filters, outputs, size: 3, strides: 1, scale: 0 }),
  ]);
}

function bottleneckBlock(name: string, block: Block): Layer {
  const { inputs, filters, outputs, strides, activationName } = block;
  return residualBlock(name, block, [
    ...normalisedConvolution(`${name}-convolution-0`, { inputs, outputs: filters, size: 1, strides: 1 }),
    activation(`${name}-convolution-0`, activationName),
    ...normalisedConvolution(`${name}-convolution-1`, { inputs: filters, outputs: filters, size: 3, strides }),
    activation(`${name}-convolution-1`, activationName),
    ...normalisedConvolution(`${name}-convolution-2`, { inputs: filters, outputs, size: 1, strides: 1, scale: 0 }),
  ]);
}

/** Adds the input to what `main` makes of it, projected by a 1×1 convolution if their shapes differ, and activates. */
function residualBlock(name: string, block: Block, main: readonly Layer[]): Layer {
  const { inputs, outputs, strides, activationName } = block;
  const shortcut =
    strides === 1 && inputs === outputs
      ? []
      : normalisedConvolution(`${name}-shortcut`, { inputs, outputs, size: 1, strides });
  const layers = [...main, ...shortcut];
  const mainParameters = parametersOf(main).length;
  return {
    parameters: parametersOf(layers),
    isRandom: false,
    apply: (tf, input, variables, training) => {
      const direct = applyAll(tf, main, input, variables.slice(0, mainParameters), training);
      const skipped = applyAll(tf, shortcut, input, variables.slice(mainParameters), training);
      return activate(tf, direct.add(skipped), activationName);
    },
    exported: [
      { type: 'sum', name: `${name}-sum`, chains: [exportedOf(main), exportedOf(shortcut)] },
      ...activation(name, activationName).exported,
    ],
  };
}

interface Convolution {
  readonly inputs: number;
  readonly outputs: number;
  readonly size: number;
  readonly strides: number;
  /** What the scales of the normalisation begin as. */
  readonly scale?: number;
}

function normalisedConvolution(name: string, { scale = 1, ...convolution }: Convolution): Layer[] {
  return [
    paddedConvolution(name, convolution),
    batchNormalisation(name, convolution.outputs, { epsilon: EPSILON, scale }),
  ];
}

/**
 * [B, H, W, C] to [B, ⌈H/s⌉, ⌈W/s⌉, D], s being the strides: convolution without bias. He initialisation by the outputs
 * that one input reaches, as in torchvision.
 */
function paddedConvolution(name: string, { inputs, outputs, size, strides }: Omit<Convolution, 'scale'>): Layer {
  const around = (size - 1) / 2;
  const padding = strides === 1 ? 'same' : around === 0 ? 'valid' : around;
  const deviation = Math.sqrt(2 / (size * size * outputs));
  return {
    parameters: [
      { name: `${name}/kernel`, shape: [size, size, inputs, outputs], initial: { deviation }, isTrained: true },
    ],
    isRandom: false,
    apply: (tf, input, [kernel]) => conv2d(tf, input, kernel!, { strides, padding }),
    exported: [
      ...(typeof padding === 'number' ? zeroPadding(name, padding) : []),
      {
        type: 'conv2d',
        config: {
          name,
          filters: outputs,
          kernelSize: size,
          strides,
          padding: typeof padding === 'number' ? 'valid' : padding,
          useBias: false,
        },
      },
    ],
  };
}

function zeroPadding(name: string, sides: number): ExportedLayer[] {
  return [
    {
      type: 'zeroPadding2d',
      config: {
        name: `${name}-padding`,
        padding: [
          [sides, sides],
          [sides, sides],
        ],
      },
    },
  ];
}

/** [B, H, W, C] to [B, ⌈H/2⌉, ⌈W/2⌉, C]: 3×3 max pooling with stride 2. What is beyond the edges counts as 0. */
function maxPooling(name: string): Layer {
  return {
    parameters: [],
    isRandom: false,
    apply: (tf, input) => {
      const padded = tf.pad(input as Tfjs.Tensor4D, [
        [0, 0],
        [1, 1],
        [1, 1],
        [0, 0],
      ]);
      return tf.maxPool(padded, 3, 2, 'valid');
    },
    exported: [
      ...zeroPadding(`${name}-pooling`, 1),
      { type: 'maxPooling2d', config: { name: `${name}-pooling`, poolSize: 3, strides: 2, padding: 'valid' } },
    ],
  };
}

/** [B, H, W, C] to [B, C]: the mean over all places. */
function averagePooling(): Layer {
  return {
    parameters: [],
    isRandom: false,
    apply: (_, input) => input.mean([1, 2]),
    exported: [{ type: 'globalAveragePooling2d', config: { name: 'average-pooling' } }],
  };
}

function applyAll(
  tf: typeof Tfjs,
  layers: readonly Layer[],
  input: Tfjs.Tensor,
  variables: readonly Tfjs.Variable[],
  training: LayerTraining | undefined,
): Tfjs.Tensor {
  let first = 0;
  return layers.reduce((value, layer) => {
    const own = variables.slice(first, (first += layer.parameters.length));
    return layer.apply(tf, value, own, training);
  }, input);
}

function parametersOf(layers: readonly Layer[]): Parameter[] {
  return layers.flatMap(({ parameters }) => parameters);
}

function exportedOf(layers: readonly Layer[]): ExportedLayer[] {
  return layers.flatMap(({ exported }) => exported);
}
