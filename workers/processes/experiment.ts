/**
 * Reads an input file: the specification of one run, or of a comparison.
 */
import { readFileSync } from 'node:fs';
import { basename, extname } from 'node:path';
import { InvalidComparison, parseComparison } from '../../activities/comparison/input.ts';
import type { Comparison } from '../../activities/comparison/input.ts';
import type { TaskLookup } from '../../activities/contracts/task.ts';
import { isContinuationInput } from '../../activities/runs/continuation.ts';
import { isRetracingInput } from '../../activities/runs/retracing.ts';
import { InvalidSpecification, parseSpecification } from '../../activities/specification/parsing.ts';
import type { Specification } from '../../activities/specification/specification.ts';
import { algorithmOf, WORKFLOW_TYPES } from '../../workflows/population/names.ts';
import type { Algorithm } from '../../workflows/population/names.ts';
import { UserError, reasonOf } from './user-error.ts';

export interface Experiment {
  readonly workflowType: (typeof WORKFLOW_TYPES)[Algorithm] | 'compare';
  /** The content of the file, unchanged: the argument of the workflow. */
  readonly input: unknown;
  /**
   * The specification of the run, or of all arms, with defaults filled in. Empty if the run resumes or retraces an
   * earlier one: the plan of the run reads that specification from the bucket.
   */
  readonly specifications: readonly Specification[];
  /** The comparison with defaults filled in, if the file has one. */
  readonly comparison?: Comparison;
  /** Number of threads that the trainers must have. */
  readonly threads: number;
  /** The name of the file without its extension. */
  readonly name: string;
}

/**
 * Reads an input file and validates it as the workflow does, so that errors appear before anything starts.
 * `lookup` has what trainers say of its tasks, if they were asked.
 *
 * @throws UserError if the file cannot be read, or listing all errors in its content
 */
export function readExperiment(file: string, lookup: TaskLookup): Experiment {
  const input = readJson(file);
  const name = basename(file, extname(file));
  const isComparison = typeof input === 'object' && input !== null && 'arms' in input;
  const comparison = isComparison ? parse(file, () => parseComparison(input, lookup)) : undefined;
  const specifications = comparison
    ? Object.values(comparison.specifications)
    : parse(file, () =>
        isContinuationInput(input) || isRetracingInput(input) ? [] : [parseSpecification(input, lookup)],
      );
  const threads = new Set(specifications.map((specification) => specification.threads));
  if (threads.size > 1)
    throw new UserError(
      `Expected all arms in ${file} to have the same number of \`threads\`, got ${[...threads].join(', ')}`,
    );
  return {
    workflowType: isComparison ? 'compare' : workflowTypeOf(input, specifications[0]),
    input,
    specifications,
    ...(comparison ? { comparison } : {}),
    threads: specifications[0]?.threads ?? threadsOf(input),
    name,
  };
}

function workflowTypeOf(input: unknown, specification: Specification | undefined): Experiment['workflowType'] {
  if (isRetracingInput(input)) return 'retrace';
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
    // Windows editors put a byte-order mark first.
    return JSON.parse(text.replace(/^\uFEFF/, ''));
  } catch (error) {
    throw new UserError(`Expected ${file} to be JSON: ${reasonOf(error)}`, { cause: error });
  }
}

/** Returns `threads` of an input that has no specification of its own; 1 if it does not name the number. */
function threadsOf(input: unknown): number {
  const threads = typeof input === 'object' && input !== null && 'threads' in input ? input.threads : undefined;
  return typeof threads === 'number' ? threads : 1;
}

/** Calls `parseInput` and puts the file's name before its error message. */
function parse<T>(file: string, parseInput: () => T): T {
  try {
    return parseInput();
  } catch (error) {
    if (error instanceof InvalidSpecification || error instanceof InvalidComparison)
      throw new UserError(`${file}: ${error.message}`, { cause: error });
    throw error;
  }
}
