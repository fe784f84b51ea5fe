/**
 * Parsing of a specification: anything that came out of JSON becomes a valid specification, or every error at once.
 */
import { checkBudget } from './budget.ts';
import { InvalidInput, parse } from '../../workflows/validation/complaints.ts';
import { specificationSchema, type Specification } from './specification.ts';

/** Schema of a specification that a run can use. */
export const usableSpecification = specificationSchema.superRefine(checkBudget);

/** An invalid specification: every error, each with its path, what was found and what is allowed. */
export class InvalidSpecification extends InvalidInput {
  constructor(complaints: readonly string[]) {
    super('specification', complaints);
    this.name = 'InvalidSpecification';
  }
}

/**
 * Returns the specification with its defaults filled in; `input` is anything that came out of JSON.
 *
 * @throws InvalidSpecification with every error at once
 */
export function parseSpecification(input: unknown): Specification {
  const parsed = parse(usableSpecification, input);
  if ('complaints' in parsed) throw new InvalidSpecification(parsed.complaints);
  return parsed.value;
}
