/**
 * Hyperparameters of a training: completed and checked before it begins, verified in the optimiser before its first
 * step.
 */
import type { ApplicationFailure } from '@temporalio/common';
import type { HyperparameterValues } from '../../workflows/algorithm/hyperparameters.ts';
import { valueText } from '../../workflows/validation/complaints.ts';
import { allows, ruleOf } from '../../workflows/validation/hyperparameter-definition.ts';
import type { HyperparameterDefinition } from '../contracts/task.ts';
import type { Session } from '../tasks/task.ts';
import { asTask, trainingFailure } from './failures.ts';

/** A worker, and the values that it is to train with. */
interface Asked {
  readonly worker: string;
  readonly hyperparameters: HyperparameterValues;
}

/**
 * Returns the hyperparameters with the task's defaults.
 *
 * @throws InvalidHyperparameters if one is unknown, missing or out of range
 */
export function completeHyperparameters(
  definitions: readonly HyperparameterDefinition[],
  { worker, hyperparameters }: Asked,
): HyperparameterValues {
  const invalid = (path: string, rule: string, value: unknown): ApplicationFailure =>
    trainingFailure(
      'InvalidHyperparameters',
      `Expected \`${path}\` of ${worker} to be ${rule}, got \`${valueText(value)}\``,
    );
  const names = definitions.map(({ name }) => name);
  const unknown = Object.keys(hyperparameters).find((name) => !names.includes(name));
  if (unknown !== undefined) {
    const rule = `absent (known for this task: ${names.join(', ')})`;
    throw invalid(`hyperparameters.${unknown}`, rule, hyperparameters[unknown]);
  }
  return Object.fromEntries(
    definitions.flatMap((definition) => {
      const { name, optional } = definition;
      const value = hyperparameters[name] ?? definition.default;
      if (value === undefined && optional) return [];
      if (value === undefined || !allows(definition, value))
        throw invalid(`hyperparameters.${name}`, ruleOf(definition), value);
      return [[name, value]];
    }),
  );
}

/**
 * Verifies that the optimiser uses exactly the given hyperparameters, or their nearest float32, and returns them.
 *
 * @throws HyperparametersNotInEffect if it uses others
 */
export async function verifyHyperparameters(
  { worker, hyperparameters, step }: Asked & { readonly step: number },
  session: Session,
): Promise<HyperparameterValues> {
  const effective = await asTask(`read ${worker}'s hyperparameters`, () => session.effectiveHyperparameters());
  for (const name of new Set([...Object.keys(hyperparameters), ...Object.keys(effective)])) {
    const asked = hyperparameters[name];
    const found = effective[name];
    if (found === asked || (typeof asked === 'number' && found === Math.fround(asked))) continue;
    throw trainingFailure(
      'HyperparametersNotInEffect',
      `Expected \`${name}\` of ${worker} to be ${asked} in the optimiser at step ${step}, got \`${found}\``,
    );
  }
  return hyperparameters;
}
