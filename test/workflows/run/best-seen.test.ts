/** The best checkpoint seen, in runs that get worse towards their end. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { ApplicationFailure } from '@temporalio/common';
import type { ResultSummary } from '../../../activities/contracts/result.ts';
import { progressQuery } from '../../../workflows/messages.ts';
import { startStoredRuns } from '../stored-runs.ts';
import type { StoredRuns } from '../stored-runs.ts';

const SPECIFICATION = {
  task: {
    kind: 'image-classification',
    dataset: 'fashion-mnist',
    model: { kind: 'perceptron', hidden: [8] },
    optimizer: 'momentum',
    batchSize: 8,
    objectiveExamples: 500,
    untouchedExamples: 100,
  },
  steps: 30,
  stepsPerRound: 10,
  evalEvery: 10,
  subPopulations: [{ members: 1 }],
  hyperparameters: { learningRate: 0.01, weightDecay: 0 },
  schedule: [
    { fromStep: 0, toStep: 10, hyperparameters: { learningRate: 0.01 } },
    { fromStep: 10, toStep: 30, hyperparameters: { learningRate: 1 } },
  ],
} as const;

describe('a run that gets worse towards its end', { timeout: 240_000 }, () => {
  let runs: StoredRuns;
  let byDefault: ResultSummary;
  before(async () => {
    // A trainer that remembers no checkpoint has to read what it reports on.
    runs = await startStoredRuns({ cacheBytes: 0 });
    byDefault = await runs.result('by-default', SPECIFICATION, 'retrace');
  });
  after(() => runs.stop());

  it('keeps the best checkpoint seen, and reports on it beside the winner of the last round', async () => {
    const { winner, other, storage } = byDefault;
    assert.ok(other?.testScore !== undefined && typeof winner.objective === 'number');
    assert.equal(winner.checkpoint.step, SPECIFICATION.steps);
    assert.equal(other.rule, 'best-seen');
    assert.ok(Number(other.objective) > winner.objective, `${other.objective} and ${winner.objective}`);
    assert.equal(other.checkpoint.step, 10, 'what is kept for other reasons is newer');
    const kept = (await runs.objects.list(storage.bucket, `${storage.folder}/checkpoints/`)).map(({ key }) => key);
    assert.ok(kept.includes(other.checkpoint.key));
    assert.ok(other.files.includes(`${storage.folder}/best-seen/result/best.safetensors`));
    for (const key of other.files) assert.ok(await runs.objects.sizeBytes(storage.bucket, key), key);
  });

  it('has that checkpoint as its winner if the specification says so', async () => {
    const bySeen = await runs.result('best-seen', { ...SPECIFICATION, winner: 'best-seen' }, 'retrace');
    const { other, winner } = byDefault;
    assert.equal(bySeen.decisionsSha256, byDefault.decisionsSha256);
    assert.equal(bySeen.winner.checkpoint.sha256, other?.checkpoint.sha256);
    assert.deepEqual(
      [bySeen.winner.member, bySeen.winner.objective, bySeen.testScore],
      [other?.member, other?.objective, other?.testScore],
    );
    assert.equal(bySeen.schedule.at(-1)?.toStep, other?.checkpoint.step);
    assert.equal(bySeen.other?.rule, 'last-round');
    assert.deepEqual(
      [bySeen.other.checkpoint.sha256, bySeen.other.objective, bySeen.other.testScore],
      [winner.checkpoint.sha256, winner.objective, byDefault.testScore],
    );
  });

  it('has its result without a report on that checkpoint if there can be none', async () => {
    runs.script.beforeReport = ({ storage }) => {
      if (storage.folder.endsWith('/best-seen')) throw ApplicationFailure.nonRetryable('no report today', 'TaskFailed');
    };
    const result = await runs.result('unreported', SPECIFICATION, 'retrace');
    delete runs.script.beforeReport;
    await assertUnreported('unreported', result, /^Cannot report on \S+: no report today \(TaskFailed\)$/);
  });

  it('goes on in another run although that checkpoint is lost', async () => {
    const { storage, other } = byDefault;
    assert.ok(other);
    await runs.objects.delete(storage.bucket, [other.checkpoint.key]);
    const result = await runs.result('continued', { from: storage.folder }, 'retrace');
    await assertUnreported('continued', result, /^Cannot report on \S+: Cannot use checkpoint \S+: it is missing/);
  });

  /** The result has the other one's objective alone, and the run says why. */
  async function assertUnreported(workflowId: string, { other, testScore }: ResultSummary, warning: RegExp) {
    assert.equal(testScore, byDefault.testScore);
    assert.deepEqual([other?.objective, other?.testScore, other?.files], [byDefault.other?.objective, undefined, []]);
    const { warnings } = await runs.client.workflow.getHandle(workflowId).query(progressQuery);
    assert.ok(
      warnings.some((one) => warning.test(one)),
      warnings.join('\n'),
    );
  }
});
