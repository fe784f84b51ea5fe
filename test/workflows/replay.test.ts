import { after, before, describe, it } from 'node:test';
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { Worker } from '@temporalio/worker';
import { historyFromJSON } from '@temporalio/common/lib/proto-utils.js';
import { firePbt } from '../../workflows/run/fire-pbt.ts';
import { showHistory } from '../temporal-server.ts';
import { createStandIns, toySpecification } from './stand-ins.ts';
import { startHarness, workflowBundle } from './run-harness.ts';
import type { Harness } from './run-harness.ts';

interface Exported {
  readonly name: string;
  readonly json: string;
}

/** Replays them all with one worker and returns what diverged, by name. */
async function diverging(exported: readonly Exported[]): Promise<string[]> {
  const histories = exported.map(({ json }) => {
    const history = historyFromJSON(JSON.parse(json));
    return {
      history,
      workflowId: history.events?.[0]?.workflowExecutionStartedEventAttributes?.workflowId ?? 'unnamed',
    };
  });
  const failures: string[] = [];
  let index = 0;
  for await (const { error } of Worker.runReplayHistories({ workflowBundle: await workflowBundle() }, histories)) {
    if (error) failures.push(`${exported[index]?.name}: ${error.message}`);
    index += 1;
  }
  assert.equal(index, exported.length);
  return failures;
}

describe('a history exported with the Temporal CLI', () => {
  let harness: Harness;
  const taskQueue = randomUUID();
  const workflowId = `run-${taskQueue}`;
  before(async () => {
    harness = await startHarness();
    await harness.withWorkers(taskQueue, createStandIns(), () =>
      harness.client.workflow.execute(firePbt, { taskQueue, workflowId, args: [toySpecification()] }),
    );
  });
  after(() => harness.stop());

  it('replays for the root, a sub-population and an evaluator', async () => {
    const exported = ['', '/P1', '/P2', '/P2/evaluator-0', '/P2/evaluator-5'].map(async (name) => ({
      name,
      json: await showHistory(harness.address, `${workflowId}${name}`),
    }));
    assert.deepEqual(await diverging(await Promise.all(exported)), []);
  });
});
