/**
 * Reading of a draft: an input of which any part may be missing or wrong.
 */
import type { z } from 'zod';

/**
 * Adds an issue. `got` is what was found if that is not the value at the path; `instead` replaces the schema's own
 * message for the path by this more specific one.
 */
export function report(
  context: z.core.$RefinementCtx,
  path: readonly PropertyKey[],
  rule: string,
  params: { readonly got?: string; readonly instead?: boolean } = {},
): void {
  context.addIssue({ code: 'custom', path: [...path], message: rule, params });
}

export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Returns the value at a key of the draft's own; undefined if it has none. */
export function at(value: unknown, key: string): unknown {
  return isRecord(value) && Object.hasOwn(value, key) ? value[key] : undefined;
}

/** Returns the pair of numbers at a key; undefined if it is anything else. */
export function numbersAt(value: unknown, key: string): readonly [number, number] | undefined {
  const pair = at(value, key);
  if (!Array.isArray(pair) || pair.length !== 2) return undefined;
  const [low, high] = pair as readonly unknown[];
  return typeof low === 'number' && typeof high === 'number' ? [low, high] : undefined;
}

export function isIntegerWithin(value: unknown, min: number, max: number): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= min && value <= max;
}
