/**
 * What an environment must give, checked while it is used: it may be JavaScript, which no compiler has seen.
 */
import { valueText } from '../../../workflows/validation/complaints.ts';
import type { Environment, EnvironmentDefinition } from './environment.ts';

const METHODS = ['reset', 'step', 'save', 'restore'] as const;

/**
 * Requires what `create` has made to be an environment; its state to have the size of the others', if that is known.
 *
 * @throws Error naming the environment, the rule and what was found
 */
export function requireEnvironment(
  definition: EnvironmentDefinition,
  made: Partial<Environment>,
  others?: number,
): void {
  if (typeof made !== 'object' || made === null) throw complaint(definition, 'what `create` makes', 'an object', made);
  const missing = METHODS.find((method) => typeof made[method] !== 'function');
  if (missing) throw complaint(definition, `\`${missing}\` of what \`create\` makes`, 'a function', made[missing]);
  const { stateSize } = made;
  if (!Number.isInteger(stateSize) || Number(stateSize) < 0)
    throw complaint(definition, '`stateSize`', 'an integer from 0', stateSize);
  if (others !== undefined && stateSize !== others)
    throw complaint(definition, '`stateSize`', `the same for all that \`create\` makes, ${others}`, stateSize);
}

/**
 * Returns the array that `save` writes to. Others ignore what is written by index behind their end, and a state would
 * not be what was saved.
 */
export function stateArray(definition: EnvironmentDefinition, array: Float64Array): Float64Array {
  return new Proxy(array, {
    get: (target, name) => {
      const member: unknown = Reflect.get(target, name);
      return typeof member === 'function' ? (member.bind(target) as unknown) : member;
    },
    set: (target, name, value) => {
      if (typeof name === 'string' && Number(name) >= target.length)
        throw complaint(
          definition,
          '`stateSize`',
          `the numbers that \`save\` writes, more than ${name}`,
          target.length,
        );
      return Reflect.set(target, name, value);
    },
  });
}

function complaint({ name }: EnvironmentDefinition, what: string, rule: string, got: unknown): Error {
  return new Error(`Cannot use environment \`${name}\`: expected ${what} to be ${rule}, got \`${shown(got)}\``);
}

function shown(value: unknown): string {
  if (value instanceof Promise) return 'a promise';
  return typeof value === 'bigint' ? `${value}n` : valueText(value);
}
