/** What the operator may not ask of a run, and what the refusal says. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseSpecification } from '../../../activities/specification/parsing.ts';
import {
  validateExtension,
  validateHyperparameters,
  validatePause,
  validateStop,
} from '../../../workflows/run/operator-messages.ts';

const SPECIFICATION = parseSpecification({
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
const WHY = { reason: 'a reason' };
const set = (changes: object) =>
  validateHyperparameters(SPECIFICATION, {
    subPopulation: 1,
    member: 0,
    hyperparameters: { h: 1 },
    ...WHY,
    ...changes,
  });
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
  'an extension': extend({ steps: 120 }),
};

const REFUSED: readonly (readonly [string, string | undefined, RegExp])[] = [
  [
    'a pause without reason',
    validatePause({}),
    /^Expected `reason` to be a text of 1 to 500 characters, got `nothing`$/,
  ],
  ['a blank reason', validatePause({ reason: ' ' }), /got `" "`$/],
  ['a reason of 501 characters', validatePause({ reason: 'x'.repeat(501) }), /1 to 500 characters/],
  ['a pause that is a text', validatePause('now'), /^Expected one JSON object with reason, got `"now"`$/],
  ['an unknown field', validatePause({ ...WHY, until: 5 }), /^Expected only reason, got `until` too$/],
  ['a stop without reason', stop({}), /^Expected `reason`/],
  ['a sub-population that is none', stop({ ...WHY, subPopulation: 3 }), /`subPopulation` to be an integer from 1 to 2/],
  ['a member without sub-population', stop({ ...WHY, member: 0 }), /^Expected `subPopulation` beside `member`/],
  ['a member that is none', stop({ ...WHY, subPopulation: 1, member: 2 }), /`member` to be an integer from 0 to 1/],
  ['an evaluator of P1', stop({ ...WHY, subPopulation: 1, evaluator: 0 }), /^Expected no `evaluator`/],
  ['a member and an evaluator', stop({ ...WHY, subPopulation: 2, member: 0, evaluator: 0 }), /got both$/],
  [
    'a value beyond its bounds',
    set({ hyperparameters: { h: 11 } }),
    /`hyperparameters.h` to be a number from 0.01 to 10/,
  ],
  ['a value of another kind', set({ hyperparameters: { h: 'high' } }), /got `"high"`$/],
  ['an unknown hyperparameter', set({ hyperparameters: { g: 1 } }), /`hyperparameters.g` to be one of h/],
  ['no hyperparameter', set({ hyperparameters: {} }), /an object with at least one value, got `{}`$/],
  ['a member of nowhere', set({ member: -1 }), /`member` to be an integer from 0 to 1, got `-1`$/],
  ['steps that are no whole round', extend({ steps: 130 }), /a multiple of stepsPerRound \(20\) above the present 100/],
  ['no more steps than now', extend({ steps: 100 }), /above the present 100, got `100`$/],
  ['more steps than the histories allow', extend({ steps: 200 }, 1, 5, 9), /^Expected `steps` to be at most 180/],
  ['an extension in the last rounds', extend({ steps: 200 }, 3), /^Cannot extend the run: round 3 of 5 is complete/],
];

describe('messages of the operator', () => {
  for (const [title, problem] of Object.entries(ACCEPTED))
    it(`accept ${title}`, () => assert.equal(problem, undefined));
  for (const [title, problem, expected] of REFUSED)
    it(`refuse ${title}`, () => assert.match(problem ?? 'accepted', expected));
});
