import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { WorkflowFailedError } from '@temporalio/client';
import { TerminatedFailure } from '@temporalio/common';
import { watchWorkflow, type WatchedHandle } from '../../../workers/processes/watch-workflow.ts';
import { progressQuery } from '../../../workflows/messages.ts';

/** One run of a workflow: the first run that it goes back to, and its result; undefined: it was terminated. */
interface Run {
  readonly first: string;
  readonly result?: string;
}

/** Returns the handle of one of a workflow's runs, which are in the order of their starts. */
function handleOf(runs: Readonly<Record<string, Run>>, runId: string): WatchedHandle {
  const newest = Object.keys(runs).at(-1) ?? '';
  const run = runs[runId];
  return {
    workflowId: 'my-run',
    query: () => Promise.reject(new Error('no worker answers')),
    result: async () => {
      if (run?.result !== undefined) return run.result;
      const terminated = new TerminatedFailure('terminated by reset');
      throw new WorkflowFailedError('Workflow execution terminated', terminated, 'NON_RETRYABLE_FAILURE');
    },
    describe: async () => ({ runId, raw: { workflowExecutionInfo: { firstRunId: run?.first ?? null } } }),
    client: { getHandle: (_, id = newest) => handleOf(runs, id) },
  };
}

const watch = (runs: Readonly<Record<string, Run>>): Promise<string> =>
  watchWorkflow(handleOf(runs, 'a'), progressQuery, () => undefined);

describe('watching a workflow', () => {
  it('goes on with the run that a reset put in its place, however often', async () => {
    assert.equal(await watch({ a: { first: 'a' }, b: { first: 'a', result: 'won' } }), 'won');
    assert.equal(await watch({ a: { first: '0' }, b: { first: '0' }, c: { first: '0', result: 'won' } }), 'won');
  });

  it('ends if the workflow was terminated, also if another one was started under its id', async () => {
    const failed = { name: 'UserError', message: 'my-run failed: terminated by reset' };
    await assert.rejects(watch({ a: { first: 'a' } }), failed);
    await assert.rejects(watch({ a: { first: 'a' }, b: { first: 'b', result: 'another' } }), failed);
  });
});
