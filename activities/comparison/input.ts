/**
 * The input of a comparison. It is validated once, with the specification of every arm, before anything starts.
 */
import { z } from 'zod';
import { RETRACE_SEED_OFFSET } from '../../workflows/population/names.ts';
import type { ComparisonInput } from '../contracts/comparison.ts';
import type { TaskLookup } from '../contracts/task.ts';
import { InvalidInput, parse } from '../../workflows/validation/complaints.ts';
import { at, isIntegerWithin, isRecord, report } from '../../workflows/validation/draft.ts';
import { flag, integer, list, object } from '../../workflows/validation/fields.ts';
import { beyondComparisonBudget, COMPARISON_LIMITS } from './budget.ts';
import { usableSpecification } from '../specification/parsing.ts';
import type { Specification } from '../specification/specification.ts';

const ARMS_RULE = `an object with 1 to ${COMPARISON_LIMITS.arms} arms and the specification of each`;
const ARM_NAME_RULE =
  `named with 1 to ${COMPARISON_LIMITS.armNameCharacters} letters, digits, dots, dashes or underscores, ` +
  'neither dots nor digits alone';

const seed = integer(0, COMPARISON_LIMITS.seed, 'Every arm is run once with each seed.');

function comparisonSchema(lookup: TaskLookup) {
  return object(
    {
      $schema: z.string({ error: 'a string' }).optional().describe('For editors; ignored.'),
      arms: z
        .record(z.string(), usableSpecification(lookup), { error: ARMS_RULE })
        .describe('Specifications by arm. The comparison sets `seed`. The other arms are compared with the first.'),
      seeds: list(seed, 1, COMPARISON_LIMITS.runs, 'seeds', 'Different from one another.'),
      atOnce: integer(1, COMPARISON_LIMITS.atOnce, 'Maximal number of runs at the same time. Default: 1.').default(1),
      retrace: flag(
        'Whether the schedule that a run found is trained again, alone and with another seed. Default: false.',
      ).default(false),
    },
    'A comparison: arms × seeds.',
  ).superRefine(checkComparison, { when: () => true });
}

/** A valid comparison with its defaults filled in: the specifications of its arms as given and as they will run. */
export interface Comparison extends Required<ComparisonInput> {
  readonly specifications: Readonly<Record<string, Specification>>;
}

/** The failure for an invalid comparison, with every error. */
export class InvalidComparison extends InvalidInput {
  constructor(complaints: readonly string[]) {
    super('comparison', complaints);
    this.name = 'InvalidComparison';
  }
}

/**
 * Returns the comparison with its defaults filled in. `input` is any value that JSON can hold; `lookup` has the
 * trainers' descriptions of the tasks.
 *
 * @throws InvalidComparison with every error
 */
export function parseComparison(input: unknown, lookup: TaskLookup): Comparison {
  const parsed = parse(comparisonSchema(lookup), input, 'comparison');
  if ('complaints' in parsed) throw new InvalidComparison(parsed.complaints);
  const { arms: specifications, seeds, atOnce, retrace } = parsed.value;
  const excess = beyondComparisonBudget({ arms: specifications, seeds, retrace }, lookup);
  if (excess !== undefined) throw new InvalidComparison([excess]);
  return { arms: (input as ComparisonInput).arms, seeds, atOnce, retrace, specifications };
}

/** Adds an issue for each broken rule that concerns more than one field, or the names of arms. */
function checkComparison(draft: unknown, context: z.core.$RefinementCtx): void {
  const drafted = at(draft, 'arms');
  const names = isRecord(drafted) ? Object.keys(drafted) : [];
  if (isRecord(drafted) && (names.length === 0 || names.length > COMPARISON_LIMITS.arms))
    report(context, ['arms'], ARMS_RULE, { instead: true });
  for (const name of names)
    if (!isArmName(name)) report(context, ['arms', name], ARM_NAME_RULE, { got: name.slice(0, 80) });
  const seeds = at(draft, 'seeds');
  if (Array.isArray(seeds)) checkSeeds(seeds, names.length, at(draft, 'retrace') === true, context);
}

function checkSeeds(
  seeds: readonly unknown[],
  armCount: number,
  retraces: boolean,
  context: z.core.$RefinementCtx,
): void {
  const most = Math.floor(COMPARISON_LIMITS.runs / (Math.max(armCount, 1) * (retraces ? 2 : 1)));
  if (seeds.length > most) {
    const all = `${COMPARISON_LIMITS.runs} runs in all${retraces ? ', retraces included' : ''}`;
    const got = `${seeds.length} seeds`;
    report(context, ['seeds'], `an array of 1 to ${most} seeds (${all})`, { got, instead: true });
  }
  const highest = COMPARISON_LIMITS.seed - (retraces ? RETRACE_SEED_OFFSET : 0);
  for (const [index, one] of seeds.entries()) {
    if (!isIntegerWithin(one, 0, highest))
      report(context, ['seeds', index], `an integer from 0 to ${highest}`, { instead: true });
    else if (seeds.indexOf(one) < index) report(context, ['seeds', index], 'different from those before it');
  }
}

/**
 * Names become parts of workflow ids and of folders. A name of digits alone is not allowed: JavaScript would move it to
 * the front of the arms, and the first arm is special.
 */
function isArmName(name: string): boolean {
  return name.length <= COMPARISON_LIMITS.armNameCharacters && /^[\w.-]+$/.test(name) && !/^(\.+|\d+)$/.test(name);
}
