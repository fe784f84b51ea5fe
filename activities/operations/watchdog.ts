/**
 * The watchdog of a run: an activity that lasts as long as its root and detects invalid resets, which no workflow of
 * the run can detect itself.
 *
 * If a root is reset to somewhere in the middle, this activity is pending there, and is started again under a run id
 * that is not the planned one. A child that is reset alone begins with the first event of another run. Both are
 * detected within seconds. (Server 1.32 reconnects such workflows; they would continue until they need a checkpoint
 * that has been deleted.)
 */
import { Context } from '@temporalio/activity';
import type { Client, WorkflowExecutionInfo } from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
import { inParallel } from '../../workflows/population/in-parallel.ts';
import { howToGoOn } from '../../workflows/population/names.ts';
import { workerShutdown } from '../training/failures.ts';

/** Failure type of a run whose root or child was reset to a point that it cannot continue from. */
export const RESET_REFUSED = 'ResetRefused';

const LOOK_EVERY_MS = 5_000;
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
      `Cannot go on with run ${workflowId}: its root was reset to somewhere in the middle, where its parts ` +
        `do not follow. Instead ${howToGoOn(workflowId)}`,
    );
  }
  const seen = new Set<string>();
  for (;;) {
    const reset = await findResetChild(client, workflowId, seen);
    if (reset !== undefined)
      throw refused(
        `Cannot go on with run ${workflowId}: ${reset} was reset alone, and its neighbours did not go back ` +
          `with it. Instead ${howToGoOn(workflowId)}`,
      );
    try {
      await context.sleep(LOOK_EVERY_MS);
    } catch (error) {
      if (context.cancellationDetails?.workerShutdown)
        throw workerShutdown(`Cannot stand by ${workflowId}: this worker shuts down`);
      throw error;
    }
  }
}

/** Returns the id of a running child that a reset has made; checks only runs not seen before. */
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
