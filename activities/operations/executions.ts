/**
 * The executions of a run with their histories: the root with all it was reset from and into, its children in every
 * generation, every run of each chain.
 *
 * Histories name one another (a child that was started, the run that went before or comes next), and are known the
 * moment they are written. The visibility store lags behind, and names alone mislead: `my-run/…` may be somebody
 * else's. It is asked for one thing only, the other runs of the root's id.
 */
import { isGrpcServiceError, WorkflowNotFoundError } from '@temporalio/client';
import type { Client } from '@temporalio/client';
import type { History } from '@temporalio/common/lib/proto-utils.js';

/** Histories fetched, and held in memory, at once. */
const AT_ONCE = 10;

/** gRPC's code for what is not there; a request for a history, unlike others, fails with it as it is. */
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

/** `forgotten`: a history names it, but the namespace's retention is over. */
export type RunExecution =
  ({ readonly state: 'recorded' } & RecordedExecution) | ({ readonly state: 'forgotten' } & Execution);

/**
 * Yields the executions of a root and everything below it, the root first, a batch at a time; what still runs, as far
 * as it has come.
 *
 * With a `runId` it is that run of the root alone; without, the newest and all generations that share its first: not
 * what merely had the same id.
 *
 * @throws WorkflowNotFoundError where there is no such root
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
      // With it went the name of the next in its chain: the newest leads back to those that are left.
      else meet((await newestOf(client, execution.workflowId, known)) ?? []);
    }
  }
}

/** Returns undefined where there is no such workflow, or what was asked of it needs one that runs. */
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
 * What a history says of itself: enough to replay it, and to name it. Undefined where it does not begin as a history
 * does.
 */
export function identify({ events }: History): (Execution & { readonly type: string }) | undefined {
  const started = events?.[0]?.workflowExecutionStartedEventAttributes;
  if (!started) return undefined;
  // One that was reset begins with the events of another, and says so where it parts from it.
  const reset = events?.findLast(
    ({ workflowTaskFailedEventAttributes }) => workflowTaskFailedEventAttributes?.newRunId,
  )?.workflowTaskFailedEventAttributes;
  return {
    workflowId: started.workflowId ?? '',
    runId: reset?.newRunId || started.originalExecutionRunId || '',
    type: started.workflowType?.name ?? '',
  };
}

/** Runs of the id with this first run: resets keep it, a new start does not. */
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
 * The executions that a history names: what was continued or reset, before and after it, and the children that it
 * started.
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

/** The newest run of a child, if one of the known executions is its parent. */
async function newestOf(
  client: Client,
  workflowId: string,
  known: ReadonlySet<string>,
): Promise<Execution[] | undefined> {
  const newest = await found(client.workflow.getHandle(workflowId).describe());
  return newest?.parentExecution?.runId && known.has(newest.parentExecution.runId) ? [newest] : undefined;
}
