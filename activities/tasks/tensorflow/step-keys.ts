/**
 * Keys for what is random in the steps of a worker: one a step, so that a step draws the same whenever it is run.
 */
import type { RandomStream } from '../../../workflows/algorithm/index.ts';

/** int32 each. */
export type StepKey = readonly [number, number];

/** Returns the key of step 0. */
export function firstKey(stream: RandomStream): StepKey {
  return [stream.integer(2 ** 32) | 0, stream.integer(2 ** 32) | 0];
}

/** Returns the key of a step. Programs that run several steps count on in the same way. */
export function keyAt([first, second]: StepKey, step: number): StepKey {
  return [first, (second + step) | 0];
}
