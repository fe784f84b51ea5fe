/**
 * The watchdog of a run: an activity that lasts as long as its root and detects invalid resets, which no workflow of
 * the run can detect itself.
 *
 * If a root is reset to a later task than its first, this activity starts again under a run id that is not the planned
 * one. The history of a child that was reset alone begins with the first event of another run. The watchdog detects
 * both within seconds. (Server 1.32 reconnects such workflows, and they would continue until they need a deleted
 * checkpoint.)
 */
import { Context } from '@temporalio/activity';
import type { Client, WorkflowExecutionInfo } from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
import { inParallel } from '../../workflows/population/in-parallel.ts';
import { resumeCommand } from '../../workflows/population/names.ts';
import { workerShutdown } from '../contracts/worker-shutdown.ts';

/** Failure type of a run whose root or child was reset to a point from which it cannot continue. */
export const RESET_REFUSED = 'ResetRefused';

const CHECK_INTERVAL_MS = 5_000;
/** Histories requested at once. */
const AT_ONCE = 10;

/**
 * Watches until it is cancelled.
 *
 * @throws ApplicationFailure of type 'ResetRefused', not retryable, that says what to do instead
 */
export async function watchForInvalidResets(
  client: Client,
  { workflowId, generation }: { readonly workflowId: string; readonly generation: string },
): Promise<never> {
  const context = Context.current();
  const runId = context.info.workflowExecution?.runId;
  if (runId !== generation) {
    throw refused(
      `Cannot continue run ${workflowId}: its root was reset to a later task than its first, and its other ` +
        `workflows were not. Instead reset the root to its first task: ${resumeCommand(workflowId)}`,
    );
  }
  const seen = new Set<string>();
  for (;;) {
    const reset = await findResetChild(client, workflowId, seen);
    if (reset !== undefined)
      throw refused(
        `Cannot continue run ${workflowId}: ${reset} was reset alone, and its neighbours were not. ` +
          `Instead reset the root to its first task: ${resumeCommand(workflowId)}`,
      );
    try {
      await context.sleep(CHECK_INTERVAL_MS);
    } catch (error) {
      if (context.cancellationDetails?.workerShutdown)
        throw workerShutdown(`Cannot watch run ${workflowId}: this worker is shutting down`);
      throw error;
    }
  }
}

/** Returns the id of a running child that was created by a reset. Checks only runs that it has not seen before. */
async function findResetChild(client: Client, workflowId: string, seen: Set<string>): Promise<string | undefined> {
  const unseen: WorkflowExecutionInfo[] = [];
  for await (const child of client.workflow.list({
    query: `ParentWorkflowId = ${quoted(workflowId)} AND ExecutionStatus = "Running"`,
  })) {
    if (!seen.has(child.runId)) unseen.push(child);
  }
  const resets = await inParallel(AT_ONCE, unseen, (child) => isReset(client, child));
  for (const { runId } of unseen) seen.add(runId);
  return unseen.find((_, index) => resets[index])?.workflowId;
}

async function isReset(client: Client, { workflowId, runId }: WorkflowExecutionInfo): Promise<boolean> {
  const { history } = await client.workflowService.getWorkflowExecutionHistory({
    namespace: client.options.namespace,
    execution: { workflowId, runId },
    maximumPageSize: 1,
  });
  const started = history?.events?.[0]?.workflowExecutionStartedEventAttributes;
  return started?.originalExecutionRunId !== undefined && started.originalExecutionRunId !== runId;
}

/** Returns a text as a literal of a visibility query. */
function quoted(text: string): string {
  return `"${text.replace(/[\\"]/g, '\\$&')}"`;
}

function refused(message: string): ApplicationFailure {
  return ApplicationFailure.create({ type: RESET_REFUSED, nonRetryable: true, message });
}
