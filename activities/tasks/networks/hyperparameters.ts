/**
 * Hyperparameters that the shipped networks share, and how an optimiser takes its own.
 */
import type * as Tfjs from '@tensorflow/tfjs-node-gpu';
import type { HyperparameterValue, HyperparameterValues } from '../../../workflows/algorithm/hyperparameters.ts';
import { oneOf } from '../../../workflows/validation/fields.ts';
import type { HyperparameterDefinition } from '../../contracts/task.ts';
import { adam, adamW, momentum, rmsprop, type Gradients, type Parameters } from '../tensorflow/optimizers.ts';
import { ACTIVATIONS, type Activation } from './activations.ts';

type Tf = typeof Tfjs;

const OPTIMIZERS = ['momentum', 'nesterov', 'adam', 'adamw', 'rmsprop'] as const;

export type OptimizerName = (typeof OPTIMIZERS)[number];

/** Schema of the setting `optimizer`. */
export const optimizerSetting = oneOf(
  OPTIMIZERS,
  "Momentum: SGD with `momentum`; nesterov: with Nesterov's; adamw: Adam with decoupled weight decay. " +
    'Default: momentum.',
).default('momentum');

const LEARNING_RATE: HyperparameterDefinition = {
  kind: 'number',
  name: 'learningRate',
  description: 'Learning rate of the optimiser.',
  above: 0,
};
const WEIGHT_DECAY: HyperparameterDefinition = {
  kind: 'number',
  name: 'weightDecay',
  description: 'Weight decay of kernels, added to their gradients (adamw: apart from them). Default: 0.',
  minimum: 0,
  default: 0,
};
const momentumOf = (value: number): HyperparameterDefinition => ({
  kind: 'number',
  name: 'momentum',
  description: `Share of the last step that the next one keeps. Default: ${value}.`,
  minimum: 0,
  below: 1,
  default: value,
});
const share = (name: string, description: string): HyperparameterDefinition => ({
  kind: 'number',
  name,
  description,
  minimum: 0,
  below: 1,
  optional: true,
});
const BETA1 = share('beta1', 'Share that the average of gradients keeps. Without it: 0.9.');
const BETA2 = share('beta2', 'Share that the average of squared gradients keeps. Without it: 0.999.');
const RHO = share('rho', 'Share that the average of squared gradients keeps. Without it: 0.9.');
const DROPOUT = share('dropout', 'Share of the outputs of hidden dense layers set to 0 in training. Without it: none.');
const ACTIVATION: HyperparameterDefinition = {
  kind: 'category',
  name: 'activation',
  description: 'Function of the hidden layers. Without it: relu.',
  choices: ACTIVATIONS,
  optional: true,
};
const batchSizeOf = (most: number): HyperparameterDefinition => ({
  kind: 'integer',
  name: 'batchSize',
  description: 'Examples of a training step. Without it: the setting `batchSize`.',
  minimum: 1,
  maximum: most,
  optional: true,
});

/** Label smoothing, for classification. */
export const LABEL_SMOOTHING = share(
  'labelSmoothing',
  'Share of the target that is spread over all classes. Without it: none.',
);

/** Returns the hyperparameters of a network with this optimiser. */
export function networkHyperparameters(optimizer: OptimizerName, mostBatchSize: number): HyperparameterDefinition[] {
  return [...optimizerHyperparameters(optimizer), DROPOUT, ACTIVATION, batchSizeOf(mostBatchSize)];
}

function optimizerHyperparameters(optimizer: OptimizerName): HyperparameterDefinition[] {
  switch (optimizer) {
    case 'momentum':
    case 'nesterov':
      return [LEARNING_RATE, momentumOf(0.9), WEIGHT_DECAY];
    case 'adam':
    case 'adamw':
      return [LEARNING_RATE, WEIGHT_DECAY, BETA1, BETA2];
    case 'rmsprop':
      return [LEARNING_RATE, momentumOf(0), WEIGHT_DECAY, RHO];
    default:
      return optimizer satisfies never;
  }
}

/** Values of hyperparameters that are the same as none: a program without them is faster. */
const NOTHING: HyperparameterValues = { weightDecay: 0, dropout: 0, labelSmoothing: 0, shift: 0, smallestCrop: 1 };

/** Hyperparameters as a compiled network takes them. */
export interface NetworkHyperparameters {
  /** Tensors of a step. */
  readonly names: readonly string[];
  /** Values that the program is compiled with. */
  readonly constants: HyperparameterValues;
  readonly activation: Activation;
  readonly batchSize: number;
}

/**
 * Sorts the hyperparameters of a session by how a program takes them. Those without a value, in a report, are as though
 * they had their default; without a default they are tensors that nothing reads.
 */
export function sortHyperparameters(
  definitions: readonly HyperparameterDefinition[],
  given: HyperparameterValues,
  batchSize: number,
): NetworkHyperparameters {
  const values: Record<string, HyperparameterValue | undefined> = Object.fromEntries(
    definitions
      .filter(({ name, optional }) => !optional || given[name] !== undefined)
      .map(({ name, default: otherwise }) => [name, given[name] ?? otherwise]),
  );
  const isConstant = ([name, value]: [string, unknown]): boolean =>
    name === 'activation' || name === 'batchSize' || (Object.hasOwn(NOTHING, name) && value === NOTHING[name]);
  const entries = Object.entries(values);
  const { activation = 'relu', batchSize: own = batchSize } = values;
  return {
    names: entries.filter((entry) => !isConstant(entry)).map(([name]) => name),
    constants: Object.fromEntries(entries.filter(isConstant)) as HyperparameterValues,
    activation: activation as Activation,
    batchSize: Number(own),
  };
}

/** An optimiser that takes its rates from the hyperparameters of a step. */
export interface NamedOptimizer {
  readonly slots: Parameters;
  apply(gradients: Gradients, rates: Readonly<Record<string, Tfjs.Scalar | undefined>>): void;
}

/** Makes the optimiser of that name. `initial`: the session's hyperparameters, for what slots begin with. */
export function makeOptimizer(
  tf: Tf,
  name: OptimizerName,
  parameters: Parameters,
  initial: HyperparameterValues,
): NamedOptimizer {
  const options = { decays: (parameter: string) => parameter.endsWith('/kernel') };
  switch (name) {
    case 'momentum':
    case 'nesterov':
      return momentum(tf, parameters, { ...options, nesterov: name === 'nesterov' }) as unknown as NamedOptimizer;
    case 'adam':
    case 'adamw': {
      const optimizer = (name === 'adam' ? adam : adamW)(tf, parameters, options);
      for (const beta of ['beta1', 'beta2'] as const)
        if (initial[beta] !== undefined)
          optimizer.slots[`optimizer/adam-${beta}-power`]!.assign(tf.scalar(Number(initial[beta])));
      return optimizer as unknown as NamedOptimizer;
    }
    case 'rmsprop':
      return rmsprop(tf, parameters, options) as unknown as NamedOptimizer;
    default:
      return name satisfies never;
  }
}
