/**
 * Workflows that do nothing but be there, for tests of what happens to them.
 */
import { condition, ParentClosePolicy, startChild } from '@temporalio/workflow';

/** Waits for ever. */
export async function waiting(): Promise<void> {
  await condition(() => false);
}

/** Starts children that outlive it. */
export async function abandoning(workflowIds: readonly string[]): Promise<void> {
  for (const workflowId of workflowIds)
    await startChild(waiting, { workflowId, parentClosePolicy: ParentClosePolicy.ABANDON });
}
