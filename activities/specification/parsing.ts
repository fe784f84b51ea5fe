/**
 * Parsing of a specification: anything that came out of JSON becomes a valid specification, or every error at once.
 */
import { checkBudget } from './budget.ts';
import { InvalidInput, parse } from '../../workflows/validation/complaints.ts';
import type { TaskLookup } from '../contracts/task.ts';
import { specificationSchema, type Specification } from './specification.ts';

/** Returns the schema of a specification that a run can use, given what trainers say of its task. */
export function usableSpecification(lookup: TaskLookup) {
  return specificationSchema(lookup).superRefine(checkBudget);
}

/** An invalid specification: every error, each with its path, what was found and what is allowed. */
export class InvalidSpecification extends InvalidInput {
  constructor(complaints: readonly string[]) {
    super('specification', complaints);
    this.name = 'InvalidSpecification';
  }
}

/**
 * Returns the specification with its defaults filled in; `input` is anything that came out of JSON, `lookup` has what
 * trainers say of its task.
 *
 * @throws InvalidSpecification with every error at once
 */
export function parseSpecification(input: unknown, lookup: TaskLookup): Specification {
  const parsed = parse(usableSpecification(lookup), input);
  if ('complaints' in parsed) throw new InvalidSpecification(parsed.complaints);
  return parsed.value;
}
