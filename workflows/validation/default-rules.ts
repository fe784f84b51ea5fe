/**
 * Rules in the words of this project for schemas that state none themselves: those of tasks that users write.
 */
import { z } from 'zod';
import { listOf } from './fields.ts';

/** Nouns for what zod calls by the names of types. */
const NOUNS: Readonly<Record<string, string>> = {
  string: 'a string',
  number: 'a number',
  int: 'an integer',
  boolean: '`true` or `false`',
  array: 'an array',
  tuple: 'an array',
  object: 'an object',
  record: 'an object',
  null: '`null`',
  undefined: 'absent',
  never: 'absent',
};

/** Units that a bound counts. */
const COUNTED: Readonly<Record<string, string>> = { string: ' characters', array: ' elements' };

/** Returns the rule that completes `Expected … to be` for an issue; undefined: zod's own words. */
export function defaultRule(issue: z.core.$ZodRawIssue): string | undefined {
  switch (issue.code) {
    case 'invalid_type':
      return NOUNS[issue.expected];
    case 'too_small':
      return bound(issue.inclusive === false ? 'above' : 'at least', issue.minimum, issue.origin);
    case 'too_big':
      return bound(issue.inclusive === false ? 'below' : 'at most', issue.maximum, issue.origin);
    case 'not_multiple_of':
      return `a multiple of ${issue.divisor}`;
    case 'invalid_value':
      return listOf(issue.values.map(String));
    case 'invalid_union':
      return Array.isArray(issue.options) && issue.options.length > 0
        ? listOf(issue.options.map(String))
        : 'one of the alternatives';
    case 'unrecognized_keys': {
      const known = issue.inst instanceof z.ZodObject ? Object.keys(issue.inst.shape) : [];
      return known.length === 0 ? 'absent' : `absent (known keys: ${known.join(', ')})`;
    }
    default:
      return undefined;
  }
}

function bound(relation: string, value: number | bigint, origin: string): string {
  return `${relation} ${value}${COUNTED[origin] ?? ''}`;
}
