import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { z } from 'zod';
import type { TaskComplaint } from '../../../activities/contracts/task.ts';
import { parseSpecification } from '../../../activities/specification/parsing.ts';
import { defineTask, type TaskDefinition } from '../../../activities/tasks/define-task.ts';
import { TaskRegistry } from '../../../activities/tasks/registry.ts';
import { registryWith } from '../../../activities/tasks/shipped.ts';
import type { SessionContext } from '../../../activities/tasks/task.ts';
import { toy } from '../../../activities/tasks/toy.ts';

/** As a user writes it: a schema that states no rules in words. */
const WALK = defineTask({
  kind: 'walk',
  description: 'Walks.',
  settings: z.strictObject({
    legs: z.int().min(2).max(8).default(2),
    gait: z.enum(['walk', 'trot']).default('walk'),
    name: z.string().optional(),
    joints: z.array(z.number().positive()).min(1).default([1]),
  }),
  hyperparameters: ({ gait }) => [
    { kind: 'integer', name: 'batchSize', description: 'Examples.', minimum: 1, maximum: 64, default: 8 },
    { kind: 'category', name: 'activation', description: 'Function.', choices: ['relu', 'tanh'] },
    ...(gait === 'trot' ? [{ kind: 'number', name: 'speed', description: 'Speed.', above: 0 } as const] : []),
  ],
  label: ({ legs }) => `${legs}-legs`,
  checkpointBytes: ({ legs }) => 10 * legs,
  score: () => 'metres',
  open: (settings, context) => {
    throw new Error(`legs: ${settings.legs}, seed: ${context.seed}`);
  },
});
const REGISTRY = new TaskRegistry([WALK, toy]);

function complaints(task: { readonly kind: string }): readonly TaskComplaint[] {
  const answer = REGISTRY.describe({ task, threads: 1 });
  return 'complaints' in answer ? answer.complaints : [];
}

describe('a registry of tasks', () => {
  it('describes a task with its settings in full, its label, its hyperparameters, its score', () => {
    const answer = REGISTRY.describe({ task: { kind: 'walk', legs: 4 }, threads: 1 });
    assert.deepEqual(answer, {
      description: {
        task: { kind: 'walk', legs: 4, gait: 'walk', joints: [1] },
        label: 'walk/4-legs',
        hyperparameters: [
          { kind: 'integer', name: 'batchSize', description: 'Examples.', minimum: 1, maximum: 64, default: 8 },
          { kind: 'category', name: 'activation', description: 'Function.', choices: ['relu', 'tanh'] },
        ],
        checkpointBytes: 40,
        score: 'metres',
      },
    });
    assert.ok('description' in answer);
    assert.deepEqual(REGISTRY.describe({ task: answer.description.task, threads: 1 }), answer);
  });

  it('tells every error in the settings in words, also of schemas that have none', () => {
    assert.deepEqual(
      complaints({ kind: 'walk', legs: 1, gait: 'fly', name: 7, joints: [0, 'x'], wings: 2 } as { kind: string }),
      [
        { path: ['task', 'legs'], rule: 'at least 2' },
        { path: ['task', 'gait'], rule: 'one of `walk`, `trot`' },
        { path: ['task', 'name'], rule: 'a string' },
        { path: ['task', 'joints', 0], rule: 'above 0' },
        { path: ['task', 'joints', 1], rule: 'a number' },
        { path: ['task', 'wings'], rule: 'absent (known keys: legs, gait, name, joints)' },
      ],
    );
    assert.deepEqual(complaints({ kind: 'walk', legs: 2.5, joints: [] } as { kind: string }), [
      { path: ['task', 'legs'], rule: 'an integer' },
      { path: ['task', 'joints'], rule: 'at least 1 elements' },
    ]);
  });

  it('says which kinds there are', () => {
    const rule = 'one of `walk`, `toy` (others: start trainers with `--tasks FILE`)';
    assert.deepEqual(complaints({ kind: 'swim' }), [{ path: ['task', 'kind'], rule }]);
    assert.throws(() => REGISTRY.task({ kind: 'swim' }), {
      message: `Expected \`task.kind\` to be ${rule}, got \`"swim"\``,
    });
  });

  it('opens sessions with the settings in full', async () => {
    const context: SessionContext = { seed: 3, worker: 'P1/member-0', hyperparameters: {}, dataDirectory: '' };
    await assert.rejects(REGISTRY.task({ kind: 'walk' }).open(context), { message: 'legs: 2, seed: 3' });
  });

  it('refuses two tasks of one kind, and a kind that is no name', () => {
    assert.throws(() => registryWith([{ ...toy }]), { message: 'Cannot have two tasks of kind toy' });
    for (const kind of ['Toy', '', '1d', 'a/b', 'x'.repeat(61)])
      assert.throws(() => new TaskRegistry([{ ...toy, kind }]), {
        message: /^Expected the kind of a task to be 1 to /,
      });
  });

  it('refuses what no compiler has checked: a task without a schema, hyperparameters or sessions', () => {
    for (const [field, rule] of [
      ['settings', 'a zod schema (`z.strictObject({ … })`)'],
      ['hyperparameters', 'a function'],
      ['open', 'a function'],
    ] as const)
      assert.throws(() => new TaskRegistry([{ ...toy, [field]: undefined }]), {
        name: 'InvalidDefinition',
        message: `Expected \`${field}\` of task toy to be ${rule}`,
      });
  });

  it('refuses a task whose settings do not stand for themselves', () => {
    const growing: TaskDefinition = {
      ...WALK,
      kind: 'growing',
      settings: z.object({ legs: z.number().default(1) }).transform(({ legs }) => ({ legs: legs + 1 })),
    };
    assert.throws(() => new TaskRegistry([growing]).describe({ task: { kind: 'growing' }, threads: 1 }), {
      message: 'Cannot use task growing: its schema of settings does not accept unchanged, as JSON, what it returned',
    });
  });
});

describe('a specification of a task with integers and categories', () => {
  const specification = (hyperparameters: object, more: object = {}): unknown => ({
    task: { kind: 'walk' },
    steps: 100,
    stepsPerRound: 20,
    evalEvery: 20,
    subPopulations: [{ members: 2 }],
    hyperparameters,
    ...more,
  });
  const parse = (...given: Parameters<typeof specification>) =>
    parseSpecification(specification(...given), REGISTRY.describe);
  const activation = { kind: 'category', choices: ['relu', 'tanh'] };
  const batchSize = { kind: 'integer', bounds: [4, 64], initial: { range: [8, 16] } };

  it('takes constants and spaces of their kinds, and fills in defaults', () => {
    assert.equal(parse({ activation: 'tanh' }).hyperparameters['batchSize'], 8);
    assert.deepEqual(parse({ activation, batchSize }).hyperparameters['activation'], activation);
    const sizes = { kind: 'category', choices: [8, 16, 64] };
    assert.deepEqual(parse({ activation, batchSize: sizes }).hyperparameters['batchSize'], sizes);
  });

  for (const [what, hyperparameters, complaint] of [
    ['a name that is no choice', { activation: 'elu' }, 'activation` to be one of `relu`, `tanh`, got `"elu"`'],
    ['a number for a name', { activation: 1 }, 'activation` to be one of `relu`, `tanh`, got `1`'],
    [
      'a choice that the task does not have',
      { activation: { kind: 'category', choices: ['relu', 'elu'] } },
      'activation.choices` to be strings, each one of `relu`, `tanh`, got `["relu","elu"]`',
    ],
    [
      'a category searched as a number',
      { activation: batchSize },
      'activation.kind` to be `category`, got `"integer"`',
    ],
    ['a fraction', { activation, batchSize: 1.5 }, 'batchSize` to be an integer from 1 to 64, got `1.5`'],
    [
      'bounds beyond those of the task',
      { activation, batchSize: { ...batchSize, bounds: [4, 65] } },
      'batchSize.bounds` to be two numbers, each an integer from 1 to 64, got `[4,65]`',
    ],
    [
      'a number among others that the task does not allow',
      { activation, batchSize: { kind: 'category', choices: [8, 65] } },
      'batchSize.choices` to be numbers, each an integer from 1 to 64, got `[8,65]`',
    ],
    [
      'a real number for an integer',
      { activation, batchSize: { kind: 'float', scale: 'log', bounds: [1, 2], initial: {} } },
      'batchSize.kind` to be one of `integer`, `category`, got `"float"`',
    ],
    ['a missing one', { batchSize }, 'activation` to be a constant or a space to search, got `undefined`'],
    [
      'one of other settings',
      { activation, speed: 1 },
      'speed` to be absent (known for this task: batchSize, activation), got `1`',
    ],
  ] as const) {
    it(`refuses ${what}`, () => {
      assert.throws(
        () => parse(hyperparameters),
        (error: Error) => error.message.includes(complaint),
      );
    });
  }

  it('refuses to schedule an integer that is constant', () => {
    assert.throws(
      () => parse({ activation, batchSize: 8 }, { schedule: { batchSize: { kind: 'cosine' } } }),
      /`schedule.batchSize` to be absent: an integer is scheduled only if it is searched/,
    );
    assert.doesNotThrow(() => parse({ activation, batchSize }, { schedule: { batchSize: { kind: 'cosine' } } }));
  });

  it('passes over what depends on the task if nobody was asked', () => {
    assert.doesNotThrow(() => parseSpecification(specification({ anything: 1 }), () => undefined));
    assert.throws(
      () => parseSpecification(specification({ anything: 1 }, { steps: 50 }), () => undefined),
      /^InvalidSpecification: .*\nExpected `steps` to be a multiple of `stepsPerRound` \(20\), got `50`$/,
    );
  });
});
