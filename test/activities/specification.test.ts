import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, test } from 'node:test';
import { InvalidSpecification, parseSpecification } from '../../activities/specification.ts';
import { JSON_SCHEMA_PATH, jsonSchemaText } from '../../activities/specification/write-json-schema.ts';

type Json = Record<string, unknown>;

const h = { kind: 'float', scale: 'log', bounds: [1e-4, 1.1], initial: { distribution: 'uniform', range: [0.9, 1.1] }, factors: [0.5, 2] };
const toy: Json = { task: { kind: 'toy', variant: 'deceptive' }, steps: 1000, stepsPerRound: 20, evalEvery: 1, subPopulations: [{ members: 8 }, { members: 8, evaluators: 6 }], hyperparameters: { h } };
const learningRate = { kind: 'float', scale: 'log', bounds: [1e-5, 1], initial: { distribution: 'log-uniform', range: [1e-3, 1e-1] } };
const images: Json = {
  task: { kind: 'image-classification', dataset: 'fashion-mnist', model: { kind: 'perceptron', hidden: [64] } },
  steps: 6000,
  stepsPerRound: 200,
  evalEvery: 20,
  subPopulations: [{}, {}],
  hyperparameters: { learningRate },
};

const withToy = (changes: Json): Json => ({ ...toy, ...changes });
const withImages = (changes: Json): Json => ({ ...images, ...changes });
const withTask = (changes: Json): Json => ({ ...images, task: { ...(images.task as Json), ...changes } });
const withH = (changes: Json): Json => ({ ...toy, hyperparameters: { h: { ...h, ...changes } } });
const without = (from: Json, key: string): Json => Object.fromEntries(Object.entries(from).filter(([name]) => name !== key));

/** What is wrong, the specification, and every complaint that it must get, in part. */
const malformed: readonly (readonly [what: string, specification: unknown, ...complaints: string[]])[] = [
  // Not a specification at all.
  ['nothing', undefined, 'Expected `specification` to be an object with the keys task, '],
  ['null', null, 'Expected `specification` to be an object', 'got `null`'],
  ['a list', [toy], 'Expected `specification` to be an object'],
  ['a string', '{"task": "toy"}', 'Expected `specification` to be an object'],
  ['a number', 7, 'got `7`'],
  ['nested without end', deep(5000), 'nested at most 12 levels deep'],
  ['nested lists without end', JSON.parse(`${'['.repeat(5000)}${']'.repeat(5000)}`), 'nested at most 12 levels deep'],
  ['a list of a million', withToy({ subPopulations: new Array(1_000_000).fill({}) }), 'Expected `specification` to be at most 20000 values in all'],

  // Missing fields.
  ...['task', 'steps', 'stepsPerRound', 'evalEvery', 'subPopulations', 'hyperparameters'].map((key) => [`no ${key}`, without(toy, key), `Expected \`${key}\` to be `, 'got `undefined`'] as const),

  // Keys that nobody knows, or that could hurt.
  ['an unknown key', withToy({ step: 5 }), 'Expected `step` to be absent (known keys: task, seed, steps, ', 'got `5`'],
  ['a key in another case', withToy({ Seed: 5 }), 'Expected `Seed` to be absent'],
  ['an unknown key of a sub-population', withToy({ subPopulations: [{ size: 8 }] }), 'Expected `subPopulations[0].size` to be absent (known keys: members, evaluators), got `8`'],
  ['an unknown key of evaluation', withToy({ evaluation: { maxSteps: 60 } }), 'Expected `evaluation.maxSteps` to be absent (known keys: maxEvalSteps, minStepsBeforeEval, order, significance)'],
  ['an unknown key of storage', withToy({ storage: { prefix: '../elsewhere' } }), 'Expected `storage.prefix` to be absent (known keys: bucket, keepRounds), got `"../elsewhere"`'],
  ['an unknown key of a task', withTask({ epochs: 3 }), 'Expected `task.epochs` to be absent'],
  ['a key of another task', { ...toy, task: { kind: 'toy', variant: 'plain', batchSize: 16 } }, 'Expected `task.batchSize` to be absent (known keys: kind, variant)'],
  ['a key of another model', withTask({ model: { kind: 'perceptron', hidden: [64], filters: [8] } }), 'Expected `task.model.filters` to be absent'],
  ['an unknown key of a space', withH({ step: 1 }), 'Expected `hyperparameters.h.step` to be absent'],
  ['an unknown key of first values', withH({ initial: { distribution: 'uniform', range: [0.9, 1], seed: 1 } }), 'Expected `hyperparameters.h.initial.seed` to be absent'],
  ['__proto__', JSON.parse(`{"__proto__": {"admin": true}, ${JSON.stringify(toy).slice(1)}`), 'Expected `__proto__` to be absent (a reserved name)'],
  ['__proto__ among the hyperparameters', JSON.parse(JSON.stringify(toy).replace('"h":', '"__proto__": 1, "h":')), 'Expected `hyperparameters.__proto__` to be absent'],
  ['constructor among the hyperparameters', withToy({ hyperparameters: { h, constructor: 1 } }), 'Expected `hyperparameters.constructor` to be absent'],
  ['a key with a path in it', withToy({ hyperparameters: { h, '../../etc': 1 } }), 'Expected `hyperparameters["../../etc"]` to be absent (known for this task: h)'],
  ['a key with a new line in it', withToy({ 'a\nb': 1 }), 'Expected `["a\\nb"]` to be absent'],
  ['a key of ten thousand letters', withToy({ ['k'.repeat(10_000)]: 1 }), 'k…"]` to be absent'],

  // Steps.
  ['steps as text', withToy({ steps: '1000' }), 'Expected `steps` to be an integer from 1 to 1000000000, got `"1000"`'],
  ['no steps', withToy({ steps: 0 }), 'Expected `steps` to be an integer from 1 to 1000000000, got `0`'],
  ['negative steps', withToy({ steps: -1000 }), 'got `-1000`'],
  ['half steps', withToy({ steps: 1000.5 }), 'Expected `steps` to be an integer', 'got `1000.5`'],
  ['infinite steps', withToy({ steps: Number.POSITIVE_INFINITY }), 'Expected `steps` to be an integer', 'got `Infinity`'],
  ['steps that are no number', withToy({ steps: Number.NaN }), 'Expected `steps` to be an integer', 'got `NaN`'],
  ['steps beyond counting', withToy({ steps: 1e300 }), 'Expected `steps` to be an integer', 'got `1e+300`'],
  ['steps that are no whole rounds', withToy({ steps: 1010 }), 'Expected `steps` to be a multiple of `stepsPerRound` (20), got `1010`'],
  ['rounds that are no whole measurements', withToy({ evalEvery: 3 }), 'Expected `stepsPerRound` to be a multiple of `evalEvery` (3), got `20`'],
  ['measurements further apart than rounds', withToy({ evalEvery: 40 }), 'Expected `stepsPerRound` to be a multiple of `evalEvery` (40), got `20`'],
  ['no rounds', withToy({ stepsPerRound: 0 }), 'Expected `stepsPerRound` to be an integer from 1'],
  ['more rounds than a history bears', withToy({ steps: 100_000, stepsPerRound: 20, evalEvery: 20 }), 'Expected `steps` to be at most 4000 rounds of `stepsPerRound` (20), which makes 80000, got `100000`'],
  ['more measurements than can be smoothed', withToy({ steps: 100_000, stepsPerRound: 100, evalEvery: 1 }), 'Expected `evalEvery` to be at least 5: at most 20000 measurements over `steps` (100000), got `1`'],
  ['more scores in a round than a message bears', withToy({ steps: 10_000, stepsPerRound: 10_000, subPopulations: [{ members: 200 }] }), 'Expected `evalEvery` to be at least 80: at most 125 measurements a round with 200 members in a sub-population, got `1`'],

  // Seed, threads, smoothing.
  ['a negative seed', withToy({ seed: -1 }), 'Expected `seed` to be an integer from 0 to 4294967295, got `-1`'],
  ['a seed beyond 32 bits', withToy({ seed: 2 ** 32 }), 'Expected `seed` to be an integer from 0 to 4294967295, got `4294967296`'],
  ['a seed of null', withToy({ seed: null }), 'Expected `seed` to be an integer from 0 to 4294967295, got `null`'],
  ['no threads', withToy({ threads: 0 }), 'Expected `threads` to be an integer from 1 to 256, got `0`'],
  ['an unknown smoothing', withToy({ smoothing: 'none' }), 'Expected `smoothing` to be one of `fixed`, `estimated`, got `"none"`'],

  // Sub-populations.
  ['no sub-populations', withToy({ subPopulations: [] }), 'Expected `subPopulations` to be an array of 1 to 16 sub-populations, got `[]`'],
  ['sub-populations as a number', withToy({ subPopulations: 2 }), 'Expected `subPopulations` to be an array'],
  ['a sub-population as a number', withToy({ subPopulations: [8] }), 'Expected `subPopulations[0]` to be an object with the keys members, evaluators, got `8`'],
  ['seventeen sub-populations', withToy({ subPopulations: new Array(17).fill({ members: 2 }) }), 'Expected `subPopulations` to be an array of 1 to 16 sub-populations'],
  ['no members', withToy({ subPopulations: [{ members: 0 }] }), 'Expected `subPopulations[0].members` to be an integer from 2 to 500, got `0`'],
  ['a member alone, a quarter of which is nobody', withToy({ subPopulations: [{ members: 1 }] }), 'Expected `subPopulations[0].members` to be an integer from 2 to 500, got `1`'],
  ['negative members', withToy({ subPopulations: [{ members: -8 }] }), 'got `-8`'],
  ['negative evaluators', withToy({ subPopulations: [{}, { evaluators: -1 }] }), 'Expected `subPopulations[1].evaluators` to be an integer from 0 to 8, got `-1`'],
  ['more evaluators than members', withToy({ subPopulations: [{}, { members: 4, evaluators: 5 }] }), 'Expected `subPopulations[1].evaluators` to be an integer from 0 to 4, got `5`'],
  ['evaluators as text', withToy({ subPopulations: [{}, { evaluators: '6' }] }), 'Expected `subPopulations[1].evaluators` to be an integer from 0 to 8, got `"6"`'],
  ['evaluators of P1', withToy({ subPopulations: [{ evaluators: 2 }] }), 'Expected `subPopulations[0].evaluators` to be 0 or left out (P1 is ranked by its scores and has no evaluators), got `2`'],
  ['more workers than Temporal bears', withToy({ subPopulations: [{ members: 300 }, { members: 200 }] }), 'Expected `subPopulations` to be at most 500 workers together, members and evaluators, got `650 workers`'],

  // Evaluation.
  ['an evaluation of no steps', withToy({ evaluation: { maxEvalSteps: 0 } }), 'Expected `evaluation.maxEvalSteps` to be an integer from 1 to 1000000000, got `0`'],
  ['a negative start of evaluation', withToy({ evaluation: { minStepsBeforeEval: -20 } }), 'Expected `evaluation.minStepsBeforeEval` to be an integer from 0'],
  ['an unknown order', withToy({ evaluation: { order: 'best-first' } }), 'Expected `evaluation.order` to be one of `oldest-first`, `youngest-first`, got `"best-first"`'],
  ['a significance of 1', withToy({ evaluation: { significance: 1 } }), 'Expected `evaluation.significance` to be a number above 0 and below 1, got `1`'],
  ['evaluation as null', withToy({ evaluation: null }), 'Expected `evaluation` to be an object with the keys maxEvalSteps'],

  // Tasks.
  ['an unknown task', withToy({ task: { kind: 'text' } }), 'Expected `task.kind` to be one of `image-classification`, `toy`, got `"text"`'],
  ['a task by name', withToy({ task: 'toy' }), 'Expected `task` to be an object with `kind` image-classification or toy, got `"toy"`'],
  ['an unknown variant', withToy({ task: { kind: 'toy', variant: 'hard' } }), 'Expected `task.variant` to be one of `plain`, `deceptive`, got `"hard"`'],
  ['an unknown data set', withTask({ dataset: 'imagenet' }), 'Expected `task.dataset` to be `fashion-mnist`, got `"imagenet"`'],
  ['a data set outside', withTask({ dataset: '../../etc/passwd' }), 'Expected `task.dataset` to be `fashion-mnist`, got `"../../etc/passwd"`'],
  ['an unknown model', withTask({ model: { kind: 'transformer' } }), 'Expected `task.model.kind` to be one of `perceptron`, `convolutional`, got `"transformer"`'],
  ['no hidden layer', withTask({ model: { kind: 'perceptron', hidden: [] } }), 'Expected `task.model.hidden` to be an array of 1 to 8 layer widths, got `[]`'],
  ['a layer of no units', withTask({ model: { kind: 'perceptron', hidden: [64, 0] } }), 'Expected `task.model.hidden[1]` to be an integer from 1 to 4096, got `0`'],
  ['a convolution too many', withTask({ model: { kind: 'convolutional', filters: [1, 2, 3, 4, 5], dense: 10 } }), 'Expected `task.model.filters` to be an array of 1 to 4 filter counts'],
  ['an unknown optimizer', withTask({ optimizer: 'sgd' }), 'Expected `task.optimizer` to be one of `momentum`, `adam`, got `"sgd"`'],
  ['a batch of nothing', withTask({ batchSize: 0 }), 'Expected `task.batchSize` to be an integer from 1 to 4096, got `0`'],
  ['everything held out', withTask({ objectiveExamples: 59_000, untouchedExamples: 1_000 }), 'Expected `task.objectiveExamples` to be below 60000 together with `task.untouchedExamples` (1000), got `59000`'],
  ['a batch larger than what is left', withTask({ objectiveExamples: 58_000, untouchedExamples: 1_990, batchSize: 11 }), 'Expected `task.batchSize` to be at most the 10 training images that the held-out ones leave, got `11`'],

  // Hyperparameters.
  ['hyperparameters as a list', withToy({ hyperparameters: [h] }), 'Expected `hyperparameters` to be an object of hyperparameters by name'],
  ['a missing hyperparameter', withToy({ hyperparameters: {} }), 'Expected `hyperparameters.h` to be a constant or a space to search, got `undefined`'],
  ['a misspelt hyperparameter', withImages({ hyperparameters: { learningrate: learningRate } }), 'Expected `hyperparameters.learningrate` to be absent (known for this task: learningRate, momentum, weightDecay)', 'Expected `hyperparameters.learningRate` to be a constant or a space to search'],
  ['momentum for Adam', { ...withTask({ optimizer: 'adam' }), hyperparameters: { learningRate, momentum: 0.9 } }, 'Expected `hyperparameters.momentum` to be absent (known for this task: learningRate, weightDecay), got `0.9`'],
  ['a hyperparameter that is true', withToy({ hyperparameters: { h: true } }), 'Expected `hyperparameters.h` to be a constant (a number or a string) or a space to search', 'got `true`'],
  ['a number as text', withImages({ hyperparameters: { learningRate: '0.1' } }), 'Expected `hyperparameters.learningRate` to be a number above 0, got `"0.1"`'],
  ['an infinite constant', withImages({ hyperparameters: { learningRate: Number.POSITIVE_INFINITY } }), 'Expected `hyperparameters.learningRate` to be ', 'got `Infinity`'],
  ['a learning rate of 0', withImages({ hyperparameters: { learningRate: 0 } }), 'Expected `hyperparameters.learningRate` to be a number above 0, got `0`'],
  ['a momentum of 1', withImages({ hyperparameters: { learningRate, momentum: 1 } }), 'Expected `hyperparameters.momentum` to be a number from 0 to below 1, got `1`'],
  ['a negative weight decay', withImages({ hyperparameters: { learningRate, weightDecay: -1e-4 } }), 'Expected `hyperparameters.weightDecay` to be a number of at least 0, got `-0.0001`'],
  ['bounds beyond what makes sense', withImages({ hyperparameters: { learningRate, momentum: { ...learningRate, scale: 'linear', bounds: [0, 1] } } }), 'Expected `hyperparameters.momentum.bounds` to be two numbers, each a number from 0 to below 1, got `[0,1]`'],
  ['an unknown kind', withH({ kind: 'double' }), 'Expected `hyperparameters.h.kind` to be one of `float`, `integer`, `category`, got `"double"`'],
  ['a category for a number', withToy({ hyperparameters: { h: { kind: 'category', choices: ['a', 'b'] } } }), 'Expected `hyperparameters.h.kind` to be `float`, got `"category"`'],
  ['an integer for a real number', withToy({ hyperparameters: { h: { kind: 'integer', bounds: [0, 5], initial: { range: [0, 5] } } } }), 'Expected `hyperparameters.h.kind` to be `float`'],
  ['a choice twice', withToy({ hyperparameters: { h: { kind: 'category', choices: ['a', 'a'] } } }), 'Expected `hyperparameters.h.choices` to be different strings, got `["a","a"]`'],
  ['an unknown scale', withH({ scale: 'logarithmic' }), 'Expected `hyperparameters.h.scale` to be one of `linear`, `log`'],
  ['no bounds', { ...toy, hyperparameters: { h: without(h, 'bounds') } }, 'Expected `hyperparameters.h.bounds` to be an array of two numbers, the lower first, got `undefined`'],
  ['three bounds', withH({ bounds: [0, 1, 2] }), 'Expected `hyperparameters.h.bounds` to be an array of two numbers'],
  ['bounds the wrong way round', withH({ bounds: [1.1, 1e-4] }), 'Expected `hyperparameters.h.bounds` to be two numbers, the first below the second, got `[1.1,0.0001]`'],
  ['equal bounds', withH({ bounds: [1, 1] }), 'the first below the second'],
  ['a log scale from 0', withH({ bounds: [0, 1.1] }), 'Expected `hyperparameters.h.bounds` to be two numbers above 0, as the scale is `log`, got `[0,1.1]`'],
  ['first values out of bounds', withH({ initial: { distribution: 'uniform', range: [0.9, 1.2] } }), 'Expected `hyperparameters.h.initial.range` to be inside the bounds, from 0.0001 to 1.1, got `[0.9,1.2]`'],
  ['first values the wrong way round', withH({ initial: { distribution: 'uniform', range: [1.1, 0.9] } }), 'Expected `hyperparameters.h.initial.range` to be two numbers, the first not above the second'],
  ['log-uniform first values from 0', withH({ scale: 'linear', bounds: [0, 1], initial: { distribution: 'log-uniform', range: [0, 1] } }), 'Expected `hyperparameters.h.initial.range` to be two numbers above 0, as the distribution is `log-uniform`'],
  ['an unknown distribution', withH({ initial: { distribution: 'normal', range: [0.9, 1] } }), 'Expected `hyperparameters.h.initial.distribution` to be one of `uniform`, `log-uniform`'],
  ['no factors', withH({ factors: [] }), 'Expected `hyperparameters.h.factors` to be an array of 1 to 64 factors, got `[]`'],
  ['a factor of 0', withH({ factors: [0, 2] }), 'Expected `hyperparameters.h.factors[0]` to be a number from 0.000001 to 1000000, got `0`'],
  ['a negative factor', withH({ factors: [0.5, -2] }), 'Expected `hyperparameters.h.factors[1]` to be a number from 0.000001 to 1000000, got `-2`'],
  ['factors that change nothing', withH({ factors: [1, 1] }), 'Expected `hyperparameters.h.factors` to be factors of which one at least is not 1, got `[1,1]`'],

  // Storage: names that could become paths.
  ...['../escape', 'a/b', 'UPPER', 'ab', 'a'.repeat(64), '192.168.0.1', 'a..b', '-a-', 'bucket\u0000name', 'bücket', '', 'a b c', 'xn--bucket'].map(
    (bucket) => [`the bucket ${JSON.stringify(bucket)}`, withToy({ storage: { bucket } }), 'Expected `storage.bucket` to be a bucket name: 3 to 63 lower-case letters'] as const,
  ),
  ['a single round kept', withToy({ storage: { keepRounds: 1 } }), 'Expected `storage.keepRounds` to be an integer from 2 to 1000, got `1`'],
];

describe('a specification', () => {
  test('is filled in with visible defaults', () => {
    assert.deepEqual(parseSpecification({ $schema: './specification.schema.json', ...images }), {
      task: { kind: 'image-classification', dataset: 'fashion-mnist', model: { kind: 'perceptron', hidden: [64] }, optimizer: 'momentum', batchSize: 16, objectiveExamples: 2500, untouchedExamples: 2500 },
      seed: 0,
      steps: 6000,
      stepsPerRound: 200,
      evalEvery: 20,
      subPopulations: [
        { members: 8, evaluators: 0 },
        { members: 8, evaluators: 6 },
      ],
      evaluation: { maxEvalSteps: 600, minStepsBeforeEval: 200, order: 'oldest-first', significance: 0.01 },
      smoothing: 'fixed',
      hyperparameters: { momentum: 0.9, weightDecay: 0, learningRate: { ...learningRate, factors: [0.5, 0.8, 1.25, 2] } },
      threads: 1,
      storage: { bucket: 'fire-pbt', keepRounds: 2 },
    });
  });

  test('filled in stands for itself', () => {
    for (const one of [toy, images, withTask({ optimizer: 'adam', model: { kind: 'convolutional', filters: [8, 16], dense: 64 } })]) {
      const filled = parseSpecification(one);
      assert.deepEqual(parseSpecification(JSON.parse(JSON.stringify(filled))), filled);
    }
  });

  test('may have constants for hyperparameters', () => {
    assert.deepEqual(parseSpecification(withToy({ hyperparameters: { h: 1 } })).hyperparameters, { h: 1 });
  });

  test('gives evaluators of three quarters, rounded down', () => {
    const subPopulations = [2, 3, 5, 8, 50].map((members) => ({ members }));
    assert.deepEqual(
      parseSpecification(withToy({ subPopulations })).subPopulations.map(({ evaluators }) => evaluators),
      [0, 2, 3, 6, 37],
    );
  });

  test('is refused with every error at once, even where some concern others', () => {
    const { message, complaints } = refusal(withH({ bounds: [2, 1], factors: [1], unknown: 1 }), { steps: 999, seed: 'x', threads: 0, subPopulations: [{ evaluators: 3 }, { members: 0 }], storage: { bucket: '/' } });
    assert.equal(complaints.length, 9, message);
    assert.equal(message.split('\n').length, 10);
    assert.match(message, /^Cannot use the specification: 9 errors\n/);
  });

  test('is refused at no more length than its errors need', () => {
    const unknown = Object.fromEntries(Array.from({ length: 5000 }, (_, index) => [`key${index}`, 'v'.repeat(1000)]));
    const { message } = refusal(toy, unknown);
    assert.match(message, /… and 4800 more$/);
    assert.ok(message.length < 100_000);
  });

  assert.ok(malformed.length >= 60);
  for (const [what, specification, ...parts] of malformed) {
    test(`is refused for ${what.slice(0, 80)}`, () => {
      const { complaints } = refusal(specification);
      for (const complaint of complaints) {
        assert.match(complaint, /^Expected `.+` to be .+, got `.*`$/);
        assert.ok(complaint.length < 500, complaint);
      }
      for (const part of parts) assert.ok(complaints.some((complaint) => complaint.includes(part)), `${complaints.join('\n')}\nshould include\n${part}`);
    });
  }

  test('lies in every file of experiments/', () => {
    const folder = dirname(JSON_SCHEMA_PATH);
    for (const file of readdirSync(folder).filter((name) => name.endsWith('.json') && !name.endsWith('.schema.json'))) {
      const experiment = JSON.parse(readFileSync(join(folder, file), 'utf8')) as Json;
      for (const [arm, specification] of Object.entries((experiment.arms as Json | undefined) ?? { alone: experiment })) {
        assert.doesNotThrow(() => parseSpecification(specification), `${file}, ${arm}`);
      }
    }
  });

  test('has a JSON Schema for editors that is current', () => {
    assert.equal(readFileSync(JSON_SCHEMA_PATH, 'utf8'), jsonSchemaText(), 'run `node --import tsx activities/specification/write-json-schema.ts`');
  });
});

function refusal(specification: unknown, changes: Json = {}): InvalidSpecification {
  try {
    parseSpecification(Object.keys(changes).length === 0 ? specification : { ...(specification as Json), ...changes });
  } catch (error) {
    assert.ok(error instanceof InvalidSpecification, String(error));
    return error;
  }
  return assert.fail('was not refused');
}

function deep(levels: number): Json {
  let value: Json = {};
  for (let level = 0; level < levels; level += 1) value = { task: value };
  return value;
}
