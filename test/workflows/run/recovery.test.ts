import { after, before, describe, it } from 'node:test';
import assert from 'node:assert/strict';
import { WorkflowFailedError } from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
import type { RunProgress } from '../../../activities/contracts/messages.ts';
import type { ResultSummary } from '../../../activities/contracts/result.ts';
import { watchWorkflow } from '../../../workers/processes/watch-workflow.ts';
import { extendUpdate, progressQuery, stopEarlySignal } from '../../../workflows/messages.ts';
import { startObjectServer } from '../../object-server.ts';
import type { ObjectServer } from '../../object-server.ts';
import { SMALL } from '../../small-run.ts';
import { startStoredRuns } from '../stored-runs.ts';
import type { StoredRuns } from '../stored-runs.ts';

const TO_FIRST_TASK = ['--type', 'FirstWorkflowTask', '--reason', 'test', '--reapply-exclude', 'Signal'];

describe('a run that failed, was stopped or was reset', { timeout: 300_000 }, () => {
  let server: ObjectServer;
  let runs: StoredRuns;
  let undisturbed: ResultSummary;
  before(async () => {
    server = await startObjectServer();
    runs = await startStoredRuns({ on: server });
    undisturbed = await runs.result('undisturbed');
  });
  after(async () => {
    await runs.stop();
    await server.stop();
  });

  function assertSame(result: ResultSummary): void {
    assert.deepEqual(
      [result.decisionsSha256, result.winner.member, result.winner.checkpoint.sha256, result.rounds],
      [
        undisturbed.decisionsSha256,
        undisturbed.winner.member,
        undisturbed.winner.checkpoint.sha256,
        undisturbed.rounds,
      ],
    );
  }

  async function resultOf(workflowId: string, on = runs): Promise<ResultSummary> {
    return (await on.client.workflow.getHandle(workflowId).result()) as ResultSummary;
  }

  async function reset(workflowId: string, ...how: readonly string[]): Promise<void> {
    const { code, stderr } = await runs.temporal('workflow', 'reset', '--workflow-id', workflowId, ...how);
    assert.equal(code, 0, stderr);
  }

  /** Nothing is trained meanwhile: eight rounds of a toy may be over before anybody looks for resets. */
  async function withoutTraining<T>(work: () => Promise<T>): Promise<T> {
    let open = (): void => undefined;
    const gate = new Promise<void>((resolve) => (open = resolve));
    runs.script.beforeTraining = () => gate;
    try {
      return await work();
    } finally {
      delete runs.script.beforeTraining;
      open();
    }
  }

  /** Its failure's type and message. */
  async function failure(workflowId: string): Promise<string> {
    const error = await resultOf(workflowId).then(
      () => assert.fail('it did not fail'),
      (reason: unknown) => reason,
    );
    assert.ok(error instanceof WorkflowFailedError && error.cause instanceof ApplicationFailure, String(error));
    return `${error.cause.type}: ${error.cause.message}`;
  }

  it('fails with advice after a reset of a child alone, and then recovers to the same result', async () => {
    const workflowId = 'child-reset';
    await runs.start(workflowId);
    await runs.reached(workflowId, ({ round }) => round >= 2);
    const failed = await withoutTraining(async () => {
      await reset(`${workflowId}/P2`, '--type', 'LastWorkflowTask', '--reason', 'test');
      return failure(workflowId);
    });
    assert.equal(
      failed,
      `ResetRefused: Cannot continue run child-reset: child-reset/P2 was reset alone, and its neighbours were not. ` +
        `Instead reset the root to its first task: ` +
        `temporal workflow reset --workflow-id child-reset --type FirstWorkflowTask --reason "…" ` +
        `--reapply-exclude Signal`,
    );
    await reset(workflowId, ...TO_FIRST_TASK);
    assertSame(await resultOf(workflowId));
  });

  it('fails with advice after a reset of the root to a later task, and then recovers to the same result', async () => {
    const workflowId = 'root-reset';
    await runs.start(workflowId);
    await runs.reached(workflowId, ({ round }) => round >= 2);
    const failed = await withoutTraining(async () => {
      await reset(workflowId, '--type', 'LastWorkflowTask', '--reason', 'test');
      return failure(workflowId);
    });
    assert.match(
      failed,
      new RegExp(
        String.raw`^ResetRefused: Cannot continue run root-reset: its root was reset to a later task than its first, ` +
          String.raw`and its other workflows were not\. Instead .* --type FirstWorkflowTask `,
      ),
    );
    await reset(workflowId, ...TO_FIRST_TASK);
    assertSame(await resultOf(workflowId));
  });

  it('fails with the same advice if a failed root was reset to a later task', async () => {
    const workflowId = 'failed-root-reset';
    await runs.start(workflowId);
    await runs.reached(workflowId, ({ round }) => round >= 2);
    await runs.client.workflow.getHandle(`${workflowId}/P1`).terminate('test');
    assert.match(
      await failure(workflowId),
      new RegExp(
        String.raw`^ChildFailed: P1 of run failed-root-reset ended unexpectedly: .*Repair the cause, ` +
          String.raw`then resume .* --type FirstWorkflowTask `,
      ),
    );
    await reset(workflowId, '--type', 'LastWorkflowTask', '--reason', 'test');
    assert.match(await failure(workflowId), /^ResetRefused: /);
  });

  it('fails and names the child if a child alone was cancelled', async () => {
    const workflowId = 'child-cancelled';
    await runs.start(workflowId, { ...SMALL, steps: 2000 });
    await runs.reached(workflowId, ({ round }) => round >= 1);
    await runs.client.workflow.getHandle(`${workflowId}/P1`).cancel();
    assert.match(
      await failure(workflowId),
      /^ChildFailed: P1 of run child-cancelled ended unexpectedly: .*Repair the cause, then resume /,
    );
    assert.equal(await runs.publishedStatus(workflowId), 'failed');
  });

  it('reaches the same result if the running root is reset to its first task, also for who watches it', async () => {
    const workflowId = 'running-reset';
    const { firstExecutionRunId } = await runs.start(workflowId);
    const watched = runs.client.workflow.getHandle(workflowId, firstExecutionRunId);
    const result = watchWorkflow<RunProgress, ResultSummary>(watched, progressQuery, () => undefined);
    await runs.reached(workflowId, ({ round }) => round >= 3);
    await reset(workflowId, ...TO_FIRST_TASK);
    assertSame(await result);
    assertSame(await resultOf(workflowId));
  });

  it('keeps its extended length after a reset', async () => {
    const long = await runs.result('extended-from-the-start', { ...SMALL, steps: 240 });
    const workflowId = 'extended-reset';
    const handle = await runs.start(workflowId);
    await handle.executeUpdate(extendUpdate, { args: [{ steps: 240 }] });
    // Beyond the end that its specification says.
    await runs.reached(workflowId, ({ round }) => round >= 9);
    await runs.client.workflow.getHandle(`${workflowId}/P2`).terminate('as though');
    assert.match(await failure(workflowId), /^ChildFailed: /);
    await reset(workflowId, ...TO_FIRST_TASK);
    const result = await resultOf(workflowId);
    assert.deepEqual(
      [result.rounds, result.decisionsSha256, result.winner.checkpoint.sha256],
      [12, long.decisionsSha256, long.winner.checkpoint.sha256],
    );
  });

  it('reaches the same result if a stop is undone by a reset', async () => {
    const workflowId = 'stopped';
    const handle = await runs.start(workflowId);
    await runs.reached(workflowId, ({ round }) => round >= 2);
    await handle.signal(stopEarlySignal, { reason: 'a mistake' });
    const stopped = await handle.result();
    assert.equal(stopped.stoppedEarly?.reason, 'a mistake');
    await reset(workflowId, ...TO_FIRST_TASK);
    assertSame(await resultOf(workflowId));
  });

  it('is resumed by a new run on another Temporal server, which trains no finished round again', async () => {
    const workflowId = 'abandoned';
    const handle = await runs.start(workflowId);
    await runs.reached(workflowId, ({ round }) => round >= 4);
    await handle.terminate('the server is lost');
    const elsewhere = await startStoredRuns({ on: server });
    try {
      const folder = `${workflowId}/${handle.firstExecutionRunId}`;
      const result = await elsewhere.result('continued', { from: folder });
      assertSame(result);
      assert.ok(
        Math.min(...elsewhere.trained.map(({ fromStep }) => fromStep)) >= 4 * SMALL.stepsPerRound,
        'finished rounds are not trained again',
      );
      assert.match(result.storage.folder, /^continued\//);
      const text = Buffer.from(await elsewhere.objects.get('fire-pbt', result.resultKey)).toString();
      assert.equal(text.includes(`${folder}/checkpoints`), false, 'nothing refers to the earlier folder');
    } finally {
      await elsewhere.stop();
    }
  });

  it('is resumed with more steps as if it had been specified with them', async () => {
    const long = await runs.result('long', { ...SMALL, steps: 200 });
    const longer = await runs.result('longer', { from: undisturbed.storage.folder, steps: 200 });
    assert.equal(longer.decisionsSha256, long.decisionsSha256);
    assert.equal(longer.winner.checkpoint.sha256, long.winner.checkpoint.sha256);
  });

  it('cannot be resumed if it does not exist, or with another task', async () => {
    const folder = undisturbed.storage.folder;
    for (const [input, message] of [
      [
        { from: 'nobody/none' },
        'InvalidSpecification: Cannot use the specification: one error\nExpected `from` to be the folder of a ' +
          'run in bucket fire-pbt, got `"nobody/none"`',
      ],
      [
        { from: '../secrets' },
        "InvalidSpecification: Cannot use the specification: one error\nExpected `from` to be an earlier run's " +
          'folder, `<workflow id>/<first run id>`, as its result and its progress query tell it, got `"../secrets"`',
      ],
      [
        { from: folder, seed: 7 },
        'InvalidSpecification: Cannot use the specification: one error\nExpected `seed` to be left out, or what ' +
          'it was in the earlier run (0), got `7`',
      ],
      [
        { from: folder, steps: 161 },
        'InvalidSpecification: Cannot use the specification: one error\nExpected `steps` to be a multiple of ' +
          '`stepsPerRound` (20), got `161`',
      ],
    ] as const) {
      const workflowId = `bad-${JSON.stringify(input)}`;
      await runs.start(workflowId, input);
      assert.equal(await failure(workflowId), message);
    }
  });

  it('ends if it is stopped during a hold, without the member that cannot be trained', async () => {
    const workflowId = 'stopped-holding';
    runs.script.beforeTraining = ({ storage, worker, fromStep }) => {
      if (
        storage.folder.startsWith(`${workflowId}/`) &&
        worker.subPopulation === 2 &&
        worker.index === 1 &&
        fromStep === 60
      )
        throw ApplicationFailure.nonRetryable('boom', 'BrokenTask');
    };
    const handle = await runs.start(workflowId);
    // The member and the evaluator of that number.
    await runs.reached(workflowId, ({ holds }) => holds.length === 2);
    await handle.signal(stopEarlySignal, { reason: 'enough of it' });
    const result = await handle.result();
    delete runs.script.beforeTraining;
    assert.equal(result.stoppedEarly?.reason, 'enough of it');
    assert.equal((await handle.query(progressQuery)).holds.length, 0);
  });
});
