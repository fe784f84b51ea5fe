/**
 * About how large a checkpoint of a network is.
 */
import type { OptimizerName } from './hyperparameters.ts';
import type { Network } from './network.ts';

const FLOAT_BYTES = 4;
/** Of a tensor's entry in a checkpoint's header. */
const TENSOR_HEADER_BYTES = 100;

/** Tensors that an optimiser keeps for each parameter. */
const SLOTS: Readonly<Record<OptimizerName, number>> = { momentum: 1, nesterov: 1, adam: 2, adamw: 2, rmsprop: 2 };

/** Returns about how many bytes one checkpoint has: variables, the optimiser's slots, and the header. */
export function networkBytes(network: Network, optimizer: OptimizerName): number {
  return network.parameters.reduce((sum, { shape, isTrained }) => {
    const copies = isTrained ? 1 + SLOTS[optimizer] : 1;
    return sum + copies * (shape.reduce((product, size) => product * size, FLOAT_BYTES) + TENSOR_HEADER_BYTES);
  }, 0);
}
