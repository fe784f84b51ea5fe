/**
 * Rules of the specification that concern more than one field.
 *
 * They run even if other fields are wrong, so that all errors are reported at once. Each rule reads an unchecked draft
 * and ignores values that the schema refuses anyway.
 */
import type { z } from 'zod';
import { at, isIntegerWithin, report } from '../../workflows/validation/draft.ts';
import type { TaskLookup } from '../contracts/task.ts';
import { checkTask, descriptionOf } from './described-task.ts';
import { countAt } from './draft.ts';
import { checkHyperparameters } from './hyperparameter-rules.ts';
import { limits } from './limits.ts';
import { checkSchedule } from './schedule-rules.ts';

/** Adds an issue for each broken rule of the task, and between fields of a whole specification. */
export function checkRules(draft: unknown, lookup: TaskLookup, context: z.core.$RefinementCtx): void {
  checkSteps(draft, context);
  checkWorkers(draft, context);
  checkTask(draft, lookup, context);
  const definitions = descriptionOf(draft, lookup)?.hyperparameters;
  if (definitions) checkHyperparameters(draft, definitions, context);
  checkSchedule(draft, definitions, context);
}

function checkSteps(draft: unknown, context: z.core.$RefinementCtx): void {
  const steps = countAt(draft, 'steps');
  const stepsPerRound = countAt(draft, 'stepsPerRound');
  const evalEvery = countAt(draft, 'evalEvery');
  if (stepsPerRound && evalEvery && stepsPerRound % evalEvery !== 0)
    report(context, ['stepsPerRound'], `a multiple of \`evalEvery\` (${evalEvery})`);
  if (!steps) return;
  if (stepsPerRound && steps % stepsPerRound !== 0)
    report(context, ['steps'], `a multiple of \`stepsPerRound\` (${stepsPerRound})`);
  if (evalEvery && steps / evalEvery > limits.measurements) {
    report(
      context,
      ['evalEvery'],
      `at least ${Math.ceil(steps / limits.measurements)}: at most ${limits.measurements} measurements over ` +
        `\`steps\` (${steps})`,
    );
  }
}

function checkWorkers(draft: unknown, context: z.core.$RefinementCtx): void {
  const subPopulations = at(draft, 'subPopulations');
  if (!Array.isArray(subPopulations)) return;
  const follows = at(draft, 'schedule') !== undefined;
  if (follows && subPopulations.length > 1)
    report(context, ['subPopulations'], 'one alone, as there is a `schedule`: its members never copy one another', {
      got: `${subPopulations.length} sub-populations`,
    });
  let workers = 0;
  subPopulations.forEach((one: unknown, index) => {
    const members = countAt(one, 'members') ?? 0;
    const given = at(one, 'members');
    if (!follows && given !== undefined && !isIntegerWithin(given, 2, limits.workers))
      report(context, ['subPopulations', index, 'members'], `an integer from 2 to ${limits.workers}`, {
        instead: true,
      });
    const evaluators = at(one, 'evaluators');
    workers += members;
    if (typeof evaluators === 'number' && evaluators > 0) workers += evaluators;
    else if (evaluators === undefined && index > 0) workers += Math.floor((3 * members) / 4);
    if (index === 0 && evaluators !== undefined && evaluators !== 0) {
      report(
        context,
        ['subPopulations', 0, 'evaluators'],
        '0 or left out (P1 is ranked by its scores and has no evaluators)',
      );
    } else if (evaluators !== undefined && members > 0 && !isIntegerWithin(evaluators, 0, members)) {
      report(context, ['subPopulations', index, 'evaluators'], `an integer from 0 to ${members}`, { instead: true });
    }
  });
  if (workers > limits.workers)
    report(context, ['subPopulations'], `at most ${limits.workers} workers together, members and evaluators`, {
      got: `${workers} workers`,
    });
}
