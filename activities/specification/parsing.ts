/**
 * Parsing of a specification: anything that came out of JSON becomes a valid specification, or every error at once.
 */
import { checkBudget } from './budget.ts';
import { complain, inspect } from './complaints.ts';
import { specificationSchema, type Specification } from './specification.ts';

const schema = specificationSchema.superRefine(checkBudget);

/** An invalid specification: every error, each with its path, what was found and what is allowed. */
export class InvalidSpecification extends Error {
  readonly complaints: readonly string[];

  constructor(complaints: readonly string[]) {
    super(
      'Cannot use the specification: ' +
        `${complaints.length === 1 ? 'one error' : `${complaints.length} errors`}\n${complaints.join('\n')}`,
    );
    this.name = 'InvalidSpecification';
    this.complaints = complaints;
  }
}

/**
 * Returns the specification with its defaults filled in; `input` is anything that came out of JSON.
 *
 * @throws InvalidSpecification with every error at once
 */
export function parseSpecification(input: unknown): Specification {
  const hostile = inspect(input);
  if (hostile.length > 0) throw new InvalidSpecification(hostile);
  const parsed = schema.safeParse(input);
  if (!parsed.success) throw new InvalidSpecification(complain(parsed.error.issues, input));
  return parsed.data;
}
