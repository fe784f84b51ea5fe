/**
 * What an input file asks for: one run, or a comparison of several.
 */
import { readFileSync } from 'node:fs';
import { basename, extname } from 'node:path';
import { InvalidComparison, parseComparison } from '../../activities/comparison/input.ts';
import type { Comparison } from '../../activities/comparison/input.ts';
import { goesOn } from '../../activities/runs/continuation.ts';
import { namesRun } from '../../activities/runs/retracing.ts';
import { InvalidSpecification, parseSpecification } from '../../activities/specification/parsing.ts';
import type { Specification } from '../../activities/specification/specification.ts';
import { algorithmOf, WORKFLOW_TYPES } from '../../workflows/population/names.ts';
import type { Algorithm } from '../../workflows/population/names.ts';
import { UserError, reasonOf } from './user-error.ts';

export interface Experiment {
  readonly workflowType: (typeof WORKFLOW_TYPES)[Algorithm] | 'compare';
  /** As the file has it: what the workflow is given. */
  readonly input: unknown;
  /**
   * The run's specification, or those of all arms; defaults filled in. None of a run that goes on from an earlier one:
   * what that has recorded is known later.
   */
  readonly specifications: readonly Specification[];
  /** Where it is one: defaults filled in. */
  readonly comparison?: Comparison;
  /** Threads that its trainers must have. */
  readonly threads: number;
  /** The file's name without its ending. */
  readonly name: string;
}

/**
 * Reads an input file and checks it as the workflow will, so that what is wrong is told before anything starts.
 *
 * @throws UserError where the file cannot be read, or with every error in what it says
 */
export function readExperiment(file: string): Experiment {
  const input = readJson(file);
  const name = basename(file, extname(file));
  const compares = typeof input === 'object' && input !== null && 'arms' in input;
  const comparison = compares ? checked(file, () => parseComparison(input)) : undefined;
  const specifications = comparison
    ? Object.values(comparison.specifications)
    : checked(file, () => (goesOn(input) || namesRun(input) ? [] : [parseSpecification(input)]));
  const threads = new Set(specifications.map((one) => one.threads));
  if (threads.size > 1)
    throw new UserError(
      `Expected all arms in ${file} to say one number of \`threads\`, got ${[...threads].join(', ')}`,
    );
  return {
    workflowType: compares ? 'compare' : typeOf(input, specifications[0]),
    input,
    specifications,
    ...(comparison ? { comparison } : {}),
    threads: specifications[0]?.threads ?? threadsOf(input),
    name,
  };
}

function typeOf(input: unknown, specification: Specification | undefined): Experiment['workflowType'] {
  if (namesRun(input)) return 'retrace';
  return specification ? WORKFLOW_TYPES[algorithmOf(specification)] : 'firePbt';
}

function readJson(file: string): unknown {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    throw new UserError(`Cannot read the input file ${file}: ${reasonOf(error)}`, { cause: error });
  }
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new UserError(`Expected ${file} to be JSON: ${reasonOf(error)}`, { cause: error });
  }
}

/** What a run that goes on from an earlier one says of it, if it does. */
function threadsOf(input: unknown): number {
  const threads = typeof input === 'object' && input !== null && 'threads' in input ? input.threads : undefined;
  return typeof threads === 'number' ? threads : 1;
}

function checked<T>(file: string, parse: () => T): T {
  try {
    return parse();
  } catch (error) {
    if (error instanceof InvalidSpecification || error instanceof InvalidComparison)
      throw new UserError(`${file}: ${error.message}`, { cause: error });
    throw error;
  }
}
