/**
 * What the operator may ask of a run: a schema for each message, and what is wrong with a message that does not fit.
 *
 * Each function returns the problem, or undefined if the message can be followed. They are pure and synchronous, so
 * that update validators and signal handlers, which must never throw, can both use them. All workflows of a worker
 * share this module (workers/processes/workflow-bundle.ts), so it has no state.
 */
import { z } from 'zod';
import type { SetHyperparameters } from '../../activities/contracts/messages.ts';
import type { Specification } from '../../activities/specification/specification.ts';
import type { HyperparameterSpace, HyperparameterValue } from '../algorithm/hyperparameters.ts';
import { memberName } from '../population/names.ts';
import { newestRound, roundsPerReport } from '../population/reporting.ts';
import { parse } from '../validation/complaints.ts';
import { at, report } from '../validation/draft.ts';
import { integer, listOf, number, object } from '../validation/fields.ts';

/** Longest reason: it becomes a part of the run's record. */
const MAX_REASON_CHARACTERS = 500;
/** Complaints about one message that its sender reads; the rest are counted. */
const MAX_SHOWN = 5;

const REASON_RULE = `a text of 1 to ${MAX_REASON_CHARACTERS} characters`;
const reason = z
  .string({ error: REASON_RULE })
  .max(MAX_REASON_CHARACTERS, { error: REASON_RULE })
  .refine((text) => text.trim() !== '', { error: REASON_RULE })
  .describe('Why; recorded with the decision.');

const pause = object({ reason }, 'A pause of the run.');

/** Validates a pause. */
export function validatePause(message: unknown): string | undefined {
  return problemWith(message, pause, 'pause');
}

/** Validates a StopEarly. */
export function validateStop(specification: Specification, message: unknown): string | undefined {
  const group = subPopulationOf(specification, message);
  const stop = object(
    {
      reason,
      subPopulation: subPopulationNumber(specification).optional(),
      member: indexBelow(group?.members, 'Number of a member.').optional(),
      evaluator: indexBelow(group?.evaluators, 'Slot of an evaluator.').optional(),
    },
    'A stop of the run or of what it names.',
  ).superRefine(checkStopped, { when: () => true });
  return problemWith(message, stop, 'stopEarly');
}

/**
 * Validates a SetHyperparameters: known names, values of the right kind, within their bounds, and a member that has a
 * round to come. `rounds` is what the run has, `reportedRound` the newest that P1 reported.
 */
export function validateHyperparameters(
  specification: Specification,
  message: SetHyperparameters,
  reportedRound: number,
  rounds: number,
): string | undefined {
  const group = subPopulationOf(specification, message);
  const setHyperparameters = object(
    {
      subPopulation: subPopulationNumber(specification),
      member: indexBelow(group?.members, 'Number of a member.'),
      hyperparameters: values(specification),
      reason,
    },
    'Hyperparameters of one member.',
  );
  const problem = problemWith(message, setHyperparameters, 'setHyperparameters');
  if (problem !== undefined) return problem;
  const { subPopulation, member } = message;
  // P(i) may be i − 1 rounds ahead of P1.
  if (newestRound(reportedRound, rounds) + subPopulation < rounds) return undefined;
  return `Cannot set hyperparameters: the last round of ${memberName(subPopulation, member)} may have begun`;
}

/**
 * Validates an extension: `rounds` is what the run has now, `maxRounds` what its histories allow, `reportedRound` the
 * newest that P1 reported.
 */
export function validateExtension(
  specification: Specification,
  message: unknown,
  reportedRound: number,
  rounds: number,
  maxRounds = Number.MAX_SAFE_INTEGER,
): string | undefined {
  const { stepsPerRound, subPopulations } = specification;
  const present = rounds * stepsPerRound;
  const isLonger = (steps: number) => Number.isSafeInteger(steps) && steps % stepsPerRound === 0 && steps > present;
  const lengthRule = `a multiple of stepsPerRound (${stepsPerRound}) above the present ${present}`;
  const most = maxRounds * stepsPerRound;
  const mostRule = `at most ${most} (${maxRounds} rounds, as many as its histories and curves allow)`;
  const steps = z
    .number({ error: lengthRule })
    .refine(isLonger, { error: lengthRule })
    .max(most, { error: mostRule })
    .describe('New length of the run.');
  const problem = problemWith(message, object({ steps }, 'An extension of the run.'), 'extend');
  if (problem !== undefined) return problem;
  if (newestRound(reportedRound, rounds) + subPopulations.length < rounds) return undefined;
  const every = roundsPerReport(rounds);
  const known = every === 1 ? 'is complete' : `is complete and one round in ${every} is reported`;
  return (
    `Cannot extend the run: round ${reportedRound} of ${rounds} ${known}, so its last round may have begun. ` +
    'Start a new run from its rounds instead'
  );
}

/** Returns the first complaints about a message; undefined if the schema accepts it. */
function problemWith(message: unknown, schema: z.ZodType, name: string): string | undefined {
  const parsed = parse(schema, message, name);
  if (!('complaints' in parsed)) return undefined;
  const { complaints } = parsed;
  const rest = complaints.length - MAX_SHOWN;
  return [...complaints.slice(0, MAX_SHOWN), ...(rest > 0 ? [`… and ${rest} more`] : [])].join('; ');
}

/** The sub-population that a message names; undefined if it names none, or one that the run does not have. */
function subPopulationOf({ subPopulations }: Specification, message: unknown) {
  const level = at(message, 'subPopulation');
  return typeof level === 'number' ? subPopulations[level - 1] : undefined;
}

function subPopulationNumber({ subPopulations }: Specification) {
  return integer(1, subPopulations.length, 'Number of a sub-population.');
}

/** A number from 0 below `count`; any value if the count is unknown, because then the sub-population is refused. */
function indexBelow(count: number | undefined, description: string): z.ZodType {
  if (count === undefined) return z.unknown();
  if (count === 0) return z.undefined({ error: 'absent: the sub-population has none' });
  return integer(0, count - 1, description);
}

/** What is stopped must be named in full, and must be one thing. */
function checkStopped(message: unknown, context: z.core.$RefinementCtx): void {
  const [member, evaluator] = [at(message, 'member'), at(message, 'evaluator')];
  if ((member !== undefined || evaluator !== undefined) && at(message, 'subPopulation') === undefined)
    report(context, ['subPopulation'], 'the number of the sub-population of that member or evaluator');
  if (member !== undefined && evaluator !== undefined) report(context, ['evaluator'], 'absent beside `member`');
}

/** At least one hyperparameter that the run searches. */
function values({ hyperparameters }: Specification) {
  const all = Object.entries(hyperparameters);
  const shape = Object.fromEntries(all.map(([name, space]) => [name, valueOf(space).optional()]));
  const searched = all.flatMap(([name, space]) => (typeof space === 'object' ? [name] : []));
  const names = searched.length === 0 ? 'none' : searched.join(', ');
  const rule = `an object with at least one hyperparameter that the run searches: ${names}`;
  return z
    .strictObject(shape, {
      error: (issue) => (issue.code === 'unrecognized_keys' ? `absent (the run searches ${names})` : rule),
    })
    .refine((named) => Object.keys(named).length > 0, { error: rule, when: ({ issues }) => issues.length === 0 })
    .describe('Values to set.');
}

function valueOf(space: HyperparameterSpace | HyperparameterValue): z.ZodType {
  if (typeof space !== 'object') return z.undefined({ error: 'absent: it is constant in this run' });
  switch (space.kind) {
    case 'float':
      return number(...space.bounds, 'A number.');
    case 'integer':
      return integer(...space.bounds, 'A whole number.');
    case 'category':
      return z.literal(space.choices, { error: listOf(space.choices) }).describe('A choice.');
    default:
      return space satisfies never;
  }
}
