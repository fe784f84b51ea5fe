/**
 * Dense layers one after the other.
 */
import type { Activation } from './activations.ts';
import { activation, batchNormalisation, dense, dropout, flatten, type Layer } from './layers.ts';
import { sizeOf } from '../shape-size.ts';

/**
 * Returns dense layers from [B, …shape] to [B, outputs]: hidden ones with batch normalisation if that is asked,
 * activation and dropout, then one without.
 */
export function denseLayers(
  shape: readonly number[],
  hidden: readonly number[],
  outputs: number,
  activationName: Activation,
  isNormalised: boolean,
): Layer[] {
  const features = sizeOf(shape);
  const widths = [features, ...hidden];
  return [
    ...(shape.length > 1 ? [flatten(shape)] : []),
    ...hidden.flatMap((units, index) => [
      dense(`hidden-${index}`, widths[index]!, units, { biased: !isNormalised }),
      ...(isNormalised ? [batchNormalisation(`hidden-${index}`, units)] : []),
      activation(`hidden-${index}`, activationName),
      dropout(),
    ]),
    dense('output', widths[hidden.length]!, outputs),
  ];
}
