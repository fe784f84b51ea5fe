/**
 * Which values a hyperparameter may have, in words and as a check.
 */
import type { HyperparameterDefinition, NumberDefinition } from '../../activities/contracts/task.ts';
import { listOf } from './fields.ts';

/** Returns what values are allowed, in words. */
export function ruleOf(definition: HyperparameterDefinition): string {
  switch (definition.kind) {
    case 'number':
      return `${intervalOf(definition)}, in single precision too`;
    case 'integer':
      return `an integer from ${definition.minimum} to ${definition.maximum}`;
    case 'category':
      return listOf(definition.choices);
    default:
      return definition satisfies never;
  }
}

/**
 * Returns whether a hyperparameter may have the value. Trainers compute in single precision: 1e-60 is 0 there, 1e40
 * infinite, 0.99999999 is 1. So a number must be allowed as it is and as its nearest float32. Allowed numbers form an
 * interval: if both bounds of a search space are allowed, everything between them is.
 */
export function allows(definition: HyperparameterDefinition, value: unknown): boolean {
  switch (definition.kind) {
    case 'number':
      return (
        typeof value === 'number' && [Number, Math.fround].every((precision) => isWithin(definition, value, precision))
      );
    case 'integer':
      return Number.isInteger(value) && Number(value) >= definition.minimum && Number(value) <= definition.maximum;
    case 'category':
      return typeof value === 'string' && definition.choices.includes(value);
    default:
      return definition satisfies never;
  }
}

type Interval = Pick<NumberDefinition, 'minimum' | 'above' | 'maximum' | 'below'>;

function isWithin(
  { minimum, above, maximum, below }: Interval,
  value: number,
  precision: (value: number) => number,
): boolean {
  const rounded = precision(value);
  return (
    Number.isFinite(rounded) &&
    (minimum === undefined || rounded >= precision(minimum)) &&
    (above === undefined || rounded > precision(above)) &&
    (maximum === undefined || rounded <= precision(maximum)) &&
    (below === undefined || rounded < precision(below))
  );
}

function intervalOf({ minimum, above, maximum, below }: Interval): string {
  const upper = below !== undefined ? `below ${below}` : maximum !== undefined ? `${maximum}` : undefined;
  if (minimum !== undefined)
    return upper === undefined ? `a number of at least ${minimum}` : `a number from ${minimum} to ${upper}`;
  const highest = below === undefined && maximum !== undefined ? `at most ${maximum}` : upper;
  if (above !== undefined) return `a number above ${above}${highest === undefined ? '' : ` and ${highest}`}`;
  if (highest === undefined) return 'a finite number';
  return below === undefined ? `a number of ${highest}` : `a number ${highest}`;
}

/** Returns what is wrong with a definition of the right shape, completing `Expected … to be`; undefined: nothing. */
export function definitionError(definition: HyperparameterDefinition): string | undefined {
  if (definition.kind === 'category') {
    if (new Set(definition.choices).size < definition.choices.length) return 'a category of different choices';
  } else if (isEmpty(definition)) return `${definition.kind === 'number' ? 'a number' : 'an integer'} with some value`;
  const { default: value, optional } = definition;
  if (value !== undefined && optional) return 'one that is optional or has a default, not both';
  if (value !== undefined && !allows(definition, value)) return `one whose default is ${ruleOf(definition)}`;
  return undefined;
}

function isEmpty({ minimum, above, maximum, below }: Interval): boolean {
  const [low, high] = [
    Math.max(minimum ?? -Infinity, above ?? -Infinity),
    Math.min(maximum ?? Infinity, below ?? Infinity),
  ];
  return low > high || (low === high && (low === above || high === below));
}
