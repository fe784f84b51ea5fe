import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { sightOf } from '../../../workers/chaos/sight.ts';
import { formatStandstill, Standstills } from '../../../workers/chaos/standstills.ts';
import type { PendingActivity } from '../../../workers/processes/pending-activities.ts';

describe('the standstills of a run', () => {
  /** Seen every second; a kill in the third and in the eighth second. */
  function seen(positions: readonly (string | undefined)[]): Standstills {
    const standstills = new Standstills();
    positions.forEach((position, second) => {
      if (second === 3 || second === 8) standstills.disturb(1000 * second, `kill in second ${second}`);
      standstills.see(1000 * (second + 1), position, position === undefined ? 'no answer' : 'at work');
    });
    return standstills;
  }

  it('last from one change to the next, whether or not somebody answers meanwhile', () => {
    const [longest, second] = seen(['a', 'b', 'c', undefined, undefined, 'c', 'd', 'e', 'e', 'e']).longest(2);
    assert.deepEqual(longest, {
      fromMs: 3000,
      toMs: 7000,
      waited: { 'no answer': 2000, 'at work': 2000 },
      disturbances: ['kill in second 3'],
    });
    // The run may still stand still when it is seen for the last time.
    assert.deepEqual([second?.fromMs, second?.toMs], [8000, 10_000]);
    assert.deepEqual(second?.disturbances, ['kill in second 8']);
  });

  it('are formatted with what the run waited for, and what came before', () => {
    const [longest] = seen(['a', 'b', 'c', undefined, undefined, 'c', 'd']).longest(1);
    assert.ok(longest);
    assert.equal(
      formatStandstill(longest, 1000),
      '4 s, from 2 s on (2 s no answer, 2 s at work), after kill in second 3',
    );
    assert.equal(formatStandstill({ ...longest, waited: {}, disturbances: [] }, 3000), '4 s, from 0 s on');
  });
});

describe('what is seen of a run', () => {
  const TRAINING: PendingActivity = {
    id: 'run/P1 7',
    activity: 'train',
    attempt: 1,
    failure: undefined,
    started: true,
    backsOff: false,
    startedBy: 'trainer-1',
    told: { worker: 'P1/member-0', doing: 'training', step: 16, forSeconds: 1 },
  };
  const QUEUED = { ...TRAINING, started: false, told: undefined };

  it('changes if a trainer advances or an activity begins or ends, and not if it is only retried', () => {
    const position = (...pending: readonly PendingActivity[]) => sightOf(pending).position;
    const before = position(TRAINING);
    assert.equal(position({ ...TRAINING, attempt: 2, told: { ...TRAINING.told!, forSeconds: 9 } }), before);
    assert.notEqual(position({ ...TRAINING, told: { ...TRAINING.told!, step: 17 } }), before);
    assert.notEqual(position({ ...TRAINING, told: { ...TRAINING.told!, doing: 'storing' } }), before);
    assert.notEqual(position(TRAINING, { ...QUEUED, id: 'run/P1 8' }), before);
    assert.notEqual(position(), before);
    assert.equal(position(TRAINING, { ...QUEUED, activity: 'watchForInvalidResets' }), before);
  });

  it('names what the run waits for', () => {
    const failed = { ...QUEUED, attempt: 2, failure: 'Cannot put s3://…', backsOff: true };
    for (const [pending, waitsFor] of [
      [[], 'no activity was pending: workflows waited for the orchestrator'],
      [[failed, failed], 'waiting to retry: Cannot put s3://…'],
      [[failed, QUEUED], 'waiting for a trainer'],
      [[TRAINING, QUEUED], 'waiting for trainers that had begun, or were killed'],
      [[{ ...QUEUED, activity: 'saveRound' }], 'waiting for saveRound on the orchestrator'],
    ] as const)
      assert.equal(sightOf(pending).waitsFor, waitsFor);
  });
});
