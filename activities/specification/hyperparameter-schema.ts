/**
 * Schema of hyperparameters: constants and search spaces.
 */
import { z } from 'zod';
import { finite, integer, list, listOf, number, object, oneOf, range, tag } from '../../workflows/validation/fields.ts';
import { checkSpace } from './hyperparameter-rules.ts';

const factors = list(
  number(1e-6, 1e6, 'A factor.'),
  1,
  64,
  'factors',
  'Factors of which explore draws one uniformly, to multiply a value by. Default and the paper: [0.5, 0.8, 1.25, 2].',
).default([0.5, 0.8, 1.25, 2]);

const floatSpace = object(
  {
    kind: tag('float', 'A real number.'),
    scale: oneOf(
      ['linear', 'log'],
      'On a log scale (bounds above 0), explore multiplies. On a linear scale, explore moves a value on its ' +
        'normalised range if factors cannot move it.',
    ),
    bounds: range(finite('A bound.'), 'Lowest and highest value ever used; both included.'),
    initial: object(
      {
        distribution: oneOf(['uniform', 'log-uniform'], 'Distribution of first values.'),
        range: range(finite('An end of the range.'), 'Lowest and highest first value; inside the bounds.'),
      },
      'Distribution and range of first values.',
    ),
    factors,
  },
  'A searched real number.',
);

const integerSpace = object(
  {
    kind: tag('integer', 'A whole number.'),
    bounds: range(integer(-1e9, 1e9, 'A bound.'), 'Lowest and highest value ever used; both included.'),
    initial: object(
      {
        range: range(
          integer(-1e9, 1e9, 'An end of the range.'),
          'Lowest and highest first value, drawn uniformly; inside the bounds.',
        ),
      },
      'Range of first values.',
    ),
    factors,
  },
  'A searched whole number: explore multiplies it and moves it by at least one.',
);

/** A choice that is a name, or a constant that is one. */
export const choice = z
  .string({ error: 'a string of 1 to 100 characters' })
  .min(1, { error: 'a string of 1 to 100 characters' })
  .max(100, { error: 'a string of 1 to 100 characters' });

const categorySpace = object(
  {
    kind: tag('category', 'One of several names or numbers.'),
    choices: list(
      z.union([finite('A number.'), choice], { error: 'a number or a string of 1 to 100 characters' }),
      2,
      64,
      'different strings or numbers',
      'Possible values: names of a category, or some of the values of a number. Explore draws a new one.',
    ),
  },
  'A searched category.',
);

const searched = z
  .discriminatedUnion('kind', [floatSpace, integerSpace, categorySpace], {
    error: (issue) =>
      issue.code === 'invalid_union'
        ? listOf(['float', 'integer', 'category'])
        : 'a number, a string or a space to search',
  })
  .superRefine(checkSpace, { when: () => true });

/** One hyperparameter: a constant or a search space. */
export const hyperparameter = z.union([finite('A constant.'), choice, searched], {
  error: 'a constant (a number or a string) or a space to search (an object with `kind` float, integer or category)',
});
