/**
 * Layers one after the other: their variables, how they begin, what they answer.
 */
import type * as Tfjs from '@tensorflow/tfjs-node-gpu';
import type { RandomStream } from '../../../workflows/algorithm/index.ts';
import { normalTensor } from '../tensorflow/initial-values.ts';
import type { Parameters, Rate } from '../tensorflow/optimizers.ts';
import { split } from '../tensorflow/random.ts';
import type { ExportedLayer, Layer, Parameter } from './layers.ts';

type Tf = typeof Tfjs;

/** What a step gives the layers. */
export interface Training {
  /** A rate of 0 to below 1; undefined: nothing is dropped. */
  readonly dropout: Rate | undefined;
  /** Random key of the step. */
  readonly key: Tfjs.Tensor1D;
}

export class Network {
  readonly layers: readonly Layer[];

  constructor(layers: readonly Layer[]) {
    this.layers = layers;
  }

  /** Variables in the order of the layers. */
  get parameters(): readonly Parameter[] {
    return this.layers.flatMap(({ parameters }) => parameters);
  }

  /** The same in TensorFlow.js's terms. */
  get exported(): readonly ExportedLayer[] {
    return this.layers.flatMap(({ exported }) => exported);
  }

  /** Makes all variables, each from a stream of its own. */
  variables(tf: Tf, stream: (name: string) => RandomStream): Parameters {
    const entries = this.parameters.map(({ name, shape, initial, isTrained }) => {
      const values =
        'value' in initial
          ? tf.fill([...shape], initial.value, 'float32')
          : normalTensor(tf, stream(name), shape, initial.deviation);
      return [name, tf.variable(values, isTrained)] as const;
    });
    return Object.fromEntries(entries);
  }

  /** Returns those of the variables that are trained. */
  trained(variables: Parameters): Parameters {
    const names = this.parameters.filter(({ isTrained }) => isTrained).map(({ name }) => name);
    return Object.fromEntries(names.map((name) => [name, variables[name]!]));
  }

  /** Returns the last layer's output: in training if `training` is given, else as it answers. */
  apply(tf: Tf, input: Tfjs.Tensor, variables: Parameters, training?: Training): Tfjs.Tensor {
    const random = this.layers.filter(({ isRandom }) => isRandom);
    const drops = training?.dropout !== undefined && random.length > 0;
    const keys = drops ? split(tf, training.key, random.length) : [];
    return this.layers.reduce((value, layer) => {
      const own = layer.parameters.map(({ name }) => variables[name]!);
      const key = keys[random.indexOf(layer)];
      return layer.apply(tf, value, own, training && { dropout: training.dropout, key });
    }, input);
  }
}
