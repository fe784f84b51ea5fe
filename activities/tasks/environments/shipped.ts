/**
 * The environments that ship, by name, and those that users bring.
 */
import { resolve } from 'node:path';
import { isRecord } from '../../../workflows/validation/draft.ts';
import { valueText } from '../../../workflows/validation/complaints.ts';
import { firstLineOf } from '../first-line.ts';
import { importAgain } from '../import-again.ts';
import { cartPole } from './cart-pole.ts';
import type { EnvironmentDefinition } from './environment.ts';
import { antV1, antV5 } from './mujoco/ant.ts';
import { humanoidV1, humanoidV5 } from './mujoco/humanoid.ts';
import { pendulum } from './pendulum.ts';

/** Names of the environments that ship. */
export const ENVIRONMENTS = ['pendulum', 'cart-pole', 'ant-v1', 'ant-v5', 'humanoid-v1', 'humanoid-v5'] as const;

export type EnvironmentName = (typeof ENVIRONMENTS)[number];

const SHIPPED: Readonly<Record<EnvironmentName, EnvironmentDefinition>> = {
  pendulum,
  'cart-pole': cartPole,
  'ant-v1': antV1,
  'ant-v5': antV5,
  'humanoid-v1': humanoidV1,
  'humanoid-v5': humanoidV5,
};

/** An environment that ships, or a module whose default export is one. */
export type EnvironmentChoice = EnvironmentName | OwnEnvironment;

export interface OwnEnvironment {
  readonly kind: 'module';
  readonly path: string;
}

/** Returns an environment that ships; undefined for a module. */
export function shippedEnvironment(choice: EnvironmentChoice): EnvironmentDefinition | undefined {
  return typeof choice === 'string' ? SHIPPED[choice] : undefined;
}

/**
 * Returns the definition of an environment. A relative path is looked up in the working directory of the process.
 *
 * @throws Error naming the file, the rule and what was found
 */
export async function loadEnvironment(choice: EnvironmentChoice): Promise<EnvironmentDefinition> {
  return typeof choice === 'string' ? SHIPPED[choice] : loadModule(choice.path);
}

async function loadModule(relativePath: string): Promise<EnvironmentDefinition> {
  const path = resolve(relativePath);
  let exported: unknown;
  try {
    ({ default: exported } = (await importAgain(path)) as { readonly default?: unknown });
  } catch (error) {
    throw new Error(`Cannot load environment ${path}: ${firstLineOf(error)}`, { cause: error });
  }
  return checkedDefinition(path, exported);
}

/** A module may be JavaScript: no compiler has seen it. */
function checkedDefinition(path: string, exported: unknown): EnvironmentDefinition {
  const given = (typeof exported === 'object' && exported !== null ? exported : {}) as Partial<EnvironmentDefinition>;
  const { name, observations, actions, mostSteps, measurements = [], plotted = {}, mayDiverge = false, create } = given;
  const rules: readonly (readonly [keyof EnvironmentDefinition, string, boolean])[] = [
    ['name', 'a text', typeof name === 'string'],
    ['observations', 'an integer from 1', isCount(observations)],
    [
      'actions',
      'an object with `low` and `high`, arrays of as many finite numbers, each low below its high',
      isNumbers(actions?.low) &&
        isNumbers(actions.high) &&
        actions.low.length === actions.high.length &&
        actions.low.every((low, index) => low < (actions.high[index] ?? low)),
    ],
    ['mostSteps', 'an integer from 1', isCount(mostSteps)],
    [
      'measurements',
      'an array of texts',
      Array.isArray(measurements) && measurements.every((one) => typeof one === 'string'),
    ],
    [
      'plotted',
      'an object from names to numbers of an observation, which count from 0',
      isRecord(plotted) &&
        Object.values(plotted).every((at) => Number.isInteger(at) && Number(at) >= 0 && Number(at) < observations!),
    ],
    ['mayDiverge', 'true or false', typeof mayDiverge === 'boolean'],
    ['create', 'a function', typeof create === 'function'],
  ];
  const broken = rules.find(([, , holds]) => !holds);
  if (broken) {
    const [field, rule] = broken;
    throw new Error(
      `Cannot use environment ${path}: expected \`${field}\` of its default export to be ${rule}, ` +
        `got \`${valueText(given[field])}\``,
    );
  }
  return given as EnvironmentDefinition;
}

function isCount(value: unknown): boolean {
  return Number.isInteger(value) && (value as number) >= 1;
}

function isNumbers(value: unknown): value is readonly number[] {
  return Array.isArray(value) && value.length > 0 && value.every((one) => Number.isFinite(one));
}
