/**
 * Starts the workflow of an experiment, or finds the one that is already running.
 */
import { WorkflowNotFoundError } from '@temporalio/client';
import type { Client, WorkflowHandle } from '@temporalio/client';
import type { Experiment } from './experiment.ts';
import { UserError } from './user-error.ts';

export interface Submission {
  readonly handle: WorkflowHandle;
  readonly runId: string;
  /** Names the folder of a run, also after a reset. */
  readonly firstRunId: string;
  /** True if the workflow was already running. */
  readonly reattached: boolean;
}

/**
 * Starts the workflow unless a workflow with this id is running.
 *
 * @throws UserError if the running workflow has another type
 */
export async function submit(
  client: Client,
  experiment: Experiment,
  workflowId: string,
  queue: string,
): Promise<Submission> {
  const running = await findRunning(client, workflowId);
  if (running) {
    if (running.type !== experiment.workflowType) {
      throw new UserError(
        `Cannot start ${workflowId}: a workflow with this id and of type ${running.type} is running. Choose ` +
          `another id with --workflow-id`,
      );
    }
    const { runId, firstRunId } = running;
    return { handle: client.workflow.getHandle(workflowId, runId), runId, firstRunId, reattached: true };
  }
  const started = await client.workflow.start(experiment.workflowType, {
    workflowId,
    taskQueue: queue,
    args: [experiment.input],
    staticSummary: `${experiment.workflowType === 'compare' ? 'Comparison' : 'Run'} of ${experiment.name}`,
  });
  return {
    handle: client.workflow.getHandle(workflowId, started.firstExecutionRunId),
    runId: started.firstExecutionRunId,
    firstRunId: started.firstExecutionRunId,
    reattached: false,
  };
}

async function findRunning(
  client: Client,
  workflowId: string,
): Promise<{ readonly runId: string; readonly firstRunId: string; readonly type: string } | undefined> {
  try {
    const { status, runId, type, raw } = await client.workflow.getHandle(workflowId).describe();
    const firstRunId = raw.workflowExecutionInfo?.firstRunId || runId;
    return status.name === 'RUNNING' ? { runId, firstRunId, type } : undefined;
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return undefined;
    throw error;
  }
}
