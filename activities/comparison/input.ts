/**
 * What a comparison is asked to run: validated once, every arm's specification too, before anything starts.
 */
import type { ComparisonInput } from '../contracts/comparison.ts';
import { RETRACE_SEED_OFFSET } from '../../workflows/population/names.ts';
import { expected, inspect, valueText } from '../specification/complaints.ts';
import { InvalidSpecification, parseSpecification } from '../specification/parsing.ts';
import type { Specification } from '../specification/specification.ts';

/**
 * Bounds of a comparison: every run takes some 20 events and 20 kB of its history, which has at most 51,200 and 50 MB.
 */
export const COMPARISON_LIMITS = { arms: 50, runs: 500, atOnce: 50, armNameCharacters: 60, seed: 2 ** 32 - 1 } as const;
const KNOWN = ['arms', 'seeds', 'atOnce', 'retrace'] as const;

/** A valid comparison: defaults filled in, the arms' specifications as given and as they will run. */
export interface Comparison extends Required<ComparisonInput> {
  readonly specifications: Readonly<Record<string, Specification>>;
}

/** An invalid comparison: every error, those of an arm with its name. */
export class InvalidComparison extends Error {
  readonly complaints: readonly string[];

  constructor(complaints: readonly string[]) {
    super(
      `Cannot use the comparison: ${complaints.length === 1 ? 'one error' : `${complaints.length} errors`}\n${complaints.join('\n')}`,
    );
    this.name = 'InvalidComparison';
    this.complaints = complaints;
  }
}

/**
 * Returns the comparison with its defaults filled in; `input` is anything that came out of JSON.
 *
 * @throws InvalidComparison with every error at once
 */
export function parseComparison(input: unknown): Comparison {
  const hostile = inspect(input);
  if (hostile.length > 0) throw new InvalidComparison(hostile);
  if (!isRecord(input))
    throw new InvalidComparison([
      `Expected the input to be an object with the keys ${KNOWN.join(', ')}, got \`${valueText(input)}\``,
    ]);
  const { $schema: _, arms, seeds, atOnce = 1, retrace = false, ...rest } = input;
  const read = readArms(arms);
  const complaints = [
    ...Object.keys(rest).map((name) =>
      expected([name], `absent (known keys: ${KNOWN.join(', ')})`, valueText(rest[name])),
    ),
    ...read.complaints,
    ...wrongWithSeeds(
      seeds,
      retrace === true ? COMPARISON_LIMITS.seed - RETRACE_SEED_OFFSET : COMPARISON_LIMITS.seed,
      Object.keys(read.given).length,
    ),
    ...(isInteger(atOnce, 1, COMPARISON_LIMITS.atOnce)
      ? []
      : [expected(['atOnce'], `an integer from 1 to ${COMPARISON_LIMITS.atOnce}`, valueText(atOnce))]),
    ...(typeof retrace === 'boolean' ? [] : [expected(['retrace'], 'true or false', valueText(retrace))]),
  ];
  if (complaints.length > 0) throw new InvalidComparison(complaints);
  return {
    arms: read.given,
    seeds: seeds as readonly number[],
    atOnce: Number(atOnce),
    retrace: retrace === true,
    specifications: read.specifications,
  };
}

interface Arms {
  readonly given: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  readonly specifications: Readonly<Record<string, Specification>>;
  readonly complaints: readonly string[];
}

function readArms(arms: unknown): Arms {
  const names = isRecord(arms) ? Object.keys(arms) : [];
  if (!isRecord(arms) || names.length === 0 || names.length > COMPARISON_LIMITS.arms) {
    return {
      given: {},
      specifications: {},
      complaints: [
        expected(
          ['arms'],
          `an object with 1 to ${COMPARISON_LIMITS.arms} arms and the specification of each`,
          valueText(arms),
        ),
      ],
    };
  }
  const complaints: string[] = [];
  const given: Record<string, Readonly<Record<string, unknown>>> = {};
  const specifications: Record<string, Specification> = {};
  for (const name of names) {
    if (!isArmName(name))
      complaints.push(
        expected(
          ['arms', name],
          `named with 1 to ${COMPARISON_LIMITS.armNameCharacters} letters, digits, dots, dashes or underscores, neither dots nor digits alone`,
          name.slice(0, 80),
        ),
      );
    try {
      specifications[name] = parseSpecification(arms[name]);
      given[name] = arms[name] as Readonly<Record<string, unknown>>;
    } catch (error) {
      if (!(error instanceof InvalidSpecification)) throw error;
      complaints.push(...error.complaints.map((complaint) => `Arm ${valueText(name)}: ${complaint}`));
    }
  }
  return { given, specifications, complaints };
}

/**
 * Names become parts of ids and of folders; and JavaScript would move a number to the front of the arms, of which the
 * first is special.
 */
function isArmName(name: string): boolean {
  return name.length <= COMPARISON_LIMITS.armNameCharacters && /^[\w.-]+$/.test(name) && !/^(\.+|\d+)$/.test(name);
}

function wrongWithSeeds(seeds: unknown, highest: number, arms: number): string[] {
  const most = Math.floor(COMPARISON_LIMITS.runs / Math.max(arms, 1));
  if (!Array.isArray(seeds) || seeds.length === 0 || seeds.length > most) {
    return [
      expected(
        ['seeds'],
        `a list of 1 to ${most} seeds (${COMPARISON_LIMITS.runs} runs in all)`,
        Array.isArray(seeds) ? `${seeds.length} seeds` : valueText(seeds),
      ),
    ];
  }
  return seeds.flatMap((seed: unknown, index) => {
    if (!isInteger(seed, 0, highest))
      return [expected(['seeds', index], `an integer from 0 to ${highest}`, valueText(seed))];
    return seeds.indexOf(seed) < index
      ? [expected(['seeds', index], 'different from those before it', valueText(seed))]
      : [];
  });
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isInteger(value: unknown, min: number, max: number): boolean {
  return typeof value === 'number' && Number.isInteger(value) && value >= min && value <= max;
}
