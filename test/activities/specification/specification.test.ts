import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, test } from 'node:test';
import { InvalidSpecification } from '../../../activities/specification/parsing.ts';
import {
  CONTRACT_SCHEMA_PATH,
  contractSchemaText,
  JSON_SCHEMA_PATH,
  jsonSchemaText,
} from '../../../workers/commands/write-json-schema.ts';
import {
  images,
  learningRate,
  MALFORMED,
  toy,
  withH,
  withTask,
  withToy,
  type Json,
} from './malformed-specifications.ts';
import { specificationOf } from '../../shipped-tasks.ts';

describe('a specification', () => {
  test('is filled in with visible defaults', () => {
    assert.deepEqual(specificationOf({ $schema: './specification.schema.json', ...images }), {
      task: {
        kind: 'image-classification',
        dataset: 'fashion-mnist',
        model: { kind: 'perceptron', hidden: [64], batchNormalisation: false },
        optimizer: 'momentum',
        batchSize: 16,
        objectiveExamples: 2500,
        untouchedExamples: 2500,
        score: 'accuracy',
      },
      seed: 0,
      steps: 6000,
      stepsPerRound: 200,
      evalEvery: 20,
      subPopulations: [
        { members: 8, evaluators: 0 },
        { members: 8, evaluators: 6 },
      ],
      evaluation: {
        maxEvalSteps: 600,
        minStepsBeforeEval: 200,
        order: 'oldest-first',
        significance: 0.01,
        patience: 0,
        childReplaced: 'end',
        against: 'child',
        stopping: 'binomial-test',
        shifts: true,
        ranking: 'improvement',
        promotes: true,
      },
      smoothing: 'fixed',
      hyperparameters: {
        momentum: 0.9,
        weightDecay: 0,
        learningRate: { ...learningRate, factors: [0.5, 0.8, 1.25, 2] },
      },
      winner: 'last-round',
      threads: 1,
      storage: { bucket: 'fire-pbt', keepRounds: 2 },
    });
  });

  test('is unchanged by filling in its defaults a second time', () => {
    for (const one of [
      toy,
      images,
      withTask({ optimizer: 'adam', model: { kind: 'convolutional', filters: [8, 16], dense: 64 } }),
    ]) {
      const filled = specificationOf(one);
      assert.deepEqual(specificationOf(JSON.parse(JSON.stringify(filled))), filled);
    }
  });

  test('may have constants for hyperparameters', () => {
    assert.deepEqual(specificationOf(withToy({ hyperparameters: { h: 1 } })).hyperparameters, { h: 1 });
  });

  test('has three quarters as many evaluators by default, rounded down', () => {
    const subPopulations = [2, 3, 5, 8, 50].map((members) => ({ members }));
    assert.deepEqual(
      specificationOf(withToy({ subPopulations })).subPopulations.map(({ evaluators }) => evaluators),
      [0, 2, 3, 6, 37],
    );
  });

  test('may have one member if there is a schedule, and fills in the defaults of its shapes', () => {
    const trace = [{ fromStep: 0, toStep: 1000, hyperparameters: { h: 0.5 } }];
    for (const [schedule, filled] of [
      [
        {
          h: [
            { kind: 'step', milestones: [400, 800] },
            { kind: 'cosine', warmUpSteps: 40 },
          ],
        },
        {
          h: [
            { kind: 'step', milestones: [400, 800], factor: 0.1, warmUpSteps: 0 },
            { kind: 'cosine', finalFactor: 0, warmUpSteps: 40 },
          ],
        },
      ],
      [trace, trace],
    ]) {
      const parsed = specificationOf(withToy({ subPopulations: [{ members: 1 }], schedule }));
      assert.deepEqual(parsed.schedule, filled);
      assert.deepEqual(parsed.subPopulations, [{ members: 1, evaluators: 0 }]);
    }
  });

  test('may have a trace with a change in every possible round', () => {
    const schedule = Array.from({ length: 4_000 }, (_, round) => ({
      fromStep: 20 * round,
      toStep: 20 * (round + 1),
      hyperparameters: { learningRate: 1 / (round + 1), momentum: 0.9, weightDecay: 0 },
    }));
    assert.doesNotThrow(() =>
      specificationOf({ ...images, steps: 80_000, stepsPerRound: 20, subPopulations: [{ members: 1 }], schedule }),
    );
  });

  test('accepts switches of the paper’s rules, and switches none by default', () => {
    const switches = {
      patience: 40,
      childReplaced: 'follow',
      against: 'anyone',
      stopping: 'fixed-length',
      shifts: false,
      ranking: 'score',
      promotes: false,
    } as const;
    assert.deepEqual(specificationOf(withToy({ evaluation: switches, smoothing: 'none' })).evaluation, {
      maxEvalSteps: 60,
      minStepsBeforeEval: 20,
      order: 'oldest-first',
      significance: 0.01,
      ...switches,
    });
  });

  test('is refused with all errors at once, even if some depend on others', () => {
    const { message, complaints } = refusal(withH({ bounds: [2, 1], factors: [1], unknown: 1 }), {
      steps: 999,
      seed: 'x',
      threads: 0,
      subPopulations: [{ evaluators: 3 }, { members: 0 }],
      storage: { bucket: '/' },
    });
    assert.equal(complaints.length, 9, message);
    assert.equal(message.split('\n').length, 10);
    assert.match(message, /^Cannot use the specification: 9 errors\n/);
  });

  test('is refused with a message of limited length', () => {
    const unknown = Object.fromEntries(Array.from({ length: 5000 }, (_, index) => [`key${index}`, 'v'.repeat(1000)]));
    const { message } = refusal(toy, unknown);
    assert.match(message, /… and 4800 more$/);
    assert.ok(message.length < 100_000);
  });

  assert.ok(MALFORMED.length >= 60);
  for (const [what, specification, ...parts] of MALFORMED) {
    test(`is refused for ${what.slice(0, 80)}`, () => {
      assert.match(parts[0] ?? '', /^Expected `.*` to be ./, 'the table names a path and a rule');
      const { complaints } = refusal(specification);
      for (const complaint of complaints) {
        assert.match(complaint, /^Expected `.+` to be .+, got `.*`$/);
        assert.ok(complaint.length < 500, complaint);
      }
      for (const part of parts)
        assert.ok(
          complaints.some((complaint) => complaint.includes(part)),
          `${complaints.join('\n')}\nshould include\n${part}`,
        );
    });
  }

  test('may search all that is a number or a choice', () => {
    const share = {
      kind: 'float',
      scale: 'linear',
      bounds: [0, 0.8],
      initial: { distribution: 'uniform', range: [0, 0.5] },
    };
    const hyperparameters = {
      learningRate,
      dropout: share,
      labelSmoothing: share,
      activation: { kind: 'category', choices: ['relu', 'gelu'] },
      batchSize: { kind: 'integer', bounds: [8, 64], initial: { range: [8, 64] } },
    };
    const own = { kind: 'tabular', problem: 'classification', file: 'my.csv', target: 'kind' };
    for (const specification of [
      { ...images, hyperparameters },
      { ...images, task: own, hyperparameters },
    ])
      assert.deepEqual(Object.keys(specificationOf(specification).hyperparameters), [
        'momentum',
        'weightDecay',
        ...Object.keys(hyperparameters),
      ]);
  });

  test('is in every file of experiments/, and in the examples that train a shipped task', () => {
    const folder = dirname(JSON_SCHEMA_PATH);
    const experiments = readdirSync(folder).filter((name) => name.endsWith('.json') && !name.endsWith('.schema.json'));
    const examples = ['environment/experiment.json', 'own-data/flats.json', 'own-data/shapes.json'];
    for (const file of [...experiments, ...examples.map((name) => join('../examples', name))]) {
      const experiment = JSON.parse(readFileSync(join(folder, file), 'utf8')) as Json;
      for (const [arm, specification] of Object.entries(
        (experiment.arms as Json | undefined) ?? { alone: experiment },
      )) {
        assert.doesNotThrow(() => specificationOf(specification), `${file}, ${arm}`);
      }
    }
  });

  test('has an up-to-date JSON Schema for editors', () => {
    assert.equal(readFileSync(JSON_SCHEMA_PATH, 'utf8'), jsonSchemaText(), 'run `npm run write-json-schema`');
  });
});

test('the trainer contract has up-to-date JSON Schemas', () => {
  assert.equal(readFileSync(CONTRACT_SCHEMA_PATH, 'utf8'), contractSchemaText(), 'run `npm run write-json-schema`');
});

function refusal(specification: unknown, changes: Json = {}): InvalidSpecification {
  try {
    specificationOf(Object.keys(changes).length === 0 ? specification : { ...(specification as Json), ...changes });
  } catch (error) {
    assert.ok(error instanceof InvalidSpecification, String(error));
    return error;
  }
  return assert.fail('was not refused');
}
