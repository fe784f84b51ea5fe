import assert from 'node:assert/strict';
import { appendFileSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import type { WorkflowHandle } from '@temporalio/client';
import type { ResultSummary } from '../../activities/contracts/result.ts';
import { findRepeatedFailures } from '../../workers/processes/standstill.ts';
import { watchWorkflow } from '../../workers/processes/watch-workflow.ts';
import { progressQuery } from '../../workflows/messages.ts';
import { whyNoSmallDisk } from '../small-disk.ts';
import { SMALL } from '../small-run.ts';
import { showHistory, temporal } from '../temporal-server.ts';
import { eventually } from '../workers/eventually.ts';
import { startBreakableStack } from './breakable-stack.ts';
import type { BreakableStack } from './breakable-stack.ts';
import { outcomeOf } from '../../workers/chaos/outcome.ts';

const DISK_BYTES = 16_000_000;
const PATIENCE_MS = 120_000;

describe('a run', () => {
  const directory = mkdtempSync(join(tmpdir(), 'fire-pbt-outages-'));
  const said: string[] = [];
  let breakable: BreakableStack;
  let undisturbed: ResultSummary;

  before(async () => {
    breakable = await startBreakableStack({
      directory,
      ...(whyNoSmallDisk() ? {} : { diskBytes: DISK_BYTES }),
      say: (line) => said.push(line),
    });
    undisturbed = (await (await start('undisturbed')).result()) as ResultSummary;
  });
  after(async () => {
    await breakable.stop();
    rmSync(directory, { recursive: true });
    // Once in some runs a handle stays open, for a reason not found yet: the file would wait for its timeout.
    setTimeout(() => process.exit(), 10_000).unref();
  });

  it('waits and says why while S3 refuses or resets connections, and reaches the same result', async () => {
    const handle = await start('without-s3');
    await reaches(handle, 1);
    await breakable.s3.refuse();
    await eventually(() => waitsFor('without-s3', /the store does not answer \(ECONNREFUSED\)/), PATIENCE_MS, 200);
    await breakable.s3.forward();
    await reaches(handle, 3);
    await breakable.s3.reset(600);
    await eventually(
      () => waitsFor('without-s3', /the store does not answer \((ECONNRESET|EPIPE)\)/),
      PATIENCE_MS,
      200,
    );
    await breakable.s3.forward();
    assert.deepEqual(outcomeOf(await resultOf(handle)), outcomeOf(undisturbed));
  });

  it('waits while Temporal is down, and reaches the same result', async () => {
    const handle = await start('without-temporal');
    await reaches(handle, 1);
    const before = readFileSync(orchestratorLog(), 'utf8').length;
    await breakable.withoutTemporal(() =>
      eventually(() => /WARN|ERROR/.test(readFileSync(orchestratorLog(), 'utf8').slice(before)), PATIENCE_MS, 100),
    );
    assert.deepEqual(outcomeOf(await resultOf(handle)), outcomeOf(undisturbed));
  });

  it(
    'waits and says why while the disk of S3 is full, and reaches the same result',
    { skip: whyNoSmallDisk() },
    async () => {
      const handle = await start('without-room');
      await reaches(handle, 1);
      const ballast = join(breakable.objects.folder, 'ballast');
      await eventually(
        () => {
          // Again and again: what is collected makes room.
          fill(ballast);
          return waitsFor('without-room', /no space left/);
        },
        PATIENCE_MS,
        200,
      );
      const { round } = await handle.query(progressQuery);
      const [trouble] = await findRepeatedFailures(breakable.client, 'without-room');
      const descriptions = await Promise.all(
        ['without-room/P1', 'without-room/P2'].map((id) =>
          temporal(breakable.stack.temporal.address, 'workflow', 'describe', '--workflow-id', id),
        ),
      );
      assert.match(
        descriptions.map(({ stdout }) => stdout).join('\n'),
        new RegExp(
          String.raw`Cannot put s3:\/\/fire-pbt\/\S+: the store fails \(InternalError: Internal Error, ` +
            String.raw`HTTP 500\): no space left on its disk, perhaps; its log says why`,
        ),
      );
      await eventually(
        async () =>
          ((await findRepeatedFailures(breakable.client, 'without-room'))[0]?.attempts ?? 0) >
          (trouble?.attempts ?? Infinity),
        PATIENCE_MS,
        200,
      );
      assert.equal((await handle.query(progressQuery)).round, round);
      rmSync(ballast);
      assert.deepEqual(outcomeOf(await resultOf(handle)), outcomeOf(undisturbed));
    },
  );

  it('writes no credentials to histories, logs, results or other files, even after failures', async () => {
    const { AWS_ACCESS_KEY_ID: accessKey, AWS_SECRET_ACCESS_KEY: secretKey } = breakable.objects.environment;
    const histories: string[] = [];
    for await (const { workflowId, runId } of breakable.client.workflow.list())
      histories.push(await showHistory(breakable.stack.temporal.address, workflowId, runId));
    const files = [directory, breakable.objects.folder].flatMap((folder) =>
      readdirSync(folder, { recursive: true, withFileTypes: true }).flatMap((entry) =>
        entry.isFile() ? [join(entry.parentPath, entry.name)] : [],
      ),
    );
    const texts = [...histories, ...said, ...files.map((file) => readFileSync(file, 'latin1'))];
    const holding = (text: string): number => texts.filter((one) => one.includes(text)).length;
    // The search finds what is there: in histories and the database, in histories alone, in a result.
    assert.ok(
      holding('without-s3') > 10 && holding('EVENT_TYPE_WORKFLOW_EXECUTION_STARTED') >= 20 && holding('"lineage"') >= 3,
      `${texts.length} texts`,
    );
    for (const secret of [accessKey, secretKey]) {
      assert.ok(secret);
      assert.equal(holding(secret) + holding(Buffer.from(secret).toString('base64').slice(0, -3)), 0);
    }
  });

  async function start(workflowId: string): Promise<WorkflowHandle> {
    return breakable.client.workflow.start('firePbt', {
      workflowId,
      taskQueue: breakable.stack.queue,
      args: [SMALL],
    });
  }

  async function reaches(handle: WorkflowHandle, round: number): Promise<void> {
    await eventually(
      async () => ((await handle.query(progressQuery).catch(() => undefined))?.round ?? 0) >= round,
      PATIENCE_MS,
      20,
    );
  }

  async function resultOf(handle: WorkflowHandle): Promise<ResultSummary> {
    return watchWorkflow(handle, progressQuery, () => undefined);
  }

  async function waitsFor(workflowId: string, reason: RegExp): Promise<boolean> {
    return (await findRepeatedFailures(breakable.client, workflowId)).some(({ message }) => reason.test(message));
  }

  function orchestratorLog(): string {
    return join(directory, 'log', 'orchestrator.log');
  }
});

/** Lets the file grow until its disk is full. */
function fill(file: string): void {
  for (const sizeBytes of [1_000_000, 4096]) {
    try {
      for (;;) appendFileSync(file, new Uint8Array(sizeBytes));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
    }
  }
}
