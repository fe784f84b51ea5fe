import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { ResultSummary } from '../../../activities/contracts/result.ts';
import { formatSummary } from '../../../workers/terminal/run-summary.ts';
import { toySpecification } from '../../workflows/stand-ins.ts';

const RESULT: ResultSummary = {
  workflowId: 'my-run',
  algorithm: 'fire-pbt',
  seed: 0,
  rounds: 10,
  steps: 200,
  winner: {
    member: 'P1/member-3',
    objective: 1.1834,
    checkpoint: { key: 'my-run/first/checkpoints/ab', sha256: 'ab', sizeBytes: 100, step: 200 },
  },
  score: 'accuracy',
  testScore: 1.19,
  promotions: [2, 0],
  verdicts: { 'binomial-test': 1, success: 2 },
  schedule: [],
  undeleted: 0,
  lost: [],
  decisionsSha256: '0123456789abcdef'.repeat(4),
  decidedBy: [{ code: '0.2.0+aa', fromRound: 1 }],
  storage: { bucket: 'fire-pbt', folder: 'my-run/first' },
  resultKey: 'my-run/first/result/result.json',
  files: ['my-run/first/result/result.json', 'my-run/first/result/best.safetensors'],
};
const PLACES = {
  runId: 'first',
  stackEnds: false,
  stackCommand: 'npm run stack -- --threads 2',
  directory: undefined,
  stack: {
    pid: 1,
    queue: 'fire-pbt',
    trainers: 1,
    tasks: [],
    threads: 1,
    pages: 'http://127.0.0.1:8234',
    temporal: { address: '127.0.0.1:7233', namespace: 'default', webUi: null, own: false },
    s3: { endpoint: null, credentialsFile: null, folder: null, own: false },
  },
};

describe('the summary of a run', () => {
  const lines = (result: ResultSummary): string[] => formatSummary(result, toySpecification(), PLACES).split('\n');

  it('has the winner, the promotions, the decisions and the files', () => {
    assert.deepEqual(lines(RESULT).slice(0, 8), [
      'my-run is done: 10 rounds, 200 steps per member',
      '',
      'Winner      P1/member-3: objective 1.1834, test accuracy 1.1900',
      'Promotions  2 into P1',
      'Evaluations 2 promoted, 1 no better than its child',
      'Decisions   sha256 0123456789abcdef… (the same for the same specification and seed)',
      'Result      s3://fire-pbt/my-run/first/result/result.json',
      'Weights     s3://fire-pbt/my-run/first/result/best.safetensors',
    ]);
  });

  it('has who would have won under the other rule, with the weights', () => {
    const other = {
      rule: 'best-seen',
      member: 'P1/member-1',
      objective: 1.1852,
      testScore: 1.189,
      checkpoint: { key: 'my-run/first/checkpoints/cd', sha256: 'cd', sizeBytes: 100, step: 1_800 },
      files: ['my-run/first/best-seen/result/best.safetensors', 'my-run/first/best-seen/result/model/model.json'],
    } as const;
    assert.deepEqual(lines({ ...RESULT, other }).slice(2, 6), [
      'Winner      P1/member-3: objective 1.1834, test accuracy 1.1900',
      'Best seen   P1/member-1: objective 1.1852, test accuracy 1.1890, at step 1,800',
      '            s3://fire-pbt/my-run/first/best-seen/result/best.safetensors',
      'Promotions  2 into P1',
    ]);
    const { testScore: _, ...unreported } = other;
    assert.deepEqual(lines({ ...RESULT, other: { ...unreported, rule: 'last-round', files: [] } }).slice(3, 5), [
      'Last round  P1/member-1: objective 1.1852, at step 1,800',
      'Promotions  2 into P1',
    ]);
  });

  it('says of a retrace which run it follows, and how far apart they are', () => {
    const retraced = { folder: 'found/first', seed: 4, objective: 1, testScore: 1.2, gap: 0.01 };
    const line = (gap: number | null) => lines({ ...RESULT, retraced: { ...retraced, gap } })[3];
    assert.equal(line(0.01), 'Retraces    found/first, seed 4: test accuracy 1.2000, 0.0100 better than this');
    assert.equal(line(-0.01), 'Retraces    found/first, seed 4: test accuracy 1.2000, 0.0100 worse than this');
    assert.equal(line(null), 'Retraces    found/first, seed 4: test accuracy 1.2000');
  });

  it('ends with the report: its file as a browser opens it, else how to make it', () => {
    const files = [...RESULT.files, 'my-run/first/result/report.html'];
    assert.equal(lines({ ...RESULT, files }).at(-1), 'Report: s3://fire-pbt/my-run/first/result/report.html');
    const stack = { ...PLACES.stack, s3: { ...PLACES.stack.s3, folder: '/data of mine' } };
    const summary = formatSummary({ ...RESULT, files }, toySpecification(), { ...PLACES, stack });
    assert.equal(
      summary.split('\n').at(-1),
      'Report: file:///data%20of%20mine/fire-pbt/my-run/first/result/report.html',
    );
    assert.equal(
      lines(RESULT).at(-1),
      'Report: it could not be written. Make it with npm run report -- --run my-run/first',
    );
  });

  it('has commands that can be pasted, whatever the ids, and that lead to the same stack', () => {
    const storage = { bucket: 'mine', folder: 'my%20run/first' };
    const places = { ...PLACES, stackEnds: true, directory: "/data/it's" };
    const told = formatSummary({ ...RESULT, workflowId: 'my run', storage }, toySpecification(), places).split('\n');
    assert.deepEqual(
      told.slice(-5).map((line) => line.replace(/^ {2}\S+ workflow/, '  temporal workflow')),
      [
        'Next: start the stack (npm run stack -- --threads 2), then:',
        "  temporal workflow show --workflow-id 'my run'",
        "  temporal workflow query --workflow-id 'my run/P1' --type members",
        '',
        'Report: it could not be written. Make it with ' +
          "npm run report -- --run my%20run/first --bucket mine --directory '/data/it'\\''s'",
      ],
    );
  });

  it('names no page of a Web UI that ends with it', () => {
    const temporal = { ...PLACES.stack.temporal, webUi: 'http://127.0.0.1:8233' };
    const ends = (stackEnds: boolean): boolean =>
      formatSummary(RESULT, toySpecification(), {
        ...PLACES,
        stackEnds,
        stack: { ...PLACES.stack, temporal },
      }).includes('Web UI');
    assert.deepEqual([ends(true), ends(false)], [false, true]);
  });

  it('says so if more than one code decided', () => {
    const decidedBy = [...RESULT.decidedBy, { code: '0.3.0+bb', fromRound: 7 }];
    assert.equal(
      lines({ ...RESULT, decidedBy })[6],
      '            Decided by more than one code: 0.2.0+aa from round 1, 0.3.0+bb from round 7',
    );
  });
});
