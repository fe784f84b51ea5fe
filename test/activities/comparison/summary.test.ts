import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { ComparisonRun, ComparisonSummary } from '../../../activities/contracts/comparison.ts';
import { atOnce, withPauses, type Pausing } from '../../../activities/comparison/pausing.ts';
import { summariseComparison } from '../../../activities/comparison/summary.ts';
import { comparisonText } from '../../../activities/comparison/table.ts';
import type { Score } from '../../../workflows/algorithm/curve.ts';

function run(arm: string, seed: number, testScore: Score, overrides: Partial<ComparisonRun> = {}): ComparisonRun {
  return {
    arm,
    seed,
    algorithm: 'pbt',
    task: { kind: 'toy', variant: 'plain' },
    workers: { members: 4, evaluators: 0 },
    steps: 20,
    workflowId: `c/${arm}/seed-${seed}`,
    bucket: 'test',
    folder: 'f/r',
    resultKey: 'f/r/result/result.json',
    objective: testScore,
    testScore,
    promotions: [0],
    verdicts: {},
    decisionsSha256: '',
    checkpointSha256: '',
    schedule: [],
    curve: { workerSteps: [80], bestScores: [0.5] },
    costs: {
      memberSteps: 80 + seed,
      evaluatorSteps: 0,
      trainerSeconds: 1,
      checkpoints: { written: 4, writtenBytes: 40, read: 0, readBytes: 0 },
      evaluations: {},
      thrownAwayShare: null,
      promotions: [0],
    },
    ...overrides,
  };
}

const RUNS = [
  run('A', 0, 0.5),
  run('A', 1, 0.7),
  run('A', 2, 'diverged'),
  run('B', 2, 0.9),
  run('B', 1, 0.6),
  run('B', 0, 0.3),
  run('C', 0, 1, { task: { kind: 'toy', variant: 'deceptive' } }),
];

describe("a comparison's summary", () => {
  it('excludes diverged scores and counts them', () => {
    const [a, b] = atOnce(summariseComparison(RUNS)).arms;
    assert.deepEqual(
      [a?.arm, a?.runs, a?.testScore.diverged, a?.testScore.scores?.count, a?.testScore.scores?.mean],
      ['A', 3, 1, 2, 0.6],
    );
    assert.deepEqual([b?.testScore.diverged, b?.testScore.scores?.count, b?.testScore.scores?.median], [0, 3, 0.6]);
    assert.deepEqual(atOnce(summariseComparison([run('A', 0, 'diverged')])).arms[0]?.testScore, {
      diverged: 1,
      scores: null,
    });
  });

  it('pairs arms with the first arm by seed, if they have the same task', () => {
    const { differences } = atOnce(summariseComparison(RUNS));
    assert.deepEqual(
      differences.map(({ arm, against, testScore }) => [
        arm,
        against,
        testScore.diverged,
        testScore.differences?.pairs,
      ]),
      [['B', 'A', 1, 2]],
    );
    assert.ok(Math.abs((differences[0]?.testScore.differences?.meanDifference ?? 0) + 0.15) < 1e-12);
    assert.deepEqual(atOnce(summariseComparison([run('A', 0, 1), run('B', 1, 1)])).differences[0]?.testScore, {
      diverged: 0,
      differences: null,
    });
  });

  it('averages costs', () => {
    assert.deepEqual(atOnce(summariseComparison(RUNS)).arms[0]?.costs, {
      memberSteps: 81,
      evaluatorSteps: 0,
      trainerSeconds: 1,
      checkpointsWritten: 4,
      checkpointBytesWritten: 40,
      checkpointBytesRead: 0,
      thrownAwayShare: null,
    });
  });

  it('has the gap between runs and their retraces, if there are any', () => {
    const retrace = { bucket: 'test', folder: 'f/t', seed: 1000, testScore: 0.4, objective: 0.4, gap: 0.25 };
    assert.equal(
      atOnce(summariseComparison([run('A', 0, 0.65, { retrace }), run('A', 1, 0.5)])).arms[0]?.retraceGap?.scores?.mean,
      0.25,
    );
    assert.equal('retraceGap' in (atOnce(summariseComparison(RUNS)).arms[0] ?? {}), false);
  });

  it('is the same with pauses, at least one for every hundred thousand draws', async () => {
    const seeds = Array.from({ length: 25 }, (_, seed) => seed);
    const runs = ['A', 'B', 'C'].flatMap((arm, index) => seeds.map((seed) => run(arm, seed, (seed * (index + 3)) % 7)));
    let pauses = 0;
    const counted = function* (): Pausing<ComparisonSummary> {
      const computation = summariseComparison(runs);
      for (let step = computation.next(); ; step = computation.next()) {
        if (step.done) return step.value;
        pauses++;
        yield;
      }
    };
    assert.deepEqual(await withPauses(counted()), atOnce(summariseComparison(runs)));
    // Ten means' intervals of 10,000 samples of 25, four tests of 100,000.
    assert.ok(pauses >= (10 * 10_000 * 25 + 4 * 100_000 * 25) / 100_000, `${pauses} pauses`);
  });

  it('follows from the runs alone, byte for byte', () => {
    const text = comparisonText({ arms: { A: {} }, seeds: [0] }, RUNS);
    const { input, runs } = JSON.parse(text) as { input: { arms: object; seeds: number[] }; runs: ComparisonRun[] };
    assert.equal(comparisonText(input as never, runs), text);
    assert.equal(comparisonText({ arms: {}, seeds: [] }, []).includes('"arms": [], "differences": []'), true);
  });
});
