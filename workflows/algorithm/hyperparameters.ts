/**
 * Hyperparameter spaces: where values start, where they may go, and how explore perturbs them.
 */
import { exp, log } from './exponential.ts';
import type { RandomStream } from './random.ts';

export type HyperparameterValue = number | string;
export type HyperparameterValues = Readonly<Record<string, HyperparameterValue>>;

/**
 * A number; `initial.range` lies within `bounds`. On a log scale, and for a log-uniform start, everything is above 0.
 * Factors are above 0.
 */
export interface FloatSpace {
  readonly kind: 'float';
  readonly scale: 'linear' | 'log';
  readonly bounds: readonly [number, number];
  readonly initial: { readonly distribution: 'uniform' | 'log-uniform'; readonly range: readonly [number, number] };
  readonly factors: readonly number[];
}

/** A whole number; both bounds and both ends of the range are included. */
export interface IntegerSpace {
  readonly kind: 'integer';
  readonly bounds: readonly [number, number];
  readonly initial: { readonly range: readonly [number, number] };
  readonly factors: readonly number[];
}

/** One of several names, or one of several numbers, without an order. */
export interface CategorySpace {
  readonly kind: 'category';
  readonly choices: readonly HyperparameterValue[];
}

export type HyperparameterSpace = FloatSpace | IntegerSpace | CategorySpace;

/** By name: a space that is searched, or a bare value, which is a constant and never perturbed. */
export type HyperparameterSpaces = Readonly<Record<string, HyperparameterSpace | HyperparameterValue>>;

/**
 * Returns a member's first hyperparameters. Names draw from the stream in the order of their code units, so that the
 * order of a specification's keys changes nothing; constants draw nothing.
 */
export function sampleInitial(spaces: HyperparameterSpaces, stream: RandomStream): HyperparameterValues {
  return Object.fromEntries(
    sortedEntries(spaces).map(([name, space]) => [name, typeof space === 'object' ? sample(space, stream) : space]),
  );
}

/**
 * Returns perturbed hyperparameters, always within their bounds; names draw in the order of their code units.
 * Constants, and values without a space, stay as they are.
 *
 * - A float is multiplied by one of its factors, uniformly chosen, and clamped. On a linear scale, if that cannot
 *   work (the value is 0, its bounds lie on both sides of 0, or they are tighter than the factors: each of these would
 *   leave them), it moves on its normalised range instead: of the distance between its bounds, by (f − 1) / (f + 1),
 *   which is a third for 2 and ½, a ninth for 1.25 and 0.8.
 * - An integer is multiplied and rounded, and moves by at least one: inwards if a bound is in the way.
 * - A category is drawn again from all choices.
 * - Where no factor would move a float (all lead out of the bound that it is at) the chosen one is turned around, so
 *   nothing is stuck for good. A factor of 1 moves nothing, and asks for nothing else.
 *
 * @throws Error if a value is missing or does not fit its kind of space
 */
export function explore(
  values: HyperparameterValues,
  spaces: HyperparameterSpaces,
  stream: RandomStream,
): HyperparameterValues {
  const perturbed = sortedEntries(spaces).map(([name, space]): [string, HyperparameterValue] => {
    const value = Object.hasOwn(values, name) ? values[name] : undefined;
    if (typeof space !== 'object') return [name, value ?? space];
    return [name, perturb(name, value, space, stream)];
  });
  return Object.fromEntries([...sortedEntries(values), ...perturbed]);
}

function sample(space: HyperparameterSpace, stream: RandomStream): HyperparameterValue {
  switch (space.kind) {
    case 'float': {
      const [low, high] = space.initial.range;
      const share = stream.next();
      const drawn =
        space.initial.distribution === 'uniform'
          ? low + share * (high - low)
          : exp(log(low) + share * (log(high) - log(low)));
      return clamp(clamp(drawn, space.initial.range), space.bounds);
    }
    case 'integer': {
      const [low, high] = space.initial.range;
      return clamp(low + stream.integer(high - low + 1), space.bounds);
    }
    case 'category':
      return choose(space.choices, stream);
    default:
      return space satisfies never;
  }
}

function perturb(
  name: string,
  value: HyperparameterValue | undefined,
  space: HyperparameterSpace,
  stream: RandomStream,
): HyperparameterValue {
  if (space.kind === 'category') return choose(space.choices, stream);
  if (typeof value !== 'number')
    throw new Error(`Expected \`hyperparameters.${name}\` to be a number, got \`${String(value)}\``);
  const factor = choose(space.factors, stream);
  return space.kind === 'integer' ? moveInteger(value, factor, space) : moveFloat(value, factor, space);
}

function moveFloat(value: number, factor: number, space: FloatSpace): number {
  const { bounds, factors } = space;
  const move = space.scale === 'linear' && !canMultiply(value, space) ? moveNormalised : multiply;
  const stuck = factors.every((one) => move(value, one, bounds) === value);
  return move(value, stuck ? 1 / factor : factor, bounds);
}

/** Whether multiplying can take a value on a linear scale anywhere but to its bounds. */
function canMultiply(value: number, { bounds: [low, high], factors }: FloatSpace): boolean {
  if (value === 0 || (low < 0 && high > 0)) return false;
  return factors.some((factor) => factor !== 1 && value * factor >= low && value * factor <= high);
}

function multiply(value: number, factor: number, bounds: readonly [number, number]): number {
  return clamp(value * factor, bounds);
}

function moveNormalised(value: number, factor: number, bounds: readonly [number, number]): number {
  return clamp(value + ((factor - 1) / (factor + 1)) * (bounds[1] - bounds[0]), bounds);
}

function moveInteger(current: number, factor: number, { bounds }: IntegerSpace): number {
  const value = clamp(Math.round(current), bounds);
  if (factor === 1) return value;
  // Away from 0 for factors above 1, towards it below; 0 itself goes up or down.
  const direction = factor > 1 === value >= 0 ? 1 : -1;
  const target = Math.round(value * factor);
  const moved = clamp(direction > 0 ? Math.max(target, value + 1) : Math.min(target, value - 1), bounds);
  return moved === value ? clamp(value - direction, bounds) : moved;
}

function choose<T>(list: readonly T[], stream: RandomStream): T {
  const chosen = list[stream.integer(list.length)];
  if (chosen === undefined) throw new Error('Cannot choose from a list: it has holes');
  return chosen;
}

/** Returns the value, or the bound that it lies beyond. Adding 0 turns −0, which JSON does not keep, into 0. */
export function clamp(value: number, [low, high]: readonly [number, number]): number {
  return Math.min(high, Math.max(low, value)) + 0;
}

function sortedEntries<T>(record: Readonly<Record<string, T>>): [string, T][] {
  return Object.entries(record).sort(([a], [b]) => (a < b ? -1 : 1));
}
