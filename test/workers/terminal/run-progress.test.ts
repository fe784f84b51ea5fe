import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { RunProgress } from '../../../activities/contracts/messages.ts';
import { progressBlock, progressLine, RoundClock } from '../../../workers/terminal/run-progress.ts';

const PROGRESS: RunProgress = {
  status: 'running',
  round: 12,
  rounds: 30,
  plan: null,
  bestScore: 0.85314,
  testScore: null,
  subPopulations: [
    {
      subPopulation: 1,
      round: 12,
      members: 8,
      evaluators: 0,
      evaluatorsBusy: 0,
      promotions: 2,
      verdicts: {},
      leaders: [],
      stopped: [],
      decidedBy: [],
      bestScore: 0.85314,
      hyperparameters: { learningRate: { min: 0.0031234, max: 0.012 }, momentum: { min: 0.9, max: 0.9 } },
    },
    {
      subPopulation: 2,
      round: 12,
      members: 8,
      evaluators: 6,
      evaluatorsBusy: 5,
      promotions: 0,
      verdicts: {},
      leaders: [],
      stopped: [],
      decidedBy: [],
      bestScore: 0.84,
      hyperparameters: { learningRate: { min: 0.01, max: 0.08 }, activation: ['relu', 'tanh'] },
    },
  ],
  holds: [],
  notice: null,
  ignored: [],
  warnings: [],
  undeleted: 0,
};

describe('the progress of a run', () => {
  it('is a line per round without a terminal', () => {
    assert.equal(
      progressLine(PROGRESS, 80),
      'round 12 of 30 (40 %); best score 0.8531; P1: learningRate 0.00312 … 0.012, 2 promotions received; P2: ' +
        'learningRate 0.01 … 0.08, activation relu|tanh, 5 of 6 evaluators busy; 1 min 20 s left',
    );
  });

  it('is a block on a terminal', () => {
    assert.deepEqual(progressBlock(PROGRESS, undefined, 100), [
      '',
      '[######........] 40 %  round 12 of 30  best score 0.8531  time left: unknown',
      '  P1:  learningRate 0.00312 … 0.012                                            2 promotions received',
      '  P2:  learningRate 0.01 … 0.08, activation relu|tanh  5 of 6 evaluators busy',
    ]);
  });

  it('fits a terminal of 80 columns', () => {
    for (const [status, left] of [
      ['running', 3_599],
      ['running', 86_399],
      ['finishing', 0],
    ] as const) {
      const [, line = ''] = progressBlock({ ...PROGRESS, status, round: 200, rounds: 200 }, left, 80);
      assert.ok(line.length < 80, line);
      assert.match(line, /^\[#+\] 100 %/);
    }
  });

  it('leaves out what matters least where there is little room, and the time left last', () => {
    for (const [columns, line] of [
      [80, '[######........] 40 %  round 12 of 30  best score 0.8531  1 h 2 min left'],
      [60, '40 %  round 12 of 30  best score 0.8531  1 h 2 min left'],
      [50, '40 %  round 12 of 30  1 h 2 min left'],
      [30, '40 %  1 h 2 min left'],
      [10, '1 h 2 min left'],
    ] as const)
      assert.equal(progressBlock(PROGRESS, 3_720, columns)[1], line);
  });

  it('has the size of a sub-population with nothing else to tell, and no busy evaluators after the last round', () => {
    const [p1, p2] = PROGRESS.subPopulations;
    assert.ok(p1 && p2);
    const retrace = { ...p1, members: 1, promotions: 0, hyperparameters: {} };
    assert.equal(
      progressLine({ ...PROGRESS, status: 'finished', subPopulations: [retrace, p2] }, undefined),
      'round 12 of 30 (40 %); best score 0.8531; P1: 1 member; P2: learningRate 0.01 … 0.08, activation relu|tanh, ' +
        '6 evaluators',
    );
    assert.match(progressLine({ ...PROGRESS, round: 30 }, 0), /, 6 evaluators; 0 s left$/);
  });

  it('says why a run holds', () => {
    assert.ok(
      progressBlock({ ...PROGRESS, status: 'holding', holds: ['P2: no healthy source'] }, 1, 80).includes(
        '  HOLDING: P2: no healthy source',
      ),
    );
  });

  it('shows a run that has not started', () => {
    assert.equal(
      progressBlock({ ...PROGRESS, round: 0, rounds: 0, bestScore: null, subPopulations: [] }, undefined, 80)[1],
      `[${'.'.repeat(14)}] 0 %  round 0 of 0  best score –  time left: unknown`,
    );
  });
});

describe('the time left', () => {
  it('is known after a whole round was observed, and decreases while the next round trains', () => {
    const clock = new RoundClock();
    assert.equal(clock.secondsLeft(10, 0), undefined);
    clock.note(3, 1_000);
    assert.equal(clock.secondsLeft(10, 1_500), undefined);
    clock.note(3, 2_000);
    clock.note(4, 3_000);
    assert.equal(clock.secondsLeft(10, 3_000), 12);
    assert.equal(clock.secondsLeft(10, 4_000), 11);
    clock.note(6, 5_000);
    assert.ok(Math.abs((clock.secondsLeft(10, 5_000) ?? 0) - (4 * 4) / 3) < 1e-9);
    clock.note(10, 9_000);
    assert.equal(clock.secondsLeft(10, 12_000), 0);
  });
});
