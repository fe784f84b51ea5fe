/**
 * Building blocks of schemas: each carries the rule that its error message states and the
 * description that editors show, so that each bound is written once.
 */
import { z } from 'zod';

/** What a field is for: its meaning with unit and, if the paper gives one, the paper's value. */
export type Description = string;

/** Returns a schema of integers from `min` to `max`, both included. */
export function integer(min: number, max: number, description: Description) {
  const error = `an integer from ${min} to ${max}`;
  return z.int({ error }).min(min, { error }).max(max, { error }).describe(description);
}

/** Returns a schema of finite numbers from `min` to `max`, both included. */
export function number(min: number, max: number, description: Description) {
  const error =
    min === -Number.MAX_VALUE && max === Number.MAX_VALUE ? 'a finite number' : `a number from ${min} to ${max}`;
  return z.number({ error }).min(min, { error }).max(max, { error }).describe(description);
}

/** Returns a schema of any finite number. */
export function finite(description: Description) {
  return number(-Number.MAX_VALUE, Number.MAX_VALUE, description);
}

/** Returns a schema of numbers strictly between `min` and `max`. */
export function between(min: number, max: number, description: Description) {
  const error = `a number above ${min} and below ${max}`;
  return z.number({ error }).gt(min, { error }).lt(max, { error }).describe(description);
}

/** Returns a schema that takes one of the choices. */
export function oneOf<const Choices extends readonly [string, ...string[]]>(
  choices: Choices,
  description: Description,
) {
  return z.enum(choices, { error: listOf(choices) }).describe(description);
}

/** Returns a schema of texts of `min` to `max` characters. */
export function text(min: number, max: number, description: Description) {
  const error = `a text of ${min} to ${max} characters`;
  return z.string({ error }).min(min, { error }).max(max, { error }).describe(description);
}

/** Returns a schema of true and false. */
export function flag(description: Description) {
  return z.boolean({ error: '`true` or `false`' }).describe(description);
}

/** Returns a schema that takes this one string: the tag of a union's member. */
export function tag<const Tag extends string>(name: Tag, description: Description) {
  return z.literal(name, { error: `\`${name}\`` }).describe(description);
}

/** Returns a schema of an array with `min` to `max` elements. */
export function list<Element extends z.ZodType>(
  element: Element,
  min: number,
  max: number,
  of: string,
  description: Description,
) {
  const error = min === max ? `an array of ${min} ${of}` : `an array of ${min} to ${max} ${of}`;
  return z.array(element, { error }).min(min, { error }).max(max, { error }).describe(description);
}

/** Returns a schema of a pair of numbers, lower first; their order is a rule of its own (rules.ts). */
export function range<Element extends z.ZodType>(element: Element, description: Description) {
  return z.tuple([element, element], { error: 'an array of two numbers, the lower first' }).describe(description);
}

/** Returns a schema of an object that has these keys only; an unknown one is an error that lists the known. */
export function object<const Shape extends z.core.$ZodLooseShape>(shape: Shape, description: Description) {
  const known = Object.keys(shape).filter((key) => key !== '$schema');
  return z
    .strictObject(shape, {
      error: (issue) =>
        issue.code === 'unrecognized_keys'
          ? `absent (known keys: ${known.join(', ')})`
          : `an object with the keys ${known.join(', ')}`,
    })
    .describe(description);
}

/** A bucket's name as S3 wants it: it also becomes a folder's, so nothing that a path could be made of. */
const BUCKET_RULE =
  'a bucket name: 3 to 63 lower-case letters, digits, hyphens and single dots, a letter or digit at both ' +
  'ends, no IP address';
export const bucketName = z
  .string({ error: BUCKET_RULE })
  .regex(
    /^(?!\d{1,3}(\.\d{1,3}){3}$)(?!xn--)(?!.*(\.\.|\.-|-\.))(?!.*(-s3alias|--ol-s3)$)[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/,
    { error: BUCKET_RULE },
  );

/** Returns "one of `a`, `b`" for an error message. */
export function listOf(choices: readonly (string | number)[]): string {
  return choices.length === 1 ? `\`${choices[0]}\`` : `one of ${choices.map((choice) => `\`${choice}\``).join(', ')}`;
}
