/**
 * A run that fails and goes on: two generations of a root.
 */
import { randomUUID } from 'node:crypto';
import Long from 'long';
import type { Client } from '@temporalio/client';
import { firePbt } from '../../../workflows/run/fire-pbt.ts';
import { progressQuery } from '../../../workflows/messages.ts';
import { poll } from '../../workers/eventually.ts';
import { toySpecification } from '../stand-ins.ts';

/** The specification of the run that fails. */
export const FAILED = toySpecification({
  steps: 100,
  subPopulations: [
    { members: 4, evaluators: 0 },
    { members: 4, evaluators: 2 },
  ],
});

export interface FailedRun {
  readonly firstRunId: string;
  readonly lastRunId: string;
}

/**
 * Starts a run, makes it fail after two rounds by terminating P2, resets it to its first task, and waits until it is
 * done.
 */
export async function failAndReset(client: Client, workflowId: string, taskQueue: string): Promise<FailedRun> {
  const { firstExecutionRunId: firstRunId } = await client.workflow.start(firePbt, {
    taskQueue,
    workflowId,
    args: [FAILED],
  });
  const first = client.workflow.getHandle<typeof firePbt>(workflowId, firstRunId);
  await poll(
    () => first.query(progressQuery),
    ({ round }) => round >= 2,
  );
  await client.workflow.getHandle(`${workflowId}/P2`).terminate('a test');
  await first.result().catch(() => undefined);
  const { runId: lastRunId } = await client.workflowService.resetWorkflowExecution({
    namespace: 'default',
    workflowExecution: { workflowId },
    reason: 'a test',
    workflowTaskFinishEventId: Long.fromNumber(3),
    requestId: randomUUID(),
  });
  await client.workflow.getHandle(workflowId, lastRunId).result();
  return { firstRunId, lastRunId };
}
