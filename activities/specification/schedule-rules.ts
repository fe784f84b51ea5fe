/**
 * Rules of schedules that concern more than one field.
 */
import type { z } from 'zod';
import { at, isRecord, report } from '../../workflows/validation/draft.ts';
import { allows, ruleOf } from '../../workflows/validation/hyperparameter-definition.ts';
import type { HyperparameterDefinition } from '../contracts/task.ts';
import { countAt } from './draft.ts';
import { namesOf } from './hyperparameter-rules.ts';

/**
 * Adds an issue for each broken rule of a schedule; `definitions` are the task's hyperparameters, undefined if nobody
 * has been asked for them.
 */
export function checkSchedule(
  draft: unknown,
  definitions: readonly HyperparameterDefinition[] | undefined,
  context: z.core.$RefinementCtx,
): void {
  const schedule = at(draft, 'schedule');
  const known = namesOf(definitions ?? []);
  if (Array.isArray(schedule)) return checkTrace(schedule, draft, definitions, context);
  if (!isRecord(schedule)) return;
  const steps = countAt(draft, 'steps');
  for (const [name, given] of Object.entries(schedule)) {
    const space = at(at(draft, 'hyperparameters'), name);
    if (isUnknown(definitions, name)) report(context, ['schedule', name], `absent (known for this task: ${known})`);
    else if (space === undefined || typeof space === 'string')
      report(context, ['schedule', name], 'absent: `hyperparameters` has no number of that name');
    else if (at(space, 'kind') === 'category')
      report(context, ['schedule', name], 'absent: a category has no order in which it could be scheduled');
    else if (typeof space === 'number' && definitions?.find((one) => one.name === name)?.kind === 'integer')
      report(context, ['schedule', name], 'absent: an integer is scheduled only if it is searched');
    const shapes = Array.isArray(given)
      ? given.map((shape: unknown, index) => ({ shape, path: ['schedule', name, index] }))
      : [{ shape: given, path: ['schedule', name] }];
    for (const { shape, path } of shapes) {
      const warmUp = countAt(shape, 'warmUpSteps');
      if (steps && warmUp && warmUp >= steps) report(context, [...path, 'warmUpSteps'], `below \`steps\` (${steps})`);
    }
  }
}

/**
 * Checks that segments follow one another from step 0, each a number of whole rounds. The last may end anywhere, also
 * beyond `steps`, because a run may be extended. Each has a value for every hyperparameter that is searched: without
 * one, its rounds would train with a value drawn at random.
 */
function checkTrace(
  segments: readonly unknown[],
  draft: unknown,
  definitions: readonly HyperparameterDefinition[] | undefined,
  context: z.core.$RefinementCtx,
): void {
  const stepsPerRound = countAt(draft, 'stepsPerRound');
  const searched = searchedNames(at(draft, 'hyperparameters'));
  let end: unknown = 0;
  for (const [index, segment] of segments.entries()) {
    const from = at(segment, 'fromStep');
    if (typeof from === 'number' && from !== end && typeof end === 'number')
      report(
        context,
        ['schedule', index, 'fromStep'],
        `${end}, ${index === 0 ? 'the first step' : 'where the segment before it ends'}`,
      );
    end = at(segment, 'toStep');
    if (typeof end === 'number' && typeof from === 'number' && end <= from)
      report(context, ['schedule', index, 'toStep'], `above \`fromStep\` (${from})`);
    else if (typeof end === 'number' && stepsPerRound && end % stepsPerRound !== 0)
      report(context, ['schedule', index, 'toStep'], `a multiple of \`stepsPerRound\` (${stepsPerRound})`);
    const values = at(segment, 'hyperparameters');
    if (!isRecord(values)) continue;
    for (const name of searched.filter((one) => !Object.hasOwn(values, one)))
      report(context, ['schedule', index, 'hyperparameters', name], 'a value, because `hyperparameters` searches it');
    for (const [name, value] of Object.entries(values)) {
      const definition = definitions?.find((one) => one.name === name);
      const path = ['schedule', index, 'hyperparameters', name];
      if (isUnknown(definitions, name))
        report(context, path, `absent (known for this task: ${namesOf(definitions ?? [])})`);
      else if (definition && !allows(definition, value)) report(context, path, ruleOf(definition));
    }
  }
}

function searchedNames(hyperparameters: unknown): readonly string[] {
  if (!isRecord(hyperparameters)) return [];
  return Object.keys(hyperparameters).filter((name) => isRecord(hyperparameters[name]));
}

function isUnknown(definitions: readonly HyperparameterDefinition[] | undefined, name: string): boolean {
  return definitions !== undefined && !definitions.some((one) => one.name === name);
}
