import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { ReportOutcome } from '../../../activities/contracts/training.ts';
import { encodeSafetensors } from '../../../activities/storage/safetensors.ts';
import type { Session } from '../../../activities/tasks/task.ts';
import type { Interrupted } from '../../../activities/training/computer.ts';
import { report } from '../../../activities/training/report.ts';
import { standInTask } from './stand-in-task.ts';

const REQUEST = {
  storage: { bucket: 'bucket', folder: 'a-run/first' },
  task: { kind: 'stand-in' },
  seed: 1,
  threads: 1,
  checkpoint: { key: 'a-run/first/checkpoints/0.safetensors', sha256: '0', sizeBytes: 1, step: 20 },
  hyperparameters: {},
} as const;

async function reportFrom(session: Partial<Session>): Promise<ReportOutcome | Interrupted> {
  return report(
    REQUEST,
    { task: standInTask(session), dataDirectory: '' },
    { get: async () => encodeSafetensors(new Map(), {}) },
    { put: async () => undefined },
    { interruption: new AbortController().signal, progressed: () => undefined },
  );
}

describe('a report', () => {
  it('is the same if its session cannot be disposed of', async () => {
    const dispose = () => Promise.reject(new Error('already closed'));
    assert.deepEqual(await reportFrom({ dispose }), { testScore: 1, files: ['a-run/first/result/best.safetensors'] });
  });

  it('has diverged if its scores are no finite numbers', async () => {
    const scores = { testScore: NaN, untouchedScore: Infinity };
    const reported = await reportFrom({ report: async () => ({ ...scores, weights: new Map(), exports: [] }) });
    assert.deepEqual(reported, {
      testScore: 'diverged',
      untouchedScore: 'diverged',
      files: ['a-run/first/result/best.safetensors'],
    });
  });
});
