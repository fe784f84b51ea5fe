/**
 * Watches a workflow to its end. Restarts of the server and the workers do not interrupt this.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { WorkflowFailedError, WorkflowNotFoundError } from '@temporalio/client';
import type { WorkflowHandle } from '@temporalio/client';
import type { QueryDefinition } from '@temporalio/common';
import { causesOf } from '../../workflows/run/causes.ts';
import { UserError } from './user-error.ts';

const POLL_INTERVAL_MS = 1_000;

/**
 * Queries the workflow about once a second and passes each answer to `onProgress` until the workflow ends. Returns its
 * result. Retries without limit if a server or worker does not answer.
 *
 * @throws UserError with the message of the workflow's failure
 */
export async function watchWorkflow<Progress, Result>(
  handle: WorkflowHandle,
  query: QueryDefinition<Progress, []>,
  onProgress: (progress: Progress) => void | Promise<void>,
): Promise<Result> {
  let over = false;
  const watching = (async () => {
    while (!over) {
      // There is no answer before the workflow's first task, or while a server or worker restarts.
      const answer = await handle.query(query).catch(() => undefined);
      if (answer !== undefined && !over) await onProgress(answer);
      if (!over) await delay(POLL_INTERVAL_MS);
    }
  })();
  const result = resultOf<Result>(handle).finally(() => (over = true));
  const [value] = await Promise.all([result, watching]);
  return value;
}

async function resultOf<Result>(handle: WorkflowHandle): Promise<Result> {
  for (;;) {
    try {
      return (await handle.result()) as Result;
    } catch (error) {
      if (error instanceof WorkflowFailedError)
        throw new UserError(`${handle.workflowId} failed: ${reasonOfFailure(error)}`, { cause: error });
      if (error instanceof WorkflowNotFoundError)
        throw new UserError(`Cannot watch ${handle.workflowId}: the server no longer has it`, {
          cause: error,
        });
      await delay(POLL_INTERVAL_MS);
    }
  }
}

/** Returns the innermost specific message. Temporal wraps it in a general one for each activity and workflow. */
export function reasonOfFailure(error: Error): string {
  let reason = error.message;
  for (const cause of causesOf(error).slice(1)) {
    if (
      !(cause instanceof Error) ||
      cause.message === '' ||
      cause.message === 'Activity task failed' ||
      cause.message === 'Child Workflow execution failed'
    )
      continue;
    reason = cause.message;
    if (reason.includes('ended unexpectedly')) break;
  }
  return reason;
}
