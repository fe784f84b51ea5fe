/**
 * Explains why a run makes no progress although it has not failed: activities that are retried again and again, or a
 * server that does not answer.
 */
import type { Client } from '@temporalio/client';
import { reasonOf } from './user-error.ts';
import { formatCount } from '../terminal/figures.ts';

/** Activities that keep failing for the same reason. */
export interface RepeatedFailure {
  /** The message of the newest failures, without object keys: they differ although the reason is the same. */
  readonly message: string;
  /** Names of the activities, each once. */
  readonly activities: readonly string[];
  readonly pending: number;
  /** The largest number of attempts of one activity. */
  readonly attempts: number;
}

/** Attempts after which a failure counts as repeated. Fewer attempts also fail when a worker is killed. */
const REPEATED_ATTEMPTS = 3;
const PATIENCE_MS = 15_000;
const CHECK_INTERVAL_MS = 5_000;

/** Returns the repeated failures in a workflow and its children, the most frequent first. */
export async function findRepeatedFailures(client: Client, workflowId: string): Promise<RepeatedFailure[]> {
  const failures = new Map<string, { message: string; activities: string[]; pending: number; attempts: number }>();
  for (const { activity, message, attempt } of (
    await Promise.all((await listRunning(client, workflowId)).map((id) => failuresIn(client, id)))
  ).flat()) {
    const failure = failures.get(message) ?? { message, activities: [], pending: 0, attempts: 0 };
    if (!failure.activities.includes(activity)) failure.activities.push(activity);
    failure.pending += 1;
    failure.attempts = Math.max(failure.attempts, attempt);
    failures.set(message, failure);
  }
  return [...failures.values()].sort((a, b) => b.pending - a.pending);
}

/**
 * Describes a repeated failure, for example `WAITING: Cannot put s3://fire-pbt/…: the store does not answer
 * (ECONNREFUSED) (8 activities, train, up to 5 attempts; the run continues when this is over)`.
 */
export function formatRepeatedFailure({ message, activities, pending, attempts }: RepeatedFailure): string {
  return (
    `WAITING: ${message} (${formatCount(pending, 'activity', 'activities')}, ${activities.join(' and ')}, up to ` +
    `${attempts} attempts; the run continues when this is over)`
  );
}

/** Watches for a workflow that makes no progress, and prints each reason once until there is progress again. */
export class StandstillWatch {
  readonly #findReasons: () => Promise<readonly Reason[]>;
  readonly #say: (line: string) => void;
  readonly #patienceMs: number;
  readonly #timer: NodeJS.Timeout;
  readonly #reported = new Set<string>();
  #position = '';
  #sinceMs = performance.now();
  #checking = false;

  /** @param patienceMs how long the workflow may make no progress before the watch looks for a reason */
  constructor(client: Client, workflowId: string, say: (line: string) => void, patienceMs = PATIENCE_MS) {
    this.#findReasons = () => findReasons(client, workflowId);
    this.#say = say;
    this.#patienceMs = patienceMs;
    this.#timer = setInterval(() => void this.#check(), Math.min(CHECK_INTERVAL_MS, patienceMs));
  }

  /** Notes the workflow's position in any form. A new position counts as progress. */
  notePosition(position: string): void {
    if (position === this.#position) return;
    this.#position = position;
    this.#sinceMs = performance.now();
    this.#reported.clear();
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  async #check(): Promise<void> {
    if (this.#checking || performance.now() - this.#sinceMs < this.#patienceMs) return;
    this.#checking = true;
    const before = this.#position;
    for (const { reason, line } of await this.#findReasons()) {
      if (before !== this.#position || this.#reported.has(reason)) continue;
      this.#reported.add(reason);
      this.#say(line);
    }
    this.#checking = false;
  }
}

/** A reason for a standstill. The line contains numbers that change from check to check, the reason does not. */
interface Reason {
  readonly reason: string;
  readonly line: string;
}

async function findReasons(client: Client, workflowId: string): Promise<readonly Reason[]> {
  try {
    return (await findRepeatedFailures(client, workflowId)).map((failure) => ({
      reason: failure.message,
      line: formatRepeatedFailure(failure),
    }));
  } catch (error) {
    return [
      {
        reason: 'Temporal',
        line:
          `WAITING: Temporal does not answer: ${reasonOf(error).replace(/\.? ?Resolution note:.*$/, '')} ` +
          `(the run continues when it answers again)`,
      },
    ];
  }
}

/** Lists the ids of the workflow and its running children. The server lists a new run only after a short delay. */
async function listRunning(client: Client, workflowId: string): Promise<string[]> {
  const found: string[] = [];
  for await (const execution of client.workflow.list({
    query: `ExecutionStatus = "Running" AND WorkflowId STARTS_WITH "${workflowId}"`,
  })) {
    const id = execution.workflowId;
    if (id === workflowId || id.startsWith(`${workflowId}/`)) found.push(id);
  }
  return found;
}

async function failuresIn(
  client: Client,
  workflowId: string,
): Promise<{ readonly activity: string; readonly message: string; readonly attempt: number }[]> {
  const { raw } = await client.workflow.getHandle(workflowId).describe();
  return (raw.pendingActivities ?? []).flatMap(({ activityType, attempt, lastFailure }) => {
    if (!lastFailure?.message || (attempt ?? 0) < REPEATED_ATTEMPTS) return [];
    return [
      {
        activity: activityType?.name ?? 'an activity',
        message: lastFailure.message.replaceAll(/(s3:\/\/[^/\s]+)\/[^:\s]+/g, '$1/…'),
        attempt: attempt ?? 0,
      },
    ];
  });
}
