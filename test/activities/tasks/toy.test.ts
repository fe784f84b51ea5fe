import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { toy } from '../../../activities/tasks/toy.ts';
import type { Session, State } from '../../../activities/tasks/task.ts';

const STEPS = 20;

async function open(variant: 'plain' | 'deceptive', h: number, from?: State): Promise<Session> {
  const context = { seed: 0, worker: 'P1/member-0', hyperparameters: { h }, dataDirectory: '' };
  const session = await toy.open({ variant }, context);
  if (from) await session.restore(from);
  else await session.initialise();
  return session;
}

/** Rounds with these h, one session each, as in a run; returns the last score. */
async function score(variant: 'plain' | 'deceptive', hs: readonly number[]): Promise<number> {
  let state: State | undefined;
  let newest = NaN;
  for (const [round, h] of hs.entries()) {
    const session = await open(variant, h, state);
    session.beginRound?.();
    await session.train(round * STEPS, (round + 1) * STEPS);
    newest = (await session.measure()) as number;
    state = await session.save();
  }
  return newest;
}

describe('toy task', () => {
  it('starts at a score of 1.2 − 0.81', async () => {
    assert.equal(await (await open('plain', 1)).measure(), 1.2 - 0.9 * 0.9);
  });

  it('plain: shrinks θ by 1 − 0.002·(2 − h) a step, so that a smaller h is better at once', async () => {
    const shrunk = 0.9 * (1 - 0.002 * 1.5) ** STEPS;
    assert.ok(Math.abs((await score('plain', [0.5])) - (1.2 - shrunk ** 2)) < 1e-14);
    assert.ok((await score('plain', [0.1])) > (await score('plain', [0.5])));
  });

  it('deceptive: charges every round so far for its distance from the schedule 1 − i/50', async () => {
    // Round 0: h 1, no distance, factor 1. Round 1: h 0.5, distance 0.48, p 0.096, factor 1.404. Round 2: h 0.96,
    // distance 0, factor 0.944.
    const theta = 0.9 * (1 - 0.002) ** STEPS * (1 - 0.002 * 1.404) ** STEPS * (1 - 0.002 * 0.944) ** STEPS;
    assert.ok(Math.abs((await score('deceptive', [1, 0.5, 0.96])) - (1.2 - theta ** 2)) < 1e-14);
  });

  it('deceptive: cutting h at once pays first and costs later; following the schedule costs nothing', async () => {
    const schedule = Array.from({ length: 50 }, (_, round) => 1 - round / 50);
    const greedy = schedule.map(() => 1e-4);
    assert.ok((await score('deceptive', greedy.slice(0, 2))) > (await score('deceptive', schedule.slice(0, 2))));
    assert.ok((await score('deceptive', greedy)) < 1);
    assert.ok((await score('deceptive', schedule)) > 1.15);
  });

  it('never moves away from 0, however large the penalty', async () => {
    const scores: number[] = [];
    for (let rounds = 1; rounds <= 20; rounds++)
      scores.push(await score('deceptive', Array<number>(rounds).fill(1e-4)));
    assert.ok(scores.every((one, index) => index === 0 || one >= scores[index - 1]!));
  });

  it('refuses a state that is none of its own', async () => {
    await assert.rejects(open('plain', 1, new Map()), {
      message: 'Expected the checkpoint to have the number `theta` (F64), got `none`',
    });
  });
});
