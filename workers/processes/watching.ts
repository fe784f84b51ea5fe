/**
 * Following a workflow through whatever happens to the server and the workers meanwhile.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { WorkflowFailedError, WorkflowNotFoundError } from '@temporalio/client';
import type { WorkflowHandle } from '@temporalio/client';
import type { QueryDefinition } from '@temporalio/common';
import { UserError } from './user-error.ts';

const POLL_INTERVAL_MS = 1_000;

/**
 * Asks the query about once a second and hands each answer on, until the workflow ends; returns its result. Servers and
 * workers that do not answer are asked again for as long as it takes.
 *
 * @throws UserError in the words of the workflow's failure
 */
export async function follow<Progress, Result>(
  handle: WorkflowHandle,
  query: QueryDefinition<Progress, []>,
  told: (progress: Progress) => void | Promise<void>,
): Promise<Result> {
  let over = false;
  const watching = (async () => {
    while (!over) {
      // No answer: the workflow's first task is still to come, or a server or worker is being started again.
      const answer = await handle.query(query).catch(() => undefined);
      if (answer !== undefined && !over) await told(answer);
      if (!over) await delay(POLL_INTERVAL_MS);
    }
  })();
  const result = resultOf<Result>(handle).finally(() => (over = true));
  const [reached] = await Promise.all([result, watching]);
  return reached;
}

async function resultOf<Result>(handle: WorkflowHandle): Promise<Result> {
  for (;;) {
    try {
      return (await handle.result()) as Result;
    } catch (error) {
      if (error instanceof WorkflowFailedError)
        throw new UserError(`${handle.workflowId} failed: ${reasonOfFailure(error)}`, { cause: error });
      if (error instanceof WorkflowNotFoundError)
        throw new UserError(`Cannot follow ${handle.workflowId}: the server does not know it any more`, {
          cause: error,
        });
      await delay(POLL_INTERVAL_MS);
    }
  }
}

/** The message nearest to what went wrong: Temporal wraps it in "failed" of each activity and workflow on the way. */
function reasonOfFailure(error: Error): string {
  let told = error.message;
  for (let cause: unknown = error.cause; cause instanceof Error; cause = cause.cause) {
    if (
      cause.message === '' ||
      cause.message === 'Activity task failed' ||
      cause.message === 'Child Workflow execution failed'
    )
      continue;
    told = cause.message;
    if (told.includes('ended unexpectedly')) break;
  }
  return told;
}
