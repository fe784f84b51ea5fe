/**
 * The training of a shipped network: its variables and optimiser, and a step from a loss to new weights.
 */
import type * as Tfjs from '@tensorflow/tfjs-node-gpu';
import type { RandomStream } from '../../../workflows/algorithm/index.ts';
import type { SessionContext } from '../task.ts';
import type { StepContext } from '../tensorflow/definition.ts';
import { gradientsOf } from '../tensorflow/gradients.ts';
import type { NetworkModel } from '../tensorflow/network-definition.ts';
import type { Parameters } from '../tensorflow/optimizers.ts';
import { makeOptimizer, type NamedOptimizer, type OptimizerName } from './hyperparameters.ts';
import type { Network } from './network.ts';

type Tf = typeof Tfjs;

/** A network's variables with their optimiser. */
export interface TrainedModel extends NetworkModel {
  readonly optimizer: NamedOptimizer;
}

/** How a network is trained. */
export interface Recipe {
  readonly optimizer: OptimizerName;
  /** In how many parts each batch is computed. */
  readonly parts: number;
  readonly warmUp?: WarmUp | undefined;
}

/** The learning rate is multiplied by a share that rises linearly, in so many steps, from this one to 1. */
export interface WarmUp {
  readonly steps: number;
  readonly from: number;
}

/** Returns a network's variables as they begin, with the recipe's optimiser. */
export function trainedModel(
  tf: Tf,
  stream: (name: string) => RandomStream,
  network: Network,
  { optimizer: name, parts }: Recipe,
  { hyperparameters }: SessionContext,
): TrainedModel {
  const weights = network.variables(tf, stream);
  const trained = network.trained(weights);
  const optimizer = makeOptimizer(tf, name, trained, hyperparameters);
  return { weights, slots: optimizer.slots, ...(parts > 1 ? { scratch: gradientSums(tf, trained) } : {}), optimizer };
}

function gradientSums(tf: Tf, trained: Parameters): Parameters {
  return Object.fromEntries(
    Object.entries(trained).map(([name, { shape }]) => [`gradient/${name}`, tf.variable(tf.zeros(shape), false)]),
  );
}

/**
 * Trains one step, or adds the gradients of a part of one: `lossOf` takes what the network answers to `input` in
 * training.
 */
export function trainStep(
  tf: Tf,
  network: Network,
  { weights, scratch, optimizer }: TrainedModel,
  input: Tfjs.Tensor,
  { warmUp }: Pick<Recipe, 'warmUp'>,
  at: Pick<StepContext, 'hyperparameters' | 'key' | 'step'>,
  lossOf: (answers: Tfjs.Tensor) => Tfjs.Scalar,
): void {
  const { hyperparameters, key } = at;
  const { gradients } = gradientsOf(tf, network.trained(weights), () =>
    lossOf(network.apply(tf, input, weights, { dropout: hyperparameters['dropout'], key })),
  );
  if (!scratch) return optimizer.apply(gradients, warmedUp(tf, warmUp, at));
  for (const [name, gradient] of Object.entries(gradients)) {
    const sum = scratch[`gradient/${name}`]!;
    sum.assign(sum.add(gradient));
  }
}

/** Ends a step whose parts have added their gradients: trains by their mean. */
export function endTrainStep(
  tf: Tf,
  { scratch = {}, optimizer }: TrainedModel,
  { parts, warmUp }: Recipe,
  at: Pick<StepContext, 'hyperparameters' | 'step'>,
): void {
  const means = Object.entries(scratch).map(
    ([name, sum]) => [name.slice('gradient/'.length), sum.mul(1 / parts)] as const,
  );
  optimizer.apply(Object.fromEntries(means), warmedUp(tf, warmUp, at));
  for (const sum of Object.values(scratch)) sum.assign(tf.zeros(sum.shape));
}

/** Returns the rates of a step. */
function warmedUp(
  tf: Tf,
  warmUp: WarmUp | undefined,
  { hyperparameters, step }: Pick<StepContext, 'hyperparameters' | 'step'>,
): StepContext['hyperparameters'] {
  const { learningRate } = hyperparameters;
  if (!warmUp || !learningRate) return hyperparameters;
  const { steps, from } = warmUp;
  const risen = tf.minimum(
    step
      .cast('float32')
      .add(1)
      .mul((1 - from) / steps)
      .add(from),
    1,
  );
  return { ...hyperparameters, learningRate: learningRate.mul(risen) };
}
