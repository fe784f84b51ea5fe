/**
 * The executions of a run with their histories: the root in all its generations, its children in each of them, and
 * every run of each chain.
 *
 * Histories name one another (a child that was started, the previous or the next run), and can be read as soon as they
 * are written. The visibility store lags behind, and names alone mislead: `my-run/…` may belong to another run. It is
 * queried for one thing only, the other runs of the root's id.
 */
import { isGrpcServiceError, WorkflowNotFoundError } from '@temporalio/client';
import type { Client } from '@temporalio/client';
import type { History } from '@temporalio/common/lib/proto-utils.js';

/** Histories fetched, and held in memory, at once. */
const AT_ONCE = 10;

/** gRPC's code for a missing thing. A request for a history fails with it, unlike other requests. */
const NOT_FOUND = 5;

export interface Execution {
  readonly workflowId: string;
  readonly runId: string;
}

export interface RecordedExecution extends Execution {
  /** Workflow type. */
  readonly type: string;
  readonly history: History;
}

/** 'forgotten': a history names it, but the namespace's retention is over. */
export type RunExecution =
  ({ readonly state: 'recorded' } & RecordedExecution) | ({ readonly state: 'forgotten' } & Execution);

/**
 * Yields the executions of a root and of everything below it in batches, the root first. The history of a running one
 * ends with its newest event.
 *
 * With a `runId` only that run of the root is included; without, the newest one and all generations that share its
 * first run, but no other runs with the same id.
 *
 * @throws WorkflowNotFoundError if there is no such root
 */
export async function* executionsOfRun(
  client: Client,
  workflowId: string,
  runId?: string,
): AsyncGenerator<readonly RunExecution[], void> {
  const root = await client.workflow.getHandle(workflowId, runId).describe();
  const known = new Set<string>();
  let waiting: Execution[] = [];
  const meet = (met: readonly Execution[]): void => {
    for (const execution of met) {
      if (
        known.has(execution.runId) ||
        (runId !== undefined && execution.workflowId === workflowId && execution.runId !== root.runId)
      )
        continue;
      known.add(execution.runId);
      waiting.push({ workflowId: execution.workflowId, runId: execution.runId });
    }
  };
  meet([root]);
  if (runId === undefined)
    meet(await generationsOf(client, workflowId, root.raw.workflowExecutionInfo?.firstRunId || root.runId));
  while (waiting.length > 0) {
    const batch = waiting.slice(0, AT_ONCE);
    waiting = waiting.slice(AT_ONCE);
    const fetched = await Promise.all(batch.map((execution) => fetchExecution(client, execution)));
    yield fetched;
    for (const execution of fetched) {
      if (execution.state === 'recorded') meet(namedBy(execution));
      // The name of the next in its chain is lost; the newest leads back to those that are left.
      else meet((await newestOf(client, execution.workflowId, known)) ?? []);
    }
  }
}

/** Returns what a request returns, or undefined if there is no such workflow, or it is not running any more. */
export async function found<T>(request: Promise<T>): Promise<T | undefined> {
  try {
    return await request;
  } catch (error) {
    if (error instanceof WorkflowNotFoundError || (isGrpcServiceError(error) && Number(error.code) === NOT_FOUND))
      return undefined;
    throw error;
  }
}

/**
 * Returns the workflow, run and type that a history belongs to: enough to replay and to name it. Undefined if it does
 * not begin as a history does.
 */
export function identify({ events }: History): (Execution & { readonly type: string }) | undefined {
  const started = events?.[0]?.workflowExecutionStartedEventAttributes;
  if (!started) return undefined;
  // A reset execution begins with the events of another; the failed workflow task at which they part names its run.
  const reset = events?.findLast(
    ({ workflowTaskFailedEventAttributes }) => workflowTaskFailedEventAttributes?.newRunId,
  )?.workflowTaskFailedEventAttributes;
  return {
    workflowId: started.workflowId ?? '',
    runId: reset?.newRunId || started.originalExecutionRunId || '',
    type: started.workflowType?.name ?? '',
  };
}

/** Returns the runs of the id with this first run: resets keep it, a new start does not. */
async function generationsOf(client: Client, workflowId: string, firstRunId: string): Promise<Execution[]> {
  const generations: Execution[] = [];
  for await (const { runId } of client.workflow.list({ query: `WorkflowId = ${JSON.stringify(workflowId)}` })) {
    const description = await found(client.workflow.getHandle(workflowId, runId).describe());
    if (description?.raw.workflowExecutionInfo?.firstRunId === firstRunId) generations.push({ workflowId, runId });
  }
  return generations;
}

async function fetchExecution(client: Client, { workflowId, runId }: Execution): Promise<RunExecution> {
  const history = await found(client.workflow.getHandle(workflowId, runId).fetchHistory());
  if (!history) return { state: 'forgotten', workflowId, runId };
  return { state: 'recorded', workflowId, runId, type: identify(history)?.type ?? '', history };
}

/**
 * Returns the executions that a history names: those that were continued or reset before and after it, and the
 * children that it started.
 */
function namedBy({ workflowId, history }: RecordedExecution): Execution[] {
  return (history.events ?? []).flatMap((event) => {
    const runs = [
      event.workflowExecutionStartedEventAttributes?.continuedExecutionRunId,
      event.workflowExecutionContinuedAsNewEventAttributes?.newExecutionRunId,
      event.workflowTaskFailedEventAttributes?.baseRunId,
    ];
    const child = event.childWorkflowExecutionStartedEventAttributes?.workflowExecution;
    return [
      ...runs.map((runId) => ({ workflowId, runId })),
      { workflowId: child?.workflowId, runId: child?.runId },
    ].flatMap(named);
  });
}

function named({
  workflowId,
  runId,
}: {
  readonly workflowId?: string | null | undefined;
  readonly runId?: string | null | undefined;
}): Execution[] {
  return workflowId && runId ? [{ workflowId, runId }] : [];
}

/** Returns the newest run of a child if one of the known executions is its parent. */
async function newestOf(
  client: Client,
  workflowId: string,
  known: ReadonlySet<string>,
): Promise<Execution[] | undefined> {
  const newest = await found(client.workflow.getHandle(workflowId).describe());
  return newest?.parentExecution?.runId && known.has(newest.parentExecution.runId) ? [newest] : undefined;
}
