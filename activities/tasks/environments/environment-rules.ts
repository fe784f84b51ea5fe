/**
 * What an environment must give, checked while it is used: it may be JavaScript, which no compiler has seen.
 */
import { valueText } from '../../../workflows/validation/complaints.ts';
import type { Environment, EnvironmentDefinition, Transition } from './environment.ts';

const METHODS = ['reset', 'step', 'save', 'restore'] as const;
/** What to do about a simulation that can blow up. */
const BLOWING_UP = '; if its simulation can blow up: end the episode, or set `mayDiverge`';

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
 * Has an environment save its state into an array of `stateSize` numbers. Returns what `save` returns.
 *
 * Arrays ignore what is written by index behind their end, and a state would not be what was saved. So the environment
 * gets a proxy that refuses this. Native code refuses the proxy, with a TypeError, and then gets the array.
 *
 * @throws Error naming the environment, if it writes more numbers than `stateSize`; what `save` throws
 */
export function saveState(definition: EnvironmentDefinition, environment: Environment, state: Float64Array): unknown {
  const saveTo = (array: Float64Array): unknown => environment.save(array);
  try {
    return saveTo(guarded(definition, state));
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    return saveTo(state);
  }
}

function guarded(definition: EnvironmentDefinition, array: Float64Array): Float64Array {
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

/**
 * Requires that a method has written all numbers of an observation, which were NaN before, as finite numbers.
 *
 * @throws Error naming the environment, the number and what was found
 */
export function requireObservation(
  definition: EnvironmentDefinition,
  method: 'reset' | 'step',
  observation: Float64Array,
): void {
  if (allFinite(observation)) return;
  const at = observation.findIndex((value) => !Number.isFinite(value));
  const what = `number ${at} (from 0) of the observation that \`${method}\` writes`;
  throw complaint(definition, what, 'finite', observation[at], method === 'step' ? BLOWING_UP : '');
}

/** Returns whether all of them are finite: a loop, because it is part of every step. */
export function allFinite(values: Float64Array): boolean {
  for (let at = 0; at < values.length; at++) if (!Number.isFinite(values[at])) return false;
  return true;
}

/**
 * Requires what `step` has returned to be a transition.
 *
 * @throws Error naming the environment, the rule and what was found
 */
export function requireTransition(definition: EnvironmentDefinition, given: Partial<Transition>): void {
  const { measurements: names = [], mayDiverge = false } = definition;
  requireNow(definition, 'step', given);
  if (typeof given !== 'object' || given === null)
    throw complaint(definition, 'what `step` returns', 'an object with `reward` and `ended`', given);
  const { reward, ended } = given;
  const measurements: unknown = given.measurements ?? [];
  const isNumber = mayDiverge ? isAnyNumber : Number.isFinite;
  const areNumbers = isList(measurements) && measurements.length === names.length && measurements.every(isNumber);
  if (!isNumber(reward)) throw complaint(definition, '`reward` of a step', 'a finite number', reward, BLOWING_UP);
  if (typeof ended !== 'boolean') throw complaint(definition, '`ended` of a step', 'true or false', ended);
  if (!areNumbers)
    throw complaint(definition, '`measurements` of a step', `finite numbers, ${names.length}`, measurements);
}

/**
 * Requires a method to be done when it returns.
 *
 * @throws Error naming the environment and the method, if it returns a promise
 */
export function requireNow(
  definition: EnvironmentDefinition,
  method: (typeof METHODS)[number],
  returned: unknown,
): void {
  if (!(returned instanceof Promise)) return;
  // Nobody waits for it: that it fails is no further trouble.
  returned.catch(() => undefined);
  throw complaint(definition, `\`${method}\``, 'done when it returns', returned);
}

function isList(value: unknown): value is readonly unknown[] {
  return Array.isArray(value) || (ArrayBuffer.isView(value) && 'every' in value);
}

function isAnyNumber(value: unknown): boolean {
  return typeof value === 'number';
}

function complaint({ name }: EnvironmentDefinition, what: string, rule: string, got: unknown, advice = ''): Error {
  return new Error(
    `Cannot use environment \`${name}\`: expected ${what} to be ${rule}, got \`${shown(got)}\`${advice}`,
  );
}

function shown(value: unknown): string {
  if (value instanceof Promise) return 'a promise';
  return typeof value === 'bigint' ? `${value}n` : valueText(value);
}
