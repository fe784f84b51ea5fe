/**
 * How many elements a shape has.
 */

/** Returns the product of the lengths; 1 for a scalar. */
export function sizeOf(shape: readonly number[]): number {
  return shape.reduce((product, length) => product * length, 1);
}
