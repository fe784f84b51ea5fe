/**
 * The training of a shipped network: its variables and optimiser, and a step from a loss to new weights.
 */
import type * as Tfjs from '@tensorflow/tfjs-node-gpu';
import type { RandomStream } from '../../../workflows/algorithm/index.ts';
import type { SessionContext } from '../task.ts';
import type { StepContext } from '../tensorflow/definition.ts';
import { gradientsOf } from '../tensorflow/gradients.ts';
import type { NetworkModel } from '../tensorflow/network-definition.ts';
import { makeOptimizer, type NamedOptimizer, type OptimizerName } from './hyperparameters.ts';
import type { Network } from './network.ts';

type Tf = typeof Tfjs;

/** A network's variables with their optimiser. */
export interface TrainedModel extends NetworkModel {
  readonly optimizer: NamedOptimizer;
}

/** Returns a network's variables as they begin, with the optimiser of that name. */
export function trainedModel(
  tf: Tf,
  stream: (name: string) => RandomStream,
  network: Network,
  optimizerName: OptimizerName,
  { hyperparameters }: SessionContext,
): TrainedModel {
  const weights = network.variables(tf, stream);
  const optimizer = makeOptimizer(tf, optimizerName, network.trained(weights), hyperparameters);
  return { weights, slots: optimizer.slots, optimizer };
}

/** Trains one step: `lossOf` takes what the network answers to `input` in training. */
export function trainStep(
  tf: Tf,
  network: Network,
  { weights, optimizer }: TrainedModel,
  input: Tfjs.Tensor,
  { hyperparameters, key }: Pick<StepContext, 'hyperparameters' | 'key'>,
  lossOf: (answers: Tfjs.Tensor) => Tfjs.Scalar,
): void {
  const { gradients } = gradientsOf(tf, network.trained(weights), () =>
    lossOf(network.apply(tf, input, weights, { dropout: hyperparameters['dropout'], key })),
  );
  optimizer.apply(gradients, hyperparameters);
}
