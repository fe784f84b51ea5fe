import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { MOST_DEATHS } from '../../../activities/training/attempts.ts';
import type { TrainProgress } from '../../../activities/training/round.ts';
import type { TrainRequest } from '../../../activities/contracts/training.ts';
import { sabotaged, startTrainer, TOY, type Attempt, type Trainer } from './training-harness.ts';

describe('attempts at an activity', () => {
  let trainer: Trainer;
  before(async () => {
    trainer = await startTrainer();
  });
  after(() => trainer.stop());

  /** All heartbeats of an attempt, whatever became of it. */
  async function heartbeats(
    attempt: Attempt,
    partialEveryMs = 60_000,
    request: Partial<TrainRequest> = TOY,
  ): Promise<[TrainProgress, ...TrainProgress[]]> {
    const seen: TrainProgress[] = [];
    await trainer
      .train(request, { ...attempt, onHeartbeat: (progress) => seen.push(progress) }, { partialEveryMs })
      .catch(() => undefined);
    assert.ok(seen[0], 'each heartbeats when it begins');
    return [seen[0], ...seen.slice(1)];
  }

  /** What the last of so many attempts left behind whose trainers died as soon as they had begun. */
  async function afterDeaths(deaths: number, begins?: TrainProgress): Promise<TrainProgress | undefined> {
    let left = begins;
    for (let death = 0; death < deaths; death += 1) [left] = await heartbeats({ heartbeatDetails: left });
    return left;
  }

  it('fail for good when trainer after trainer died at the same step, saying where', async () => {
    const left = await afterDeaths(MOST_DEATHS);
    assert.deepEqual(left?.attempt, { number: 5, beganAtStep: 0, deaths: 4, ended: false, death: null });
    const why =
      "look in their logs and the kernel's for what kills them, such as too little memory or a crash in native code";
    await assert.rejects(trainer.train(TOY, { heartbeatDetails: left }), {
      type: 'TrainerKilled',
      nonRetryable: true,
      message:
        'Cannot train P1/member-3 from step 0: 5 trainers in a row were killed, or sent no heartbeat for 20 s; ' +
        `${why}`,
    });
    await assert.rejects(trainer.train(TOY, { heartbeatDetails: { ...left, step: 13 } }), {
      message:
        'Cannot train P1/member-3 from step 0: 5 trainers in a row were killed, or sent no heartbeat for 20 s, ' +
        `the last at step 13 or later; ${why}`,
    });
  });

  it('go on after fewer deaths, to the same result', async () => {
    const outcome = await trainer.train(TOY, { heartbeatDetails: await afterDeaths(MOST_DEATHS - 1) });
    assert.deepEqual(outcome.checkpoint, (await trainer.train(TOY)).checkpoint);
  });

  it('count trainers that died before their first heartbeat', async () => {
    assert.equal((await heartbeats({ number: 3 }))[0].attempt.deaths, 2);
    assert.equal((await heartbeats({ number: 4, heartbeatDetails: await afterDeaths(1) }))[0].attempt.deaths, 3);
    await assert.rejects(trainer.train(TOY, { number: MOST_DEATHS + 1 }), { type: 'TrainerKilled' });
  });

  it('count anew from where a partial checkpoint brings them', async () => {
    const progress = await heartbeats({ heartbeatDetails: await afterDeaths(MOST_DEATHS - 1) }, 0);
    const left = progress.find(({ partial }) => partial);
    assert.equal(left?.attempt.deaths, MOST_DEATHS - 1);
    const [next] = await heartbeats({ heartbeatDetails: left });
    assert.deepEqual(next.attempt, {
      number: 6,
      beganAtStep: left?.partial?.checkpoint.step,
      deaths: 0,
      ended: false,
      death: null,
    });
    assert.deepEqual(
      [next.step, next.partial],
      [left?.partial?.checkpoint.step, left?.partial],
      'one that dies at once passes on what it got',
    );
    assert.equal((await afterDeaths(2, left))?.attempt.deaths, 1);
  });

  it('count anew after one that failed by itself', async () => {
    const missing = { key: 'a-run/first/checkpoints/none', sha256: '1'.repeat(64), sizeBytes: 1, step: 0 };
    const left = await afterDeaths(MOST_DEATHS - 1);
    const failed = (await heartbeats({ heartbeatDetails: left }, 60_000, { ...TOY, checkpoint: missing })).at(-1);
    assert.deepEqual(failed?.attempt, { number: 5, beganAtStep: 0, deaths: 4, ended: true, death: null });
    assert.equal((await heartbeats({ heartbeatDetails: failed }))[0].attempt.deaths, 0);
  });

  it('count anew when the operator resets the activity', async () => {
    assert.equal(
      (await heartbeats({ number: 1, heartbeatDetails: await afterDeaths(MOST_DEATHS) }))[0].attempt.deaths,
      0,
    );
  });

  it('save the sooner the more trainers died', async () => {
    const saved = async (heartbeatDetails: TrainProgress | undefined): Promise<boolean> => {
      const seen: TrainProgress[] = [];
      const slow = sabotaged((session) => ({
        train: (from, to) => {
          const until = performance.now() + 10;
          while (performance.now() < until);
          return session.train(from, to);
        },
      }));
      await trainer.train(
        TOY,
        { heartbeatDetails, onHeartbeat: (progress) => seen.push(progress) },
        { ...slow, partialEveryMs: 20_000 },
      );
      return seen.some(({ partial }) => partial);
    };
    assert.equal(await saved(undefined), false);
    assert.equal(await saved(await afterDeaths(MOST_DEATHS - 1)), true);
  });

  it('heartbeat and are counted at a report too', async () => {
    const { checkpoint } = await trainer.train({});
    const seen: unknown[] = [];
    await trainer.report({ checkpoint }, { onHeartbeat: (progress) => seen.push(progress) });
    assert.deepEqual(seen[0], {
      checkpoint: checkpoint.key,
      doing: 'starting',
      forSeconds: 0,
      attempt: { number: 1, beganAtStep: 40, deaths: 0, ended: false, death: null },
    });
    await assert.rejects(trainer.report({ checkpoint }, { number: MOST_DEATHS + 1 }), {
      type: 'TrainerKilled',
      message: new RegExp(`^Cannot report on checkpoint ${checkpoint.key}: 5 trainers in a row `),
    });
  });
});
