/** What the operator may not ask of a run, and what the refusal says. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Specification } from '../../../activities/specification/specification.ts';
import {
  validateExtension,
  validateHyperparameters,
  validatePause,
  validateStop,
} from '../../../workflows/run/operator-messages.ts';
import { specificationOf } from '../../shipped-tasks.ts';

const TOY = specificationOf({
  task: { kind: 'toy', variant: 'plain' },
  steps: 100,
  stepsPerRound: 20,
  evalEvery: 10,
  subPopulations: [{ members: 2 }, { members: 2, evaluators: 1 }],
  hyperparameters: {
    h: {
      kind: 'float',
      scale: 'log',
      bounds: [0.01, 10],
      initial: { distribution: 'log-uniform', range: [0.1, 1] },
    },
  },
});
/** With a hyperparameter of each kind, more than the task of the toy has. */
const SPECIFICATION: Specification = {
  ...TOY,
  hyperparameters: {
    ...TOY.hyperparameters,
    layers: { kind: 'integer', bounds: [1, 4], initial: { range: [1, 2] }, factors: [2, 0.5] },
    optimizer: { kind: 'category', choices: ['adam', 'momentum'] },
    size: { kind: 'category', choices: [16, 32] },
    batch: 16,
  },
};
const SET_KEYS = 'subPopulation, member, hyperparameters, reason';
const WHY = { reason: 'a reason' };
const set = (changes: object, reported = 1, rounds = 5) => {
  const message = { subPopulation: 1, member: 0, hyperparameters: { h: 1 }, ...WHY, ...changes };
  return validateHyperparameters(SPECIFICATION, message, reported, rounds);
};
const stop = (message: unknown) => validateStop(SPECIFICATION, message);
const extend = (message: unknown, completed = 1, rounds = 5, most = 100) =>
  validateExtension(SPECIFICATION, message, completed, rounds, most);

const ACCEPTED = {
  'a pause': validatePause(WHY),
  'a stop of the run': stop(WHY),
  'a stop of a sub-population': stop({ ...WHY, subPopulation: 2 }),
  'a stop of a member': stop({ ...WHY, subPopulation: 1, member: 1 }),
  'a stop of an evaluation': stop({ ...WHY, subPopulation: 2, evaluator: 0 }),
  'hyperparameters within their bounds': set({}),
  'hyperparameters while P1 cannot be in the last round of 1000': set({}, 997, 1000),
  'a whole number and a choice': set({ hyperparameters: { layers: 4, optimizer: 'adam', size: 32 } }),
  'an extension': extend({ steps: 120 }),
  'an extension while P1 cannot be in the last round of 1000': extend({ steps: 30_000 }, 996, 1000, 2000),
};

const REASON = 'Expected `reason` to be a text of 1 to 500 characters, got';

const REFUSED: readonly (readonly [title: string, problem: string | undefined, expected: string])[] = [
  ['a pause without reason', validatePause({}), `${REASON} \`undefined\``],
  ['a blank reason', validatePause({ reason: ' ' }), `${REASON} \`" "\``],
  ['a reason of 501 characters', validatePause({ reason: 'x'.repeat(501) }), `${REASON} \`"${'x'.repeat(79)}…\``],
  [
    'a pause that is a text',
    validatePause('now'),
    'Expected `pause` to be an object with the keys reason, got `"now"`',
  ],
  ['no pause', validatePause(undefined), 'Expected `pause` to be an object with the keys reason, got `undefined`'],
  [
    'an unknown field',
    validatePause({ ...WHY, until: 5 }),
    'Expected `until` to be absent (known keys: reason), got `5`',
  ],
  [
    'a reserved name',
    validatePause(JSON.parse('{"reason": "a reason", "__proto__": {}}')),
    'Expected `__proto__` to be absent (a reserved name), got `a value`',
  ],
  [
    'several errors at once',
    validatePause({ until: 5 }),
    `${REASON} \`undefined\`; Expected \`until\` to be absent (known keys: reason), got \`5\``,
  ],
  ['a stop without reason', stop({}), `${REASON} \`undefined\``],
  [
    'a sub-population that is none',
    stop({ ...WHY, subPopulation: 3 }),
    'Expected `subPopulation` to be an integer from 1 to 2, got `3`',
  ],
  [
    'a member of a sub-population that is none',
    stop({ ...WHY, subPopulation: 'P1', member: 9 }),
    'Expected `subPopulation` to be an integer from 1 to 2, got `"P1"`',
  ],
  [
    'a member without sub-population',
    stop({ ...WHY, member: 0 }),
    'Expected `subPopulation` to be the number of the sub-population of that member or evaluator, got `undefined`',
  ],
  [
    'a member that is none',
    stop({ ...WHY, subPopulation: 1, member: 2 }),
    'Expected `member` to be an integer from 0 to 1, got `2`',
  ],
  [
    'an evaluator of P1',
    stop({ ...WHY, subPopulation: 1, evaluator: 0 }),
    'Expected `evaluator` to be absent: the sub-population has none, got `0`',
  ],
  [
    'a member and an evaluator',
    stop({ ...WHY, subPopulation: 2, member: 0, evaluator: 0 }),
    'Expected `evaluator` to be absent beside `member`, got `0`',
  ],
  [
    'a value beyond its bounds',
    set({ hyperparameters: { h: 11 } }),
    'Expected `hyperparameters.h` to be a number from 0.01 to 10, got `11`',
  ],
  [
    'a value of another kind',
    set({ hyperparameters: { h: 'high' } }),
    'Expected `hyperparameters.h` to be a number from 0.01 to 10, got `"high"`',
  ],
  [
    'a fraction of a whole number',
    set({ hyperparameters: { layers: 1.5 } }),
    'Expected `hyperparameters.layers` to be an integer from 1 to 4, got `1.5`',
  ],
  [
    'a choice that is none',
    set({ hyperparameters: { optimizer: 'sgd' } }),
    'Expected `hyperparameters.optimizer` to be one of `adam`, `momentum`, got `"sgd"`',
  ],
  [
    'a number that is no choice',
    set({ hyperparameters: { size: '16' } }),
    'Expected `hyperparameters.size` to be one of `16`, `32`, got `"16"`',
  ],
  [
    'a constant',
    set({ hyperparameters: { batch: 32 } }),
    'Expected `hyperparameters.batch` to be absent: it is constant in this run, got `32`',
  ],
  [
    'an unknown hyperparameter',
    set({ hyperparameters: { g: 1 } }),
    'Expected `hyperparameters.g` to be absent (the run searches h, layers, optimizer, size), got `1`',
  ],
  [
    'no hyperparameter',
    set({ hyperparameters: {} }),
    'Expected `hyperparameters` to be an object with at least one hyperparameter that the run searches: ' +
      'h, layers, optimizer, size, got `{}`',
  ],
  ['a member of nowhere', set({ member: -1 }), 'Expected `member` to be an integer from 0 to 1, got `-1`'],
  [
    'hyperparameters without a sub-population',
    set({ subPopulation: undefined }),
    'Expected `subPopulation` to be an integer from 1 to 2, got `undefined`',
  ],
  [
    'more errors than are shown',
    set(Object.fromEntries(Array.from({ length: 8 }, (_, index) => [`extra${index}`, index]))),
    [0, 1, 2, 3, 4]
      .map((index) => `Expected \`extra${index}\` to be absent (known keys: ${SET_KEYS}), got \`${index}\``)
      .join('; ') + '; … and 3 more',
  ],
  [
    'steps that are no whole round',
    extend({ steps: 130 }),
    'Expected `steps` to be a multiple of stepsPerRound (20) above the present 100, got `130`',
  ],
  [
    'steps that are a text',
    extend({ steps: 'many' }),
    'Expected `steps` to be a multiple of stepsPerRound (20) above the present 100, got `"many"`',
  ],
  [
    'no more steps than now',
    extend({ steps: 100 }),
    'Expected `steps` to be a multiple of stepsPerRound (20) above the present 100, got `100`',
  ],
  [
    'more steps than the histories allow',
    extend({ steps: 200 }, 1, 5, 9),
    'Expected `steps` to be at most 180 (9 rounds, as many as its histories and curves allow), got `200`',
  ],
  [
    'an extension in the last rounds',
    extend({ steps: 200 }, 3),
    'Cannot extend the run: round 3 of 5 is complete, so its last round may have begun. ' +
      'Start a new run from its rounds instead',
  ],
  [
    'hyperparameters if P1 may be in the last round without having reported the round before',
    set({}, 998, 1000),
    'Cannot set hyperparameters: the last round of P1/member-0 may have begun',
  ],
  [
    'hyperparameters of P2 if it may be in the last round',
    set({ subPopulation: 2 }, 3),
    'Cannot set hyperparameters: the last round of P2/member-0 may have begun',
  ],
  [
    'an extension if P1 may be in the last round without having reported the round before',
    extend({ steps: 30_000 }, 998, 1000, 2000),
    'Cannot extend the run: round 998 of 1000 is complete and one round in 2 is reported, so its last round may have ' +
      'begun. Start a new run from its rounds instead',
  ],
];

describe('messages of the operator', () => {
  for (const [title, problem] of Object.entries(ACCEPTED))
    it(`accept ${title}`, () => assert.equal(problem, undefined));
  for (const [title, problem, expected] of REFUSED) it(`refuse ${title}`, () => assert.equal(problem, expected));
});
