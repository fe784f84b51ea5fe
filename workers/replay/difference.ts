/**
 * Finds the first difference between two JSON values.
 */
import { isRecord } from '../../workflows/validation/draft.ts';

export interface Difference {
  /** For example `input[0].members[2].checkpoint.key`; empty if the values themselves differ. */
  readonly path: string;
  /** Undefined if the recorded value has nothing at this path. */
  readonly recorded: unknown;
  readonly replayed: unknown;
}

/** Returns the first difference in the order of the recorded value, or undefined. The order of keys does not matter. */
export function findDifference(recorded: unknown, replayed: unknown, path = ''): Difference | undefined {
  if (Object.is(recorded, replayed)) return undefined;
  if (Array.isArray(recorded) && Array.isArray(replayed)) {
    const length = Math.max(recorded.length, replayed.length);
    for (let index = 0; index < length; index += 1) {
      const difference = findDifference(recorded[index], replayed[index], `${path}[${index}]`);
      if (difference) return difference;
    }
    return undefined;
  }
  if (isRecord(recorded) && isRecord(replayed)) {
    for (const key of new Set([...Object.keys(recorded), ...Object.keys(replayed)])) {
      const difference = findDifference(recorded[key], replayed[key], path === '' ? key : `${path}.${key}`);
      if (difference) return difference;
    }
    return undefined;
  }
  return { path, recorded, replayed };
}
