import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ActivityClock } from '../../../activities/training/activity-clock.ts';
import { UNKNOWN_PACE } from '../../../activities/training/course.ts';
import { RoundAttempt } from '../../../activities/training/round-attempt.ts';
import type { SessionContext } from '../../../activities/tasks/task.ts';
import { eventually } from '../../workers/eventually.ts';
import { observing, orderOf } from './computer-cases.ts';

const PAUSE_MS = 5;
const LIMIT_MS = 10_000;
/** More than what is told at once. */
const TELL_EVERY_MS = 250;

describe('an attempt at a round', () => {
  it('tells that the opening of a session goes on, as often as the task says so', async () => {
    const { told, observer } = observing();
    const opened: SessionContext[] = [];
    const open = async (context: SessionContext): Promise<never> => {
      opened.push(context);
      for (const advances of [1, 2]) {
        context.progressed?.();
        await eventually(() => told.at(-1)?.advances === advances, LIMIT_MS, PAUSE_MS);
      }
      throw new Error('enough seen');
    };
    const notUsed = async (): Promise<never> => assert.fail('nothing is stored');
    const attempt = new RoundAttempt(orderOf({ hyperparameters: {} }), observer, {
      task: { kind: 'slow', score: 'score', hyperparameters: [], open },
      dataDirectory: '',
      checkpoints: { get: notUsed, put: notUsed, delete: notUsed },
      partialEveryMs: 1000,
    });
    await assert.rejects(attempt.train(UNKNOWN_PACE), /enough seen/);
    const endedAtMs = performance.now();
    const count = told.length;
    await eventually(() => performance.now() - endedAtMs > TELL_EVERY_MS, LIMIT_MS, PAUSE_MS);
    opened[0]?.progressed?.();
    assert.equal(told.length, count, 'what goes on after a failure is not told');
    assert.deepEqual(new Set(told.map(({ doing }) => doing)), new Set(['opening']));
  });
});

describe('the clock of an activity', () => {
  it('begins again if the task goes on with what takes long', async () => {
    const clock = new ActivityClock();
    const opening = { doing: 'opening', step: 0, advances: 0, scores: [], partial: null } as const;
    clock.note(opening);
    await eventually(() => clock.elapsedMs > PAUSE_MS, LIMIT_MS, PAUSE_MS);
    const waitedUntilMs = performance.now();
    const sinceWaitedMs = () => performance.now() - waitedUntilMs;
    clock.note(opening);
    assert.ok(clock.elapsedMs > sinceWaitedMs(), 'the same is no progress');
    clock.note({ ...opening, advances: 1 });
    assert.ok(clock.elapsedMs <= sinceWaitedMs(), 'it begins again');
  });
});
