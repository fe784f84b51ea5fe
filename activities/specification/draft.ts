/**
 * Reading of counts in a draft of a specification.
 */
import { at, isIntegerWithin } from '../../workflows/validation/draft.ts';
import { limits } from './limits.ts';

/** Returns the positive integer at a key; undefined if it is anything else, which the schema refuses. */
export function countAt(value: unknown, key: string): number | undefined {
  const count = at(value, key);
  return isIntegerWithin(count, 1, limits.steps) ? count : undefined;
}
