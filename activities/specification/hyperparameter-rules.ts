/**
 * Rules of hyperparameters that concern more than one field: what the task knows, and what a search space holds.
 */
import type { z } from 'zod';
import { at, isRecord, numbersAt, report } from '../../workflows/validation/draft.ts';
import { listOf } from '../../workflows/validation/fields.ts';
import { allows, ruleOf } from '../../workflows/validation/hyperparameter-definition.ts';
import type { HyperparameterDefinition } from '../contracts/task.ts';

/** Adds an issue for each hyperparameter that the task does not know, lacks or does not allow. */
export function checkHyperparameters(
  draft: unknown,
  definitions: readonly HyperparameterDefinition[],
  context: z.core.$RefinementCtx,
): void {
  const given = at(draft, 'hyperparameters');
  if (!isRecord(given)) return;
  for (const [name, value] of Object.entries(given)) {
    const definition = definitions.find((one) => one.name === name);
    const path = ['hyperparameters', name];
    if (!definition) report(context, path, `absent (known for this task: ${namesOf(definitions)})`);
    else if (isRecord(value)) checkSearch(definition, value, path, context);
    else if (typeof value === 'string' || (typeof value === 'number' && Number.isFinite(value))) {
      if (!allows(definition, value)) report(context, path, ruleOf(definition));
    }
  }
  for (const { name, default: value, optional } of definitions) {
    if (value === undefined && !optional && !Object.hasOwn(given, name))
      report(context, ['hyperparameters', name], 'a constant or a space to search');
  }
}

/** Returns the names of hyperparameters, as messages list them. */
export function namesOf(definitions: readonly HyperparameterDefinition[]): string {
  return definitions.map(({ name }) => name).join(', ');
}

/** The kinds of space in which each kind of hyperparameter is searched. */
const SPACES = {
  number: ['float', 'category'],
  integer: ['integer', 'category'],
  category: ['category'],
} as const;

/** Checks that a hyperparameter is searched among values that the task allows. */
function checkSearch(
  definition: HyperparameterDefinition,
  space: unknown,
  path: readonly string[],
  context: z.core.$RefinementCtx,
): void {
  const kind = at(space, 'kind');
  const wanted = SPACES[definition.kind];
  if (!wanted.some((one) => one === kind)) {
    if (Object.values(SPACES).some((kinds) => kinds.some((one) => one === kind)))
      report(context, [...path, 'kind'], listOf(wanted));
    return;
  }
  const bounds = numbersAt(space, 'bounds');
  if (bounds && !bounds.every((bound) => allows(definition, bound)))
    report(context, [...path, 'bounds'], `two numbers, each ${ruleOf(definition)}`);
  const choices = at(space, 'choices');
  if (Array.isArray(choices) && !choices.every((choice) => allows(definition, choice)))
    report(
      context,
      [...path, 'choices'],
      `${definition.kind === 'category' ? 'strings' : 'numbers'}, each ${ruleOf(definition)}`,
    );
}

/** Adds an issue for each broken rule inside one search space. */
export function checkSpace(draft: unknown, context: z.core.$RefinementCtx): void {
  const bounds = numbersAt(draft, 'bounds');
  const initial = at(draft, 'initial');
  const first = numbersAt(initial, 'range');
  const ordered = bounds && bounds[0] < bounds[1];
  if (bounds && !ordered) report(context, ['bounds'], 'two numbers, the first below the second');
  else if (bounds && bounds[0] <= 0 && at(draft, 'scale') === 'log')
    report(context, ['bounds'], 'two numbers above 0, as the scale is `log`');
  if (first && first[0] > first[1])
    report(context, ['initial', 'range'], 'two numbers, the first not above the second');
  else if (first && ordered && (first[0] < bounds[0] || first[1] > bounds[1]))
    report(context, ['initial', 'range'], `inside the bounds, from ${bounds[0]} to ${bounds[1]}`);
  else if (first && first[0] <= 0 && at(initial, 'distribution') === 'log-uniform') {
    report(context, ['initial', 'range'], 'two numbers above 0, as the distribution is `log-uniform`');
  }
  const factors = at(draft, 'factors');
  if (Array.isArray(factors) && factors.length > 0 && factors.every((factor) => factor === 1))
    report(context, ['factors'], 'factors of which one at least is not 1');
  const choices = at(draft, 'choices');
  if (Array.isArray(choices) && new Set(choices).size < choices.length)
    report(context, ['choices'], 'different strings or numbers');
}
