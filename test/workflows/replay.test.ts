import { after, before, describe, it } from 'node:test';
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { Worker } from '@temporalio/worker';
import { historyFromJSON } from '@temporalio/common/lib/proto-utils.js';
import { firePbt } from '../../workflows/fire-pbt.ts';
import { temporalCommand } from '../temporal-server.ts';
import { createStandIns, toySpecification } from './stand-ins.ts';
import { startHarness, workflowBundle } from './run-harness.ts';
import type { Harness } from './run-harness.ts';

const RECORDED = new URL('../histories/', import.meta.url);

async function replay(exported: unknown): Promise<void> {
  const history = historyFromJSON(exported);
  const workflowId = history.events?.[0]?.workflowExecutionStartedEventAttributes?.workflowId;
  await Worker.runReplayHistory({ workflowBundle: await workflowBundle() }, history, workflowId ?? 'unnamed');
}

describe('a history exported with the Temporal CLI', () => {
  let harness: Harness;
  const taskQueue = randomUUID();
  const workflowId = `run-${taskQueue}`;
  before(async () => {
    harness = await startHarness();
    await harness.withWorkers(taskQueue, createStandIns(), () => harness.client.workflow.execute(firePbt, { taskQueue, workflowId, args: [toySpecification()] }));
  });
  after(() => harness.stop());

  for (const name of ['', '/P1', '/P2', '/P2/evaluator-0', '/P2/evaluator-5']) {
    it(`replays for ${name === '' ? 'the root' : name.slice(1)}`, async () => {
      const { stdout } = await promisify(execFile)(
        temporalCommand(),
        ['workflow', 'show', '--address', harness.address, '--workflow-id', `${workflowId}${name}`, '--output', 'json'],
        { maxBuffer: 1 << 28 },
      );
      await replay(JSON.parse(stdout));
    });
  }
});

describe('a recorded history', () => {
  it('replays against the code at hand, every one of them', async () => {
    const files = (await readdir(RECORDED)).filter((name) => name.endsWith('.json'));
    assert.ok(files.length > 0, 'there are recordings');
    for (const file of files) {
      await assert.doesNotReject(replay(JSON.parse(await readFile(new URL(file, RECORDED), 'utf8'))), file);
    }
  });
});
