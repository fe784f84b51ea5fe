import assert from 'node:assert/strict';
import { once } from 'node:events';
import { describe, it } from 'node:test';
import type { Session } from '../../../activities/tasks/task.ts';
import type { Interrupted, Trained } from '../../../activities/training/computer.ts';
import { UNKNOWN_PACE } from '../../../activities/training/course.ts';
import { RoundAttempt } from '../../../activities/training/round-attempt.ts';
import { standInTask } from './stand-in-task.ts';

const CHECKPOINT = { key: 'checkpoint', sha256: '0', sizeBytes: 1, step: 4 };
const REQUEST = {
  storage: { bucket: 'bucket', folder: 'a-run/first' },
  task: { kind: 'stand-in' },
  seed: 1,
  threads: 1,
  worker: { subPopulation: 1, kind: 'member', index: 0 },
  checkpoint: null,
  fromStep: 0,
  toStep: 4,
  evalEvery: 2,
  hyperparameters: {},
} as const;

function attempt(session: Partial<Session>): Promise<Trained | Interrupted> {
  const put = async () => CHECKPOINT;
  const get = () => Promise.reject(new Error('There is no checkpoint'));
  return new RoundAttempt(
    { request: REQUEST, worker: 'P1/member-0', partial: null, deaths: 0, heartbeatTimeoutMs: null },
    { interruption: new AbortController().signal, progressed: () => undefined },
    {
      task: standInTask(session),
      dataDirectory: '',
      checkpoints: { put, get, delete: async () => undefined },
      partialEveryMs: 60_000,
    },
  ).train({ ...UNKNOWN_PACE });
}

describe('a round whose session cannot be disposed of', () => {
  const dispose = (): never => {
    throw new Error('already closed');
  };

  it('has the outcome that it has, and warns', async () => {
    const warned = once(process, 'warning');
    const { checkpoint } = (await attempt({ dispose })) as Trained;
    assert.deepEqual(checkpoint, CHECKPOINT);
    const [warning] = (await warned) as Error[];
    assert.equal(warning?.message, "Cannot dispose of P1/member-0's session: already closed");
  });

  it('fails with what failed before', async () => {
    const train = (): never => {
      throw new Error('no luck');
    };
    await assert.rejects(attempt({ train, dispose }), {
      type: 'TaskFailed',
      message: 'Cannot train P1/member-0 at steps 0 to 1: no luck',
    });
  });
});
