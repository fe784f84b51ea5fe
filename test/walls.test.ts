/**
 * The walls between the rooms stand: lint catches each thing that a room must not do, and allows what it may.
 *
 * Every line of a case is linted as part of one file of the room; those marked `✗` must be reported at their line by a
 * rule of the walls, the others not.
 */

import assert from 'node:assert/strict';
import path from 'node:path';
import { describe, test } from 'node:test';
import { cruise } from 'dependency-cruiser';
import { ESLint } from 'eslint';
import tseslint from 'typescript-eslint';

const ROOT = path.resolve(import.meta.dirname, '..');

/** The rules that the walls are made of. */
const WALL_RULES = new Set([
  '@typescript-eslint/no-restricted-imports',
  '@typescript-eslint/no-import-type-side-effects',
  'no-restricted-globals',
  'no-restricted-properties',
  'no-restricted-syntax',
]);

/** Walls are a matter of syntax: linting without types takes milliseconds, and files that do not exist. */
const syntaxOnly = new ESLint({
  cwd: ROOT,
  overrideConfig: [
    { files: ['**/*.ts'], ...tseslint.configs.disableTypeChecked },
    { files: ['**/*.ts'], languageOptions: { parserOptions: { projectService: false, project: null } } },
  ],
});

const WALLS: readonly { readonly room: string; readonly file: string; readonly lines: readonly string[] }[] = [
  {
    room: 'a workflow',
    file: 'workflows/some-workflow.ts',
    lines: [
      "✗ import { readFile } from 'node:fs/promises';",
      "✗ import fs from 'fs';",
      "✗ import { join } from 'path/posix';",
      "✗ import type { Server } from 'node:net';",
      "✗ import * as tf from '@tensorflow/tfjs-node-gpu';",
      "✗ import { S3Client } from '@aws-sdk/client-s3';",
      "✗ import { Client } from '@temporalio/client';",
      "✗ import { Worker } from '@temporalio/worker';",
      "✗ import { heartbeat } from '@temporalio/activity';",
      "✗ import { loadClientConnectConfig } from '@temporalio/envconfig';",
      "✗ import { train } from '../activities/training/train.ts';",
      "✗ export { train as practice } from '../activities/training/train.ts';",
      "✗ export * from '../activities/training/train.ts';",
      "✗ import '../activities/training/train.ts';",
      "✗ import { type TrainRequest } from '../activities/contracts/training.ts';",
      "✗ import { main } from '../workers/commands/start.ts';",
      "✗ import { ROOT } from '../setup/places.mjs';",
      "✗ import { stand } from '../test/workflows/stand-ins.ts';",
      "✗ export const lazy = import('../activities/training/train.ts');",
      '✗ export const chance = Math.random();',
      '✗ export const now = Date.now();',
      '✗ export const then = new Date();',
      '✗ export const e = Math.exp(1);',
      '✗ export const l = Math.log(2);',
      '✗ export const p = Math.pow(2, 0.5);',
      '✗ export const p2 = 2 ** 0.5;',
      '✗ export const s = Math.sin(1);',
      '✗ export const h = Math.hypot(1, 2);',
      '✗ export const { cbrt } = Math;',
      "✗ export const t = Math['tanh'](1);",
      '✗ export const M = Math;',
      '✗ export const d = globalThis.Date;',
      '✗ export const seed = process.env.SEED;',
      '✗ export const b = Buffer.from([]);',
      '✗ export const id = crypto.randomUUID();',
      "✗ export const order = 'a'.localeCompare('b');",
      '✗ export const start = performance.now();',
      "import { proxyActivities, condition } from '@temporalio/workflow';",
      "import { ApplicationFailure } from '@temporalio/common';",
      "import type { TrainRequest } from '../activities/contracts/training.ts';",
      "export type { Curve } from '../activities/contracts/training.ts';",
      "import { judge } from './algorithm/index.ts';",
      'export const root = Math.floor(Math.sqrt(2)) + Math.imul(3, 4) + Math.abs(-1) + Math.max(1, 2);',
    ],
  },
  {
    room: 'the algorithm',
    file: 'workflows/algorithm/some-rule.ts',
    lines: [
      "✗ import { log } from '@temporalio/workflow';",
      "✗ import { ApplicationFailure } from '@temporalio/common';",
      "✗ import type { Duration } from '@temporalio/common';",
      "✗ import { createHash } from 'node:crypto';",
      "✗ import { digestOf } from '../../activities/storage/checkpoints.ts';",
      '✗ export const chance = Math.random();',
      '✗ export const e = Math.exp(1);',
      '✗ export const p = 2 ** 10;',
      '✗ export const now = Date.now();',
      "import { exp, log } from './exponential.ts';",
      "import type { Specification } from '../../activities/specification/specification.ts';",
      'export const first = [1][0]!;',
    ],
  },
  {
    room: 'the state of a sub-population',
    file: 'workflows/population/some-view.ts',
    lines: [
      "✗ import { log } from '@temporalio/workflow';",
      "✗ import { createHash } from 'node:crypto';",
      "✗ import { ObjectStore } from '../../activities/storage/object-store.ts';",
      '✗ export const now = Date.now();',
      "import { judge } from '../algorithm/index.ts';",
      "import type { CheckpointReference } from '../../activities/contracts/checkpoint.ts';",
    ],
  },
  {
    room: 'validation',
    file: 'workflows/validation/some-schema.ts',
    lines: [
      "✗ import { log } from '@temporalio/workflow';",
      "✗ import { createHash } from 'node:crypto';",
      "✗ import { parseSpecification } from '../../activities/specification/parsing.ts';",
      '✗ export const now = Date.now();',
      "import { z } from 'zod';",
      "import type { Specification } from '../../activities/specification/specification.ts';",
    ],
  },
  {
    room: 'an activity',
    file: 'activities/tasks/some-task.ts',
    lines: [
      "✗ import { start } from '../../workers/commands/start.ts';",
      "✗ import { setUp } from '../../setup/set-up.mjs';",
      "✗ import { proxyActivities } from '@temporalio/workflow';",
      "✗ import { Worker } from '@temporalio/worker';",
      "✗ import { env } from 'node:process';",
      "✗ import process from 'process';",
      '✗ export const bucket = process.env.BUCKET;',
      "✗ export const region = process.env['AWS_REGION'];",
      '✗ export const { env } = process;',
      "import { readFile } from 'node:fs/promises';",
      "import * as tf from '@tensorflow/tfjs-node-gpu';",
      "import { Context } from '@temporalio/activity';",
      "✗ import { firePbt } from '../../workflows/run/fire-pbt.ts';",
      "✗ import type { RunProgress } from '../../workflows/messages.ts';",
      "import { randomStream } from '../../workflows/algorithm/index.ts';",
      "import { memberName } from '../../workflows/population/names.ts';",
      "import { parse } from '../../workflows/validation/complaints.ts';",
      'export const memory = process.memoryUsage();',
      'export const chance = Math.exp(Math.random());',
    ],
  },
  {
    room: 'an activity of orchestrators',
    file: 'activities/runs/some-plan.ts',
    lines: [
      "✗ import { registryWith } from '../tasks/shipped.ts';",
      "✗ import type { Task } from '../tasks/task.ts';",
      "✗ import { train } from '../training/train.ts';",
      "✗ import * as tf from '@tensorflow/tfjs-node-gpu';",
      "✗ import { start } from '../../workers/commands/start.ts';",
      "import type { TaskDescription } from '../contracts/task.ts';",
      "import { memberName } from '../../workflows/population/names.ts';",
    ],
  },
  {
    room: 'a worker',
    file: 'workers/some-worker.ts',
    lines: [
      "✗ import { standIn } from '../test/workflows/stand-ins.ts';",
      "import { Worker } from '@temporalio/worker';",
      "import { train } from '../activities/training/train.ts';",
      "export const address = process.env['TEMPORAL_ADDRESS'];",
    ],
  },
];

describe('the walls between the rooms', () => {
  for (const { room, file, lines } of WALLS) {
    test(`forbid what ${room} must not do, and nothing else`, async () => {
      const text = lines.map((line) => line.replace(/^✗ /, '')).join('\n');
      const [result] = await syntaxOnly.lintText(`${text}\n`, { filePath: path.join(ROOT, file) });
      assert.ok(result !== undefined);
      assert.deepEqual(
        result.messages.filter(({ fatal }) => fatal === true),
        [],
      );
      const reported = new Set(
        result.messages.filter(({ ruleId }) => WALL_RULES.has(ruleId ?? '')).map(({ line }) => line),
      );
      assert.deepEqual(
        lines.filter((_, index) => reported.has(index + 1)),
        lines.filter((line) => line.startsWith('✗ ')),
      );
    });
  }
});

test('no file imports itself through others, types included', async () => {
  const { output } = await cruise(['workflows', 'activities', 'workers', 'setup'], {
    baseDir: ROOT,
    tsPreCompilationDeps: true,
    tsConfig: { fileName: path.join(ROOT, 'tsconfig.json') },
    doNotFollow: { path: 'node_modules' },
    validate: true,
    ruleSet: { forbidden: [{ name: 'circle', severity: 'error', from: {}, to: { circular: true } }] },
  });
  assert.ok(typeof output !== 'string');
  assert.ok(output.summary.totalCruised > 100);
  assert.deepEqual(
    output.summary.violations.map(({ from, cycle = [] }) => [from, ...cycle.map(({ name }) => name)].join(' → ')),
    [],
  );
});

test('the orchestrator reaches no task and no TensorFlow', async () => {
  const reached = async (from: string): Promise<readonly string[]> => {
    const { output } = await cruise([from], {
      baseDir: ROOT,
      tsConfig: { fileName: path.join(ROOT, 'tsconfig.json') },
      doNotFollow: { path: 'node_modules' },
    });
    assert.ok(typeof output !== 'string');
    return output.modules
      .map(({ source }) => source)
      .filter((file) => /activities\/(tasks|training)\/|tensorflow/.test(file));
  };
  assert.deepEqual(await reached('workers/orchestrator.ts'), []);
  assert.ok((await reached('workers/trainer.ts')).length > 0);
});

describe('lint', () => {
  test('reports promises without await, any, and a switch that omits a case', async () => {
    const withTypes = new ESLint({ cwd: ROOT });
    const text = [
      'export async function wait(): Promise<void> {}',
      "export function go(outcome: 'success' | 'stop'): number {",
      '  wait();',
      '  const loose: any = 1;',
      '  switch (outcome) {',
      "    case 'stop':",
      '      return 1;',
      '  }',
      '  return [loose].length;',
      '}',
      '',
    ].join('\n');
    // Typed rules want a file that belongs to the project: this one's text is replaced.
    const [result] = await withTypes.lintText(text, { filePath: path.join(ROOT, 'workflows/algorithm/curve.ts') });
    const found = new Map(result?.messages.map(({ ruleId, line }) => [ruleId, line]));
    assert.equal(found.get('@typescript-eslint/no-floating-promises'), 3);
    assert.equal(found.get('@typescript-eslint/no-explicit-any'), 4);
    assert.equal(found.get('@typescript-eslint/switch-exhaustiveness-check'), 5);
  });
});
