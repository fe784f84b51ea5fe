/**
 * Watches a workflow to its end. Restarts of the server and the workers do not interrupt this, nor does a reset.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { WorkflowFailedError, WorkflowNotFoundError } from '@temporalio/client';
import { TerminatedFailure } from '@temporalio/common';
import type { QueryDefinition } from '@temporalio/common';
import { causesOf } from '../../workflows/run/causes.ts';
import { UserError } from './user-error.ts';

const POLL_INTERVAL_MS = 1_000;

/** What watching needs of the handle of a workflow. */
export interface WatchedHandle {
  readonly workflowId: string;
  query<Progress>(query: QueryDefinition<Progress, []>): Promise<Progress>;
  result(): Promise<unknown>;
  describe(): Promise<Described>;
  readonly client: { getHandle(workflowId: string, runId?: string): WatchedHandle };
}

interface Described {
  readonly runId: string;
  readonly raw: { readonly workflowExecutionInfo?: { readonly firstRunId?: string | null } | null };
}

/**
 * Queries the workflow about once a second and passes each answer to `onProgress` until the workflow ends. Returns its
 * result. Retries without limit if a server or worker does not answer. If the workflow is reset, watches the run that
 * goes on in its place; the handle must have a run id for that.
 *
 * @throws UserError with the message of the workflow's failure
 */
export async function watchWorkflow<Progress, Result>(
  handle: WatchedHandle,
  query: QueryDefinition<Progress, []>,
  onProgress: (progress: Progress) => void | Promise<void>,
): Promise<Result> {
  let over = false;
  let watched = handle;
  const watching = (async () => {
    while (!over) {
      // There is no answer before the workflow's first task, or while a server or worker restarts.
      const answer = await watched.query(query).catch(() => undefined);
      if (answer !== undefined && !over) await onProgress(answer);
      if (!over) await delay(POLL_INTERVAL_MS);
    }
  })();
  const result = resultOf<Result>(handle, (next) => (watched = next)).finally(() => (over = true));
  const [value] = await Promise.all([result, watching]);
  return value;
}

async function resultOf<Result>(given: WatchedHandle, onReset: (next: WatchedHandle) => void): Promise<Result> {
  let handle = given;
  for (;;) {
    try {
      return (await handle.result()) as Result;
    } catch (error) {
      const next = await afterReset(handle, error);
      if (next !== undefined) {
        onReset((handle = next));
        continue;
      }
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

/** Returns the run that a reset put in the place of the watched one, which it terminated; undefined if none did. */
async function afterReset(handle: WatchedHandle, error: unknown): Promise<WatchedHandle | undefined> {
  if (!(error instanceof WorkflowFailedError && error.cause instanceof TerminatedFailure)) return undefined;
  const { workflowId, client } = handle;
  for (;;) {
    try {
      const [ended, newest] = [await handle.describe(), await client.getHandle(workflowId).describe()];
      const isReset = newest.runId !== ended.runId && firstRunOf(newest) === firstRunOf(ended);
      return isReset ? client.getHandle(workflowId, newest.runId) : undefined;
    } catch (trouble) {
      if (trouble instanceof WorkflowNotFoundError) return undefined;
      await delay(POLL_INTERVAL_MS);
    }
  }
}

function firstRunOf({ runId, raw }: Described): string {
  return raw.workflowExecutionInfo?.firstRunId || runId;
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
