/**
 * Rules of hyperparameters that concern more than one field: what the task knows, and what a search space holds.
 */
import type { z } from 'zod';
import { taskHyperparameters, type HyperparameterDefinition } from '../tasks/hyperparameters.ts';
import { at, isRecord, numbersAt, report } from '../../workflows/validation/draft.ts';

/** Adds an issue for each hyperparameter that the task does not know, lacks or does not allow. */
export function checkHyperparameters(draft: unknown, context: z.core.$RefinementCtx): void {
  const given = at(draft, 'hyperparameters');
  const definitions = taskHyperparameters(at(draft, 'task'));
  if (!isRecord(given) || !definitions) return;
  const known = definitions.map(({ name }) => name).join(', ');
  for (const [name, value] of Object.entries(given)) {
    const definition = definitions.find((one) => one.name === name);
    const path = ['hyperparameters', name];
    if (!definition) report(context, path, `absent (known for this task: ${known})`);
    else checkHyperparameter(definition, value, path, context);
  }
  for (const { name, default: value } of definitions) {
    if (value === undefined && !Object.hasOwn(given, name))
      report(context, ['hyperparameters', name], 'a constant or a space to search');
  }
}

function checkHyperparameter(
  { allows, rule }: HyperparameterDefinition,
  value: unknown,
  path: readonly string[],
  context: z.core.$RefinementCtx,
): void {
  if (typeof value === 'string') report(context, path, rule);
  if (typeof value === 'number' && Number.isFinite(value) && !allows(value)) report(context, path, rule);
  const kind = at(value, 'kind');
  if (kind === 'integer' || kind === 'category') report(context, [...path, 'kind'], '`float`');
  const bounds = numbersAt(value, 'bounds');
  if (kind === 'float' && bounds && !bounds.every(allows))
    report(context, [...path, 'bounds'], `two numbers, each ${rule}`);
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
    report(context, ['choices'], 'different strings');
}
