/**
 * Specifications that must be refused, each with what must be said of it: shared by the tests of the check itself, of
 * the workflow that makes it, and of the command line in front of both.
 */
import { SEARCHED_H as h, SMALL } from '../../small-run.ts';

export type Json = Record<string, unknown>;

export const toy: Json = { ...SMALL, steps: 1000, subPopulations: [{ members: 8 }, { members: 8, evaluators: 6 }] };
export const learningRate = {
  kind: 'float',
  scale: 'log',
  bounds: [1e-5, 1],
  initial: { distribution: 'log-uniform', range: [1e-3, 1e-1] },
};
export const images: Json = {
  task: { kind: 'image-classification', dataset: 'fashion-mnist', model: { kind: 'perceptron', hidden: [64] } },
  steps: 6000,
  stepsPerRound: 200,
  evalEvery: 20,
  subPopulations: [{}, {}],
  hyperparameters: { learningRate },
};

export const withToy = (changes: Json): Json => ({ ...toy, ...changes });
const withImages = (changes: Json): Json => ({ ...images, ...changes });
export const withTask = (changes: Json): Json => ({ ...images, task: { ...(images.task as Json), ...changes } });
const withSchedule = (schedule: unknown): Json => ({ ...toy, subPopulations: [{ members: 4 }], schedule });
export const withH = (changes: Json): Json => ({ ...toy, hyperparameters: { h: { ...h, ...changes } } });
const without = (from: Json, key: string): Json =>
  Object.fromEntries(Object.entries(from).filter(([name]) => name !== key));

/** What is wrong, the specification, and every complaint that it must get, in part. */
export const MALFORMED: readonly (readonly [what: string, specification: unknown, ...complaints: string[]])[] = [
  // Not a specification at all.
  ['nothing', undefined, 'Expected `specification` to be an object with the keys task, '],
  ['null', null, 'Expected `specification` to be an object', 'got `null`'],
  ['a list', [toy], 'Expected `specification` to be an object'],
  ['a string', '{"task": "toy"}', 'Expected `specification` to be an object'],
  ['a number', 7, 'Expected `specification` to be an object with the keys task, ', 'got `7`'],
  [
    'nested without end',
    deep(2000),
    'Expected `task.task.task.task.task.task.task.task.task.task.task.task` to be nested at most 12 levels deep',
  ],
  [
    'nested lists without end',
    JSON.parse(`${'['.repeat(2000)}${']'.repeat(2000)}`),
    'Expected `[0][0][0][0][0][0][0][0][0][0][0][0]` to be nested at most 12 levels deep',
  ],
  [
    'a list of a million',
    withToy({ subPopulations: new Array(1_000_000).fill({}) }),
    'Expected `specification` to be at most 100000 values in all',
  ],

  // Missing fields.
  [
    'no task',
    without(toy, 'task'),
    'Expected `task` to be an object with the `kind` of a task and its settings, got `undefined`',
  ],
  ...['steps', 'stepsPerRound', 'evalEvery'].map(
    (key) =>
      [
        `no ${key}`,
        without(toy, key),
        `Expected \`${key}\` to be an integer from 1 to 1000000000, got \`undefined\``,
      ] as const,
  ),
  [
    'no list of sub-populations',
    without(toy, 'subPopulations'),
    'Expected `subPopulations` to be an array of 1 to 16 sub-populations, got `undefined`',
  ],
  [
    'no list of hyperparameters',
    without(toy, 'hyperparameters'),
    'Expected `hyperparameters` to be an object of hyperparameters by name, got `undefined`',
  ],

  // Keys that nobody knows, or that could hurt.
  ['an unknown key', withToy({ step: 5 }), 'Expected `step` to be absent (known keys: task, seed, steps, ', 'got `5`'],
  ['a key in another case', withToy({ Seed: 5 }), 'Expected `Seed` to be absent'],
  [
    'an unknown key of a sub-population',
    withToy({ subPopulations: [{ size: 8 }] }),
    'Expected `subPopulations[0].size` to be absent (known keys: members, evaluators), got `8`',
  ],
  [
    'an unknown key of evaluation',
    withToy({ evaluation: { maxSteps: 60 } }),
    'Expected `evaluation.maxSteps` to be absent (known keys: maxEvalSteps, minStepsBeforeEval, order, ' +
      'significance, patience, childReplaced, against, stopping, shifts, ranking, promotes)',
  ],
  [
    'an unknown key of storage',
    withToy({ storage: { prefix: '../elsewhere' } }),
    'Expected `storage.prefix` to be absent (known keys: bucket, keepRounds), got `"../elsewhere"`',
  ],
  ['an unknown key of a task', withTask({ epochs: 3 }), 'Expected `task.epochs` to be absent'],
  [
    'a key of another task',
    { ...toy, task: { kind: 'toy', variant: 'plain', batchSize: 16 } },
    'Expected `task.batchSize` to be absent (known keys: variant)',
  ],
  [
    'a key of another model',
    withTask({ model: { kind: 'perceptron', hidden: [64], filters: [8] } }),
    'Expected `task.model.filters` to be absent',
  ],
  ['an unknown key of a space', withH({ step: 1 }), 'Expected `hyperparameters.h.step` to be absent'],
  [
    'an unknown key of first values',
    withH({ initial: { distribution: 'uniform', range: [0.9, 1], seed: 1 } }),
    'Expected `hyperparameters.h.initial.seed` to be absent',
  ],
  [
    '__proto__',
    JSON.parse(`{"__proto__": {"admin": true}, ${JSON.stringify(toy).slice(1)}`),
    'Expected `__proto__` to be absent (a reserved name)',
  ],
  [
    '__proto__ among the hyperparameters',
    JSON.parse(JSON.stringify(toy).replace('"h":', '"__proto__": 1, "h":')),
    'Expected `hyperparameters.__proto__` to be absent',
  ],
  [
    'constructor among the hyperparameters',
    withToy({ hyperparameters: { h, constructor: 1 } }),
    'Expected `hyperparameters.constructor` to be absent',
  ],
  [
    'a key with a path in it',
    withToy({ hyperparameters: { h, '../../etc': 1 } }),
    'Expected `hyperparameters["../../etc"]` to be absent (known for this task: h)',
  ],
  ['a key with a new line in it', withToy({ 'a\nb': 1 }), 'Expected `["a\\nb"]` to be absent'],
  [
    'a key of ten thousand letters',
    withToy({ ['k'.repeat(10_000)]: 1 }),
    `Expected \`["${'k'.repeat(60)}…"]\` to be absent (known keys: task, `,
  ],

  ['a key with a control character in it', withToy({ 'a\u0000b': 1 }), 'Expected `["a\\u0000b"]` to be absent'],
  [
    'a key that pretends to end the message',
    withToy({ '` to be fine\nExpected `steps': 1 }),
    'Expected `["` to be fine\\nExpected `steps"]` to be absent',
  ],
  ['a key that is nothing', withToy({ '': 1 }), 'Expected `[""]` to be absent'],
  [
    'a prototype inside a space',
    withH({ prototype: { kind: 'float' } }),
    'Expected `hyperparameters.h.prototype` to be absent (a reserved name), got `a value`',
  ],
  ['a key that turns text around', withToy({ '\u202esdeeps': 1 }), 'Expected `["\\u{202e}sdeeps"]` to be absent'],
  ['half a character', withToy({ smoothing: '\ud800' }), 'Expected `smoothing` to be one of `fixed`, `estimated`'],
  [
    'nested deep inside a space',
    withH({ initial: deep(50) }),
    'Expected `hyperparameters.h.initial.task.task.task.task.task.task.task.task.task` to be nested at most ' +
      '12 levels deep, got `more`',
  ],

  // Steps.
  ['steps as text', withToy({ steps: '1000' }), 'Expected `steps` to be an integer from 1 to 1000000000, got `"1000"`'],
  ['no steps', withToy({ steps: 0 }), 'Expected `steps` to be an integer from 1 to 1000000000, got `0`'],
  ['negative steps', withToy({ steps: -1000 }), 'Expected `steps` to be an integer from 1 to 1000000000, got `-1000`'],
  ['half steps', withToy({ steps: 1000.5 }), 'Expected `steps` to be an integer', 'got `1000.5`'],
  [
    'infinite steps',
    withToy({ steps: Number.POSITIVE_INFINITY }),
    'Expected `steps` to be an integer',
    'got `Infinity`',
  ],
  ['steps that are no number', withToy({ steps: Number.NaN }), 'Expected `steps` to be an integer', 'got `NaN`'],
  ['steps beyond counting', withToy({ steps: 1e300 }), 'Expected `steps` to be an integer', 'got `1e+300`'],
  [
    'steps that are no whole rounds',
    withToy({ steps: 1010 }),
    'Expected `steps` to be a multiple of `stepsPerRound` (20), got `1010`',
  ],
  [
    'rounds that are no whole measurements',
    withToy({ evalEvery: 3 }),
    'Expected `stepsPerRound` to be a multiple of `evalEvery` (3), got `20`',
  ],
  [
    'measurements further apart than rounds',
    withToy({ evalEvery: 40 }),
    'Expected `stepsPerRound` to be a multiple of `evalEvery` (40), got `20`',
  ],
  ['no rounds', withToy({ stepsPerRound: 0 }), 'Expected `stepsPerRound` to be an integer from 1'],
  [
    'more rounds than a history bears',
    withToy({ steps: 400_000, evalEvery: 20, subPopulations: [{}] }),
    'Expected `steps` to be at most 312',
  ],
  [
    'more rounds than promotions bear',
    withToy({ steps: 60_000, evalEvery: 20 }),
    'Expected `steps` to be at most 44300 (2215 rounds): with more, the record of a round of P1 may have ',
  ],
  [
    'more measurements than can be smoothed',
    withToy({ steps: 100_000, stepsPerRound: 100, evalEvery: 1 }),
    'Expected `evalEvery` to be at least 5: at most 20000 measurements over `steps` (100000), got `1`',
  ],
  [
    'more scores in a round than a history bears',
    withToy({ steps: 10_000, stepsPerRound: 10_000, subPopulations: [{ members: 200 }] }),
    'Expected `evalEvery` to be at least 40: the history of P1 may have ',
  ],
  [
    'more evaluators than one message of promotions bears',
    withToy({ steps: 20_000, subPopulations: [{ members: 100 }, { members: 100 }] }),
    'Expected `steps` to be at most 820 (41 rounds): with more, the record of a round of P1 may have ',
  ],

  // Seed, threads, smoothing.
  ['a negative seed', withToy({ seed: -1 }), 'Expected `seed` to be an integer from 0 to 4294967295, got `-1`'],
  [
    'a seed beyond 32 bits',
    withToy({ seed: 2 ** 32 }),
    'Expected `seed` to be an integer from 0 to 4294967295, got `4294967296`',
  ],
  ['a seed of null', withToy({ seed: null }), 'Expected `seed` to be an integer from 0 to 4294967295, got `null`'],
  ['no threads', withToy({ threads: 0 }), 'Expected `threads` to be an integer from 1 to 256, got `0`'],
  [
    'an unknown smoothing',
    withToy({ smoothing: 'gaussian' }),
    'Expected `smoothing` to be one of `fixed`, `estimated`, `none`, got `"gaussian"`',
  ],

  // Sub-populations.
  [
    'no sub-populations',
    withToy({ subPopulations: [] }),
    'Expected `subPopulations` to be an array of 1 to 16 sub-populations, got `[]`',
  ],
  ['sub-populations as a number', withToy({ subPopulations: 2 }), 'Expected `subPopulations` to be an array'],
  [
    'a sub-population as a number',
    withToy({ subPopulations: [8] }),
    'Expected `subPopulations[0]` to be an object with the keys members, evaluators, got `8`',
  ],
  [
    'seventeen sub-populations',
    withToy({ subPopulations: new Array(17).fill({ members: 2 }) }),
    'Expected `subPopulations` to be an array of 1 to 16 sub-populations',
  ],
  [
    'no members',
    withToy({ subPopulations: [{ members: 0 }] }),
    'Expected `subPopulations[0].members` to be an integer from 2 to 500, got `0`',
  ],
  [
    'a member alone, a quarter of which is nobody',
    withToy({ subPopulations: [{ members: 1 }] }),
    'Expected `subPopulations[0].members` to be an integer from 2 to 500, got `1`',
  ],
  [
    'negative members',
    withToy({ subPopulations: [{ members: -8 }] }),
    'Expected `subPopulations[0].members` to be an integer from 2 to 500, got `-8`',
  ],
  [
    'negative evaluators',
    withToy({ subPopulations: [{}, { evaluators: -1 }] }),
    'Expected `subPopulations[1].evaluators` to be an integer from 0 to 8, got `-1`',
  ],
  [
    'more evaluators than members',
    withToy({ subPopulations: [{}, { members: 4, evaluators: 5 }] }),
    'Expected `subPopulations[1].evaluators` to be an integer from 0 to 4, got `5`',
  ],
  [
    'evaluators as text',
    withToy({ subPopulations: [{}, { evaluators: '6' }] }),
    'Expected `subPopulations[1].evaluators` to be an integer from 0 to 8, got `"6"`',
  ],
  [
    'evaluators of P1',
    withToy({ subPopulations: [{ evaluators: 2 }] }),
    'Expected `subPopulations[0].evaluators` to be 0 or left out (P1 is ranked by its scores and has no ' +
      'evaluators), got `2`',
  ],
  [
    'more workers than Temporal bears',
    withToy({ subPopulations: [{ members: 300 }, { members: 200 }] }),
    'Expected `subPopulations` to be at most 500 workers together, members and evaluators, got `650 workers`',
  ],

  // Evaluation.
  [
    'an evaluation of no steps',
    withToy({ evaluation: { maxEvalSteps: 0 } }),
    'Expected `evaluation.maxEvalSteps` to be an integer from 1 to 1000000000, got `0`',
  ],
  [
    'a negative start of evaluation',
    withToy({ evaluation: { minStepsBeforeEval: -20 } }),
    'Expected `evaluation.minStepsBeforeEval` to be an integer from 0',
  ],
  [
    'an unknown order',
    withToy({ evaluation: { order: 'best-first' } }),
    'Expected `evaluation.order` to be one of `oldest-first`, `youngest-first`, got `"best-first"`',
  ],
  [
    'a significance of 1',
    withToy({ evaluation: { significance: 1 } }),
    'Expected `evaluation.significance` to be a number above 0 and below 1, got `1`',
  ],
  [
    'patience below 0',
    withToy({ evaluation: { patience: -20 } }),
    'Expected `evaluation.patience` to be an integer from 0 to 1000000000, got `-20`',
  ],
  [
    'an unknown way with replaced children',
    withToy({ evaluation: { childReplaced: 'stay' } }),
    'Expected `evaluation.childReplaced` to be one of `end`, `follow`, got `"stay"`',
  ],
  [
    'an unknown opponent',
    withToy({ evaluation: { against: 'parent' } }),
    'Expected `evaluation.against` to be one of `child`, `anyone`, got `"parent"`',
  ],
  [
    'an unknown way to stop',
    withToy({ evaluation: { stopping: 'never' } }),
    'Expected `evaluation.stopping` to be one of `binomial-test`, `fixed-length`, got `"never"`',
  ],
  [
    'shifts in words',
    withToy({ evaluation: { shifts: 'yes' } }),
    'Expected `evaluation.shifts` to be `true` or `false`, got `"yes"`',
  ],
  [
    'an unknown ranking',
    withToy({ evaluation: { ranking: 'fitness' } }),
    'Expected `evaluation.ranking` to be one of `improvement`, `score`, got `"fitness"`',
  ],
  [
    'promotions as a number',
    withToy({ evaluation: { promotes: 0 } }),
    'Expected `evaluation.promotes` to be `true` or `false`, got `0`',
  ],
  [
    'evaluation as null',
    withToy({ evaluation: null }),
    'Expected `evaluation` to be an object with the keys maxEvalSteps',
  ],

  // Tasks.
  [
    'an unknown task',
    withToy({ task: { kind: 'text' } }),
    'Expected `task.kind` to be one of `image-classification`, `tabular`, `reinforcement-learning`, `toy` ' +
      '(others: start trainers with `--tasks FILE`), got `"text"`',
  ],
  [
    'a task by name',
    withToy({ task: 'toy' }),
    'Expected `task` to be an object with the `kind` of a task and its settings, got `"toy"`',
  ],
  [
    'an unknown variant',
    withToy({ task: { kind: 'toy', variant: 'hard' } }),
    'Expected `task.variant` to be one of `plain`, `deceptive`, got `"hard"`',
  ],
  [
    'an unknown data set',
    withTask({ dataset: 'imagenet' }),
    'Expected `task.dataset` to be `fashion-mnist` or an object with `kind` idx, folder, cifar-10, cifar-100 or ' +
      'module, got `"imagenet"`',
  ],
  [
    'a data set outside',
    withTask({ dataset: '../../etc/passwd' }),
    'Expected `task.dataset` to be `fashion-mnist` or an object with `kind` idx, folder, cifar-10, cifar-100 or ' +
      'module, got `"../../etc/passwd"`',
  ],
  [
    'an unknown model',
    withTask({ model: { kind: 'transformer' } }),
    'Expected `task.model.kind` to be one of `perceptron`, `convolutional`, `resnet`, got `"transformer"`',
  ],
  [
    'no hidden layer',
    withTask({ model: { kind: 'perceptron', hidden: [] } }),
    'Expected `task.model.hidden` to be an array of 1 to 8 layer widths, got `[]`',
  ],
  [
    'a layer of no units',
    withTask({ model: { kind: 'perceptron', hidden: [64, 0] } }),
    'Expected `task.model.hidden[1]` to be an integer from 1 to 4096, got `0`',
  ],
  [
    'a convolution too many',
    withTask({ model: { kind: 'convolutional', filters: [1, 2, 3, 4, 5], dense: 10 } }),
    'Expected `task.model.filters` to be an array of 1 to 4 filter counts',
  ],
  [
    'an unknown optimizer',
    withTask({ optimizer: 'sgd' }),
    'Expected `task.optimizer` to be one of `momentum`, `nesterov`, `adam`, `adamw`, `rmsprop`, got `"sgd"`',
  ],
  [
    'a batch of nothing',
    withTask({ batchSize: 0 }),
    'Expected `task.batchSize` to be an integer from 1 to 4096, got `0`',
  ],
  [
    'everything held out',
    withTask({ objectiveExamples: 59_000, untouchedExamples: 1_000 }),
    'Expected `task.objectiveExamples` to be below 60000 together with `task.untouchedExamples` (1000), got `59000`',
  ],
  [
    'a batch larger than what is left',
    withTask({ objectiveExamples: 58_000, untouchedExamples: 1_990, batchSize: 11 }),
    'Expected `task.batchSize` to be at most the 10 training images that the held-out ones leave, got `11`',
  ],

  // Hyperparameters.
  [
    'hyperparameters as a list',
    withToy({ hyperparameters: [h] }),
    'Expected `hyperparameters` to be an object of hyperparameters by name',
  ],
  [
    'a missing hyperparameter',
    withToy({ hyperparameters: {} }),
    'Expected `hyperparameters.h` to be a constant or a space to search, got `undefined`',
  ],
  [
    'a misspelt hyperparameter',
    withImages({ hyperparameters: { learningrate: learningRate } }),
    'Expected `hyperparameters.learningrate` to be absent (known for this task: learningRate, momentum, weightDecay, ' +
      'dropout, activation, batchSize, labelSmoothing, shift, smallestCrop)',
    'Expected `hyperparameters.learningRate` to be a constant or a space to search',
  ],
  [
    'momentum for Adam',
    { ...withTask({ optimizer: 'adam' }), hyperparameters: { learningRate, momentum: 0.9 } },
    'Expected `hyperparameters.momentum` to be absent (known for this task: learningRate, weightDecay, beta1, beta2, ' +
      'dropout, activation, batchSize, labelSmoothing, shift, smallestCrop), got `0.9`',
  ],
  [
    'a hyperparameter that is true',
    withToy({ hyperparameters: { h: true } }),
    'Expected `hyperparameters.h` to be a constant (a number or a string) or a space to search',
    'got `true`',
  ],
  [
    'a number as text',
    withImages({ hyperparameters: { learningRate: '0.1' } }),
    'Expected `hyperparameters.learningRate` to be a number above 0, in single precision too, got `"0.1"`',
  ],
  [
    'an infinite constant',
    withImages({ hyperparameters: { learningRate: Number.POSITIVE_INFINITY } }),
    'Expected `hyperparameters.learningRate` to be a constant (a number or a string) or a space to search',
    'got `Infinity`',
  ],
  [
    'a learning rate of 0',
    withImages({ hyperparameters: { learningRate: 0 } }),
    'Expected `hyperparameters.learningRate` to be a number above 0, in single precision too, got `0`',
  ],
  [
    'a learning rate that is 0 in single precision',
    withImages({ hyperparameters: { learningRate: 1e-60 } }),
    'Expected `hyperparameters.learningRate` to be a number above 0, in single precision too, got `1e-60`',
  ],
  [
    'a weight decay that is infinite in single precision',
    withImages({ hyperparameters: { learningRate, weightDecay: 1e40 } }),
    'Expected `hyperparameters.weightDecay` to be a number of at least 0, in single precision too, got `1e+40`',
  ],
  [
    'a momentum that is 1 in single precision',
    withImages({ hyperparameters: { learningRate, momentum: 0.99999999 } }),
    'Expected `hyperparameters.momentum` to be a number from 0 to below 1, in single precision too, got `0.99999999`',
  ],
  [
    'a momentum of 1',
    withImages({ hyperparameters: { learningRate, momentum: 1 } }),
    'Expected `hyperparameters.momentum` to be a number from 0 to below 1, in single precision too, got `1`',
  ],
  [
    'a negative weight decay',
    withImages({ hyperparameters: { learningRate, weightDecay: -1e-4 } }),
    'Expected `hyperparameters.weightDecay` to be a number of at least 0, in single precision too, got `-0.0001`',
  ],
  [
    'bounds beyond what makes sense',
    withImages({ hyperparameters: { learningRate, momentum: { ...learningRate, scale: 'linear', bounds: [0, 1] } } }),
    'Expected `hyperparameters.momentum.bounds` to be two numbers, each a number from 0 to below 1, in ' +
      'single precision too, got `[0,1]`',
  ],
  [
    'an unknown kind',
    withH({ kind: 'double' }),
    'Expected `hyperparameters.h.kind` to be one of `float`, `integer`, `category`, got `"double"`',
  ],
  [
    'names for a number',
    withToy({ hyperparameters: { h: { kind: 'category', choices: ['a', 'b'] } } }),
    'Expected `hyperparameters.h.choices` to be numbers, each a finite number, in single precision too, ' +
      'got `["a","b"]`',
  ],
  [
    'an integer for a real number',
    withToy({ hyperparameters: { h: { kind: 'integer', bounds: [0, 5], initial: { range: [0, 5] } } } }),
    'Expected `hyperparameters.h.kind` to be one of `float`, `category`',
  ],
  [
    'a choice twice',
    withToy({ hyperparameters: { h: { kind: 'category', choices: ['a', 'a'] } } }),
    'Expected `hyperparameters.h.choices` to be different strings or numbers, got `["a","a"]`',
  ],
  [
    'an unknown scale',
    withH({ scale: 'logarithmic' }),
    'Expected `hyperparameters.h.scale` to be one of `linear`, `log`',
  ],
  [
    'no bounds',
    { ...toy, hyperparameters: { h: without(h, 'bounds') } },
    'Expected `hyperparameters.h.bounds` to be an array of two numbers, the lower first, got `undefined`',
  ],
  ['three bounds', withH({ bounds: [0, 1, 2] }), 'Expected `hyperparameters.h.bounds` to be an array of two numbers'],
  [
    'bounds the wrong way round',
    withH({ bounds: [1.1, 1e-4] }),
    'Expected `hyperparameters.h.bounds` to be two numbers, the first below the second, got `[1.1,0.0001]`',
  ],
  [
    'equal bounds',
    withH({ bounds: [1, 1] }),
    'Expected `hyperparameters.h.bounds` to be two numbers, the first below the second, got `[1,1]`',
  ],
  [
    'a log scale from 0',
    withH({ bounds: [0, 1.1] }),
    'Expected `hyperparameters.h.bounds` to be two numbers above 0, as the scale is `log`, got `[0,1.1]`',
  ],
  [
    'first values out of bounds',
    withH({ initial: { distribution: 'uniform', range: [0.9, 1.2] } }),
    'Expected `hyperparameters.h.initial.range` to be inside the bounds, from 0.0001 to 1.1, got `[0.9,1.2]`',
  ],
  [
    'first values the wrong way round',
    withH({ initial: { distribution: 'uniform', range: [1.1, 0.9] } }),
    'Expected `hyperparameters.h.initial.range` to be two numbers, the first not above the second',
  ],
  [
    'log-uniform first values from 0',
    withH({ scale: 'linear', bounds: [0, 1], initial: { distribution: 'log-uniform', range: [0, 1] } }),
    'Expected `hyperparameters.h.initial.range` to be two numbers above 0, as the distribution is `log-uniform`',
  ],
  [
    'an unknown distribution',
    withH({ initial: { distribution: 'normal', range: [0.9, 1] } }),
    'Expected `hyperparameters.h.initial.distribution` to be one of `uniform`, `log-uniform`',
  ],
  [
    'no factors',
    withH({ factors: [] }),
    'Expected `hyperparameters.h.factors` to be an array of 1 to 64 factors, got `[]`',
  ],
  [
    'a factor of 0',
    withH({ factors: [0, 2] }),
    'Expected `hyperparameters.h.factors[0]` to be a number from 0.000001 to 1000000, got `0`',
  ],
  [
    'a negative factor',
    withH({ factors: [0.5, -2] }),
    'Expected `hyperparameters.h.factors[1]` to be a number from 0.000001 to 1000000, got `-2`',
  ],
  [
    'factors that change nothing',
    withH({ factors: [1, 1] }),
    'Expected `hyperparameters.h.factors` to be factors of which one at least is not 1, got `[1,1]`',
  ],

  // Schedules made by hand.
  [
    'a schedule by name',
    withSchedule('cosine'),
    'Expected `schedule` to be an object of shapes by hyperparameter, or an array of segments, got `"cosine"`',
  ],
  [
    'a schedule of null',
    withSchedule(null),
    'Expected `schedule` to be an object of shapes by hyperparameter, or an array of segments, got `null`',
  ],
  [
    'an unknown shape',
    withSchedule({ h: { kind: 'linear' } }),
    'Expected `schedule.h.kind` to be one of `constant`, `step`, `cosine`, got `"linear"`',
  ],
  [
    'a shape as a number',
    withSchedule({ h: 0.1 }),
    'Expected `schedule.h` to be a shape (an object with `kind` constant, step or cosine) or an array of ' +
      'shapes, got `0.1`',
  ],
  ['no shape to draw', withSchedule({ h: [] }), 'Expected `schedule.h` to be an array of 1 to 16 shapes, got `[]`'],
  [
    'a key of another shape',
    withSchedule({ h: { kind: 'cosine', milestones: [20] } }),
    'Expected `schedule.h.milestones` to be absent (known keys: kind, finalFactor, warmUpSteps), got `[20]`',
  ],
  [
    'no milestones',
    withSchedule({ h: { kind: 'step', milestones: [] } }),
    'Expected `schedule.h.milestones` to be an array of 1 to 64 steps, got `[]`',
  ],
  [
    'half a milestone',
    withSchedule({ h: { kind: 'step', milestones: [20, 40.5] } }),
    'Expected `schedule.h.milestones[1]` to be an integer from 1 to 1000000000, got `40.5`',
  ],
  [
    'a factor of 1 at milestones',
    withSchedule({ h: { kind: 'step', milestones: [20], factor: 1 } }),
    'Expected `schedule.h.factor` to be a number above 0 and below 1, got `1`',
  ],
  [
    'an end above the start',
    withSchedule({ h: { kind: 'cosine', finalFactor: 1.5 } }),
    'Expected `schedule.h.finalFactor` to be a number from 0 to 1, got `1.5`',
  ],
  [
    'a warm-up as long as the run',
    withSchedule({ h: { kind: 'constant', warmUpSteps: 1000 } }),
    'Expected `schedule.h.warmUpSteps` to be below `steps` (1000), got `1000`',
  ],
  [
    'a warm-up too long in one shape of two',
    withSchedule({ h: [{ kind: 'constant' }, { kind: 'cosine', warmUpSteps: 2000 }] }),
    'Expected `schedule.h[1].warmUpSteps` to be below `steps` (1000), got `2000`',
  ],
  [
    'a schedule of an unknown hyperparameter',
    withSchedule({ learningRate: { kind: 'constant' } }),
    'Expected `schedule.learningRate` to be absent (known for this task: h), got `{"kind":"constant"}`',
  ],
  [
    'a schedule of a hyperparameter that is absent',
    withImages({ subPopulations: [{}], schedule: { momentum: { kind: 'constant' } } }),
    'Expected `schedule.momentum` to be absent: `hyperparameters` has no number of that name, got ' +
      '`{"kind":"constant"}`',
  ],
  [
    'a schedule of a category',
    withToy({
      subPopulations: [{}],
      hyperparameters: { h: { kind: 'category', choices: ['a', 'b'] } },
      schedule: { h: { kind: 'constant' } },
    }),
    'Expected `schedule.h` to be absent: a category has no order in which it could be scheduled, ' +
      'got `{"kind":"constant"}`',
  ],
  [
    'a schedule for two sub-populations',
    withToy({ schedule: { h: { kind: 'constant' } } }),
    'Expected `subPopulations` to be one alone, as there is a `schedule`: its members never copy one ' +
      'another, got `2 sub-populations`',
  ],
  [
    'no members under a schedule',
    { ...withSchedule({ h: { kind: 'constant' } }), subPopulations: [{ members: 0 }] },
    'Expected `subPopulations[0].members` to be an integer from 1 to 500, got `0`',
  ],

  // Traces: the schedules of finished runs.
  ['a trace of nothing', withSchedule([]), 'Expected `schedule` to be an array of 1 to 10000 segments, got `[]`'],
  [
    'a segment as a number',
    withSchedule([20]),
    'Expected `schedule[0]` to be an object with the keys fromStep, toStep, hyperparameters, got `20`',
  ],
  [
    'a segment without values',
    withSchedule([{ fromStep: 0, toStep: 20 }]),
    'Expected `schedule[0].hyperparameters` to be an object of values by name, got `undefined`',
  ],
  [
    'a trace that begins late',
    withSchedule([segment(20, 40)]),
    'Expected `schedule[0].fromStep` to be 0, the first step, got `20`',
  ],
  [
    'a trace with a gap',
    withSchedule([segment(0, 20), segment(40, 60)]),
    'Expected `schedule[1].fromStep` to be 20, where the segment before it ends, got `40`',
  ],
  [
    'a trace with an overlap',
    withSchedule([segment(0, 40), segment(20, 60)]),
    'Expected `schedule[1].fromStep` to be 40, where the segment before it ends, got `20`',
  ],
  [
    'a segment of no steps',
    withSchedule([segment(0, 20), segment(20, 20)]),
    'Expected `schedule[1].toStep` to be above `fromStep` (20), got `20`',
  ],
  [
    'a segment of half a round',
    withSchedule([segment(0, 30), segment(30, 60)]),
    'Expected `schedule[0].toStep` to be a multiple of `stepsPerRound` (20), got `30`',
  ],
  [
    'a last segment of half a round',
    withSchedule([segment(0, 20), segment(20, 50)]),
    'Expected `schedule[1].toStep` to be a multiple of `stepsPerRound` (20), got `50`',
  ],
  [
    'a text in a trace',
    withSchedule([segment(0, 20, { h: 'high' })]),
    'Expected `schedule[0].hyperparameters.h` to be a finite number, in single precision too, got `"high"`',
  ],
  [
    'a value that is true in a trace',
    withSchedule([segment(0, 20, { h: true })]),
    'Expected `schedule[0].hyperparameters.h` to be a number or a string, got `true`',
  ],
  [
    'a learning rate of 0 in a trace',
    withImages({ subPopulations: [{}], schedule: [segment(0, 200, { learningRate: 0 })] }),
    'Expected `schedule[0].hyperparameters.learningRate` to be a number above 0, in single precision too, got `0`',
  ],
  [
    'an unknown name in a trace',
    withSchedule([segment(0, 20, { h: 1, momentum: 0.9 })]),
    'Expected `schedule[0].hyperparameters.momentum` to be absent (known for this task: h), got `0.9`',
  ],
  [
    'a trace that leaves out what is searched',
    withImages({
      subPopulations: [{}],
      hyperparameters: {
        learningRate: { kind: 'float', scale: 'log', bounds: [1e-4, 1], initial: 0.1 },
        momentum: 0.9,
      },
      schedule: [segment(0, 200, { learningRate: 0.1 }), segment(200, 400, { momentum: 0.5 })],
    }),
    'Expected `schedule[1].hyperparameters.learningRate` to be a value, because `hyperparameters` searches it, got ' +
      '`undefined`',
  ],
  [
    'a segment with its worker',
    withSchedule([{ ...segment(0, 20), worker: 'P1/member-0' }]),
    'Expected `schedule[0].worker` to be absent (known keys: fromStep, toStep, hyperparameters), got `"P1/member-0"`',
  ],

  // Storage: names that could become paths.
  ...[
    '../escape',
    'a/b',
    'UPPER',
    'ab',
    'a'.repeat(64),
    '192.168.0.1',
    'a..b',
    '-a-',
    'bucket\u0000name',
    'bücket',
    '',
    'a b c',
    'xn--bucket',
  ].map(
    (bucket) =>
      [
        `the bucket ${JSON.stringify(bucket)}`,
        withToy({ storage: { bucket } }),
        'Expected `storage.bucket` to be a bucket name: 3 to 63 lower-case letters',
      ] as const,
  ),
  [
    'a bucket that is a list',
    withToy({ storage: { bucket: ['fire-pbt'] } }),
    'Expected `storage.bucket` to be a bucket name: 3 to 63 lower-case letters',
  ],
  [
    'storage as a path',
    withToy({ storage: '/etc' }),
    'Expected `storage` to be an object with the keys bucket, keepRounds, got `"/etc"`',
  ],
  [
    'rounds kept without end',
    withToy({ storage: { keepRounds: 1e9 } }),
    'Expected `storage.keepRounds` to be an integer from 2 to 1000, got `1000000000`',
  ],
  [
    'a single round kept',
    withToy({ storage: { keepRounds: 1 } }),
    'Expected `storage.keepRounds` to be an integer from 2 to 1000, got `1`',
  ],
];

function segment(fromStep: number, toStep: number, hyperparameters: Json = { h: 1 }): Json {
  return { fromStep, toStep, hyperparameters };
}

function deep(levels: number): Json {
  let value: Json = {};
  for (let level = 0; level < levels; level += 1) value = { task: value };
  return value;
}
