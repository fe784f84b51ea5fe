/**
 * Rules of the specification that concern more than one field, and the bounds that a run must keep to.
 *
 * They run even where other fields are wrong, so that every error is told at once: hence each looks at an unchecked
 * draft and says nothing about values that are already refused for themselves.
 */
import { z } from 'zod';
import { taskHyperparameters, type HyperparameterDefinition } from '../tasks/hyperparameters.ts';

/** Bounds of a run. */
export const limits = {
  /**
   * Members and evaluators together: each has an activity in flight, and Temporal bears 2,000 of them a workflow (aim
   * for 500).
   */
  workers: 500,
  subPopulations: 16,
  /** Training steps, and any count of them. */
  steps: 1_000_000_000,
  /** Points of the longest possible curve: a workflow task has seconds to smooth them all. */
  measurements: 20_000,
  /** Of a schedule that is traced: a run's own has at most one a round. */
  segments: 10_000,
  trainingImages: 60_000,
  batchSize: 4096,
  layerWidth: 4096,
  filters: 512,
} as const;

/** Returns nothing; adds an issue to the context for each broken rule between fields of a whole specification. */
export function checkRules(draft: unknown, context: z.core.$RefinementCtx): void {
  checkSteps(draft, context);
  checkWorkers(draft, context);
  checkExamples(draft, context);
  checkHyperparameters(draft, context);
  checkSchedule(draft, context);
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
      `at least ${Math.ceil(steps / limits.measurements)}: at most ${limits.measurements} measurements over \`steps\` (${steps})`,
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

function checkExamples(draft: unknown, context: z.core.$RefinementCtx): void {
  const task = at(draft, 'task');
  const objective = countAt(task, 'objectiveExamples');
  const untouched = countAt(task, 'untouchedExamples');
  if (at(task, 'kind') !== 'image-classification' || !objective || !untouched) return;
  const left = limits.trainingImages - objective - untouched;
  if (left <= 0) {
    report(
      context,
      ['task', 'objectiveExamples'],
      `below ${limits.trainingImages} together with \`task.untouchedExamples\` (${untouched})`,
      { got: String(objective) },
    );
    return;
  }
  const batchSize = countAt(task, 'batchSize');
  if (batchSize && batchSize > left)
    report(context, ['task', 'batchSize'], `at most the ${left} training images that the held-out ones leave`, {
      got: String(batchSize),
    });
}

function checkHyperparameters(draft: unknown, context: z.core.$RefinementCtx): void {
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

function checkSchedule(draft: unknown, context: z.core.$RefinementCtx): void {
  const schedule = at(draft, 'schedule');
  const definitions = taskHyperparameters(at(draft, 'task'));
  const known = definitions?.map(({ name }) => name).join(', ');
  const unknownTo = (name: string): boolean =>
    definitions !== undefined && !definitions.some((one) => one.name === name);
  if (Array.isArray(schedule)) return checkTrace(schedule, draft, unknownTo, known, context);
  if (!isRecord(schedule)) return;
  const steps = countAt(draft, 'steps');
  for (const [name, given] of Object.entries(schedule)) {
    const space = at(at(draft, 'hyperparameters'), name);
    if (unknownTo(name)) report(context, ['schedule', name], `absent (known for this task: ${known})`);
    else if (space === undefined || typeof space === 'string' || at(space, 'kind') === 'category')
      report(context, ['schedule', name], 'absent: `hyperparameters` has no number of that name');
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
 * Segments follow one another from step 0, each a number of whole rounds; where the last ends, and whether a segment
 * goes beyond `steps`, is free: a run may be extended.
 */
function checkTrace(
  segments: readonly unknown[],
  draft: unknown,
  unknownTo: (name: string) => boolean,
  known: string | undefined,
  context: z.core.$RefinementCtx,
): void {
  const stepsPerRound = countAt(draft, 'stepsPerRound');
  const definitions = taskHyperparameters(at(draft, 'task')) ?? [];
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
    for (const [name, value] of Object.entries(isRecord(values) ? values : {})) {
      const definition = definitions.find((one) => one.name === name);
      const path = ['schedule', index, 'hyperparameters', name];
      if (unknownTo(name)) report(context, path, `absent (known for this task: ${known})`);
      else if (definition && (typeof value !== 'number' || !definition.allows(value)))
        report(context, path, definition.rule);
    }
  }
}

/** Returns nothing; adds an issue for each broken rule inside one search space. */
export function space(draft: unknown, context: z.core.$RefinementCtx): void {
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

/** A bucket's name as S3 wants it: it also becomes a folder's, so nothing that a path could be made of. */
const BUCKET_RULE =
  'a bucket name: 3 to 63 lower-case letters, digits, hyphens and single dots, a letter or digit at both ends, no IP address';
export const bucketName = z
  .string({ error: BUCKET_RULE })
  .regex(
    /^(?!\d{1,3}(\.\d{1,3}){3}$)(?!xn--)(?!.*(\.\.|\.-|-\.))(?!.*(-s3alias|--ol-s3)$)[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/,
    { error: BUCKET_RULE },
  );

/**
 * `got` tells something other than the value at the path; `instead` replaces what the schema says of the path, being
 * more to the point.
 */
export function report(
  context: z.core.$RefinementCtx,
  path: readonly PropertyKey[],
  rule: string,
  params: { readonly got?: string; readonly instead?: boolean } = {},
): void {
  context.addIssue({ code: 'custom', path: [...path], message: rule, params });
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function at(value: unknown, key: string): unknown {
  return isRecord(value) && Object.hasOwn(value, key) ? value[key] : undefined;
}

/** Returns the positive integer at a key; undefined where it is anything else, which the schema has refused already. */
function countAt(value: unknown, key: string): number | undefined {
  const count = at(value, key);
  return isIntegerWithin(count, 1, limits.steps) ? count : undefined;
}

function numbersAt(value: unknown, key: string): readonly [number, number] | undefined {
  const pair = at(value, key);
  if (!Array.isArray(pair) || pair.length !== 2) return undefined;
  const [low, high] = pair as readonly unknown[];
  return typeof low === 'number' && typeof high === 'number' ? [low, high] : undefined;
}

function isIntegerWithin(value: unknown, min: number, max: number): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= min && value <= max;
}
