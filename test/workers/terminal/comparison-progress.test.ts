import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { ComparisonRow } from '../../../activities/contracts/comparison.ts';
import {
  comparisonBlock,
  comparisonProgressLine,
  ComparisonWork,
  holdsOf,
  percent,
  formatComparison,
  formatComparisonCosts,
} from '../../../workers/terminal/comparison-progress.ts';
import type { ComparisonBlock, RunInTraining } from '../../../workers/terminal/comparison-progress.ts';
import type { ComparisonProgress, RunProgress } from '../../../activities/contracts/messages.ts';
import { comparisonOf } from '../../shipped-tasks.ts';

const TOY = {
  task: { kind: 'toy', variant: 'plain' },
  steps: 100,
  stepsPerRound: 20,
  evalEvery: 10,
  hyperparameters: {
    h: { kind: 'float', scale: 'linear', bounds: [0.1, 1], initial: { distribution: 'uniform', range: [0.1, 1] } },
  },
};
/** A run of FIRE has 600 steps, a run of PBT 400, a retrace 100: 2,400 in total. */
const COMPARISON = comparisonOf({
  arms: {
    FIRE: { ...TOY, subPopulations: [{ members: 2 }, { members: 2, evaluators: 2 }] },
    PBT: { ...TOY, subPopulations: [{ members: 4 }] },
  },
  seeds: [0, 1],
  retrace: true,
  atOnce: 2,
});
const WORK = new ComparisonWork(COMPARISON, 'c');
const ROW = { arm: 'FIRE', seed: 0, testScore: 0.5, objective: 0.6, promotions: [2, 0] } as unknown as ComparisonRow;
const IN_TRAINING: RunInTraining[] = [
  { id: 'c/FIRE/seed-0/retrace', progress: run(2) },
  { id: 'c/FIRE/seed-1', progress: run(4, ['P1/member-0 in round 4: boom']) },
  { id: 'c/PBT/seed-0', progress: undefined },
];

function run(round: number, holds: readonly string[] = []): RunProgress {
  return {
    status: 'running',
    round,
    rounds: 5,
    plan: null,
    bestScore: 0.75,
    testScore: null,
    subPopulations: [],
    holds,
    notice: null,
    ignored: [],
    warnings: [],
    undeleted: 0,
  };
}

const STATISTICS = {
  count: 1,
  mean: 0.5,
  median: 0.5,
  interquartileMean: 0.5,
  standardDeviation: null,
  meanInterval: null,
};
const COSTS = {
  memberSteps: 400,
  evaluatorSteps: 0,
  trainerSeconds: 1,
  checkpointsWritten: 4,
  checkpointBytesWritten: 4_000_000,
  checkpointBytesRead: 0,
  thrownAwayShare: null,
};
const NO_FOLDER = { endpoint: null, credentialsFile: null, folder: null, own: false };

function block(change: Partial<ComparisonBlock> = {}): ComparisonBlock {
  return { work: WORK, done: 1120, training: IN_TRAINING, secondsLeft: 90, columns: 80, ...change };
}

function comparison(change: Partial<ComparisonProgress> = {}): ComparisonProgress {
  return {
    runs: 4,
    rows: [ROW],
    summary: null,
    running: IN_TRAINING.map(({ id }) => id),
    failures: [],
    notice: null,
    ignored: [],
    table: null,
    report: null,
    ...change,
  };
}

describe('the progress of a comparison', () => {
  it('counts the steps of finished runs and of runs in training', () => {
    assert.equal(WORK.total, 2 * 600 + 2 * 400 + 4 * 100);
    // A run of 600, two fifths of its retrace, four fifths of another run.
    assert.equal(WORK.done(comparison(), IN_TRAINING), 600 + 40 + 480);
    assert.equal(percent(1120, WORK), 46);
    const retraced = { ...ROW, retrace: { testScore: 0.4 } } as unknown as ComparisonRow;
    assert.equal(WORK.done(comparison({ rows: [retraced] }), []), 700);
  });

  it('is unknown if the running comparison is not the one of the input file', () => {
    assert.equal(WORK.done(comparison({ rows: [{ ...ROW, arm: 'other' }] }), []), undefined);
    assert.equal(WORK.done(comparison({ runs: 6, rows: [] }), []), undefined);
    assert.equal(WORK.done(comparison(), [{ id: 'c/FIRE/seed-7', progress: undefined }]), undefined);
    assert.equal(
      comparisonBlock(comparison(), block({ done: undefined, training: [], secondsLeft: undefined }))[1],
      '1 of 4 runs done  time left: unknown',
    );
  });

  it('is a block on a terminal', () => {
    assert.deepEqual(comparisonBlock(comparison({ failures: ['PBT, seed 1: boom'] }), block()), [
      '',
      '[#######.......] 46 %  1 of 4 runs done  1 min 30 s left',
      '  FIRE, seed 0:            test score 0.5000  objective 0.6000   2 promotions',
      '  FIRE, seed 0, retraced:  round 2 of 5       best score 0.7500',
      '  FIRE, seed 1:            round 4 of 5       best score 0.7500',
      '  PBT, seed 0:             starting',
      '  HOLDING: FIRE, seed 1: P1/member-0 in round 4: boom',
      '  FAILED: PBT, seed 1: boom',
    ]);
  });

  it('leaves out what matters least where there is little room, and the time left last', () => {
    const first = (columns: number): string | undefined => comparisonBlock(comparison(), block({ columns }))[1];
    assert.equal(first(50), '46 %  1 of 4 runs done  1 min 30 s left');
    assert.equal(first(30), '46 %  1 min 30 s left');
    assert.equal(first(10), '1 min 30 s left');
  });

  it('ends in tables with columns of equal width', () => {
    const arm = (name: string, mean: number) => ({
      arm: name,
      runs: 1,
      testScore: { diverged: 0, scores: { ...STATISTICS, mean } },
      objective: { diverged: 0, scores: null },
      costs: COSTS,
    });
    const summary = { arms: [arm('FIRE', 0.5), arm('random-search', 12.25)], differences: [] };
    const rows = [ROW, { ...ROW, arm: 'random-search', testScore: 0.25 }];
    const [head, rule, ...lines] = formatComparison(comparison({ rows, summary }), { s3: NO_FOLDER }).split('\n');
    assert.equal(head, 'test score                   FIRE  random-search');
    assert.equal(rule, '─'.repeat(head.length));
    assert.deepEqual(lines.slice(0, 3), [
      'seed 0                     0.5000         0.2500',
      'mean                       0.5000        12.2500',
      'median                     0.5000         0.5000',
    ]);
    assert.ok(!lines.some((line) => line.includes('|')), 'no Markdown');
  });

  it('is a line without a terminal', () => {
    assert.equal(
      comparisonProgressLine(WORK, 1120, IN_TRAINING.slice(1), 90),
      '46 %; FIRE, seed 1: round 4 of 5, best score 0.7500; PBT, seed 0: starting; 1 min 30 s left',
    );
    assert.deepEqual(holdsOf(IN_TRAINING, WORK), ['HOLDING: FIRE, seed 1: P1/member-0 in round 4: boom']);
  });
});

describe('the costs of a comparison', () => {
  it('name the runs, the steps and the storage', () => {
    assert.match(
      formatComparisonCosts(COMPARISON, WORK),
      /^Runs {7}4: 2 arms, 2 seeds; 2 at once; each retraced\nTraining {3}at most 2,400 steps\nTime /,
    );
  });
});
