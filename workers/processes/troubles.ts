/**
 * What keeps a run from getting on although nothing of it has failed: activities that are tried again and again, a
 * server that does not answer.
 */
import type { Client } from '@temporalio/client';
import { reasonOf } from './user-error.ts';
import { counted } from '../terminal/figures.ts';

/** Activities that keep failing for one reason. */
export interface Trouble {
  /** Of their last failures; keys of objects left out, which differ although the reason is one. */
  readonly message: string;
  /** Names of the activities, each once. */
  readonly activities: readonly string[];
  readonly pending: number;
  /** The most attempts that one of them has seen. */
  readonly attempts: number;
}

/** Attempts after which a failing activity is in trouble: the first ones fail whenever a worker is killed. */
const TROUBLED_ATTEMPTS = 3;
const PATIENCE_MS = 15_000;
const LOOK_INTERVAL_MS = 5_000;

/** Returns what keeps failing in a workflow and its children, the most frequent first. */
export async function findTroubles(client: Client, workflowId: string): Promise<Trouble[]> {
  const troubles = new Map<string, { message: string; activities: string[]; pending: number; attempts: number }>();
  for (const { activity, message, attempt } of (
    await Promise.all((await runningOf(client, workflowId)).map((id) => failingIn(client, id)))
  ).flat()) {
    const trouble = troubles.get(message) ?? { message, activities: [], pending: 0, attempts: 0 };
    if (!trouble.activities.includes(activity)) trouble.activities.push(activity);
    trouble.pending += 1;
    trouble.attempts = Math.max(trouble.attempts, attempt);
    troubles.set(message, trouble);
  }
  return [...troubles.values()].sort((a, b) => b.pending - a.pending);
}

/**
 * Such as `WAITS: Cannot put s3://fire-pbt/…: the store does not answer (ECONNREFUSED) (8 activities, train, tried up
 * to 5 times; goes on by itself when that is over)`.
 */
export function formatTrouble({ message, activities, pending, attempts }: Trouble): string {
  return (
    `WAITS: ${message} (${counted(pending, 'activity', 'activities')}, ${activities.join(' and ')}, tried ` +
    `up to ${attempts} times; goes on by itself when that is over)`
  );
}

/** Watches for a workflow that gets nowhere, and says why: each reason once, until there is progress again. */
export class StandstillWatch {
  readonly #look: () => Promise<readonly Reason[]>;
  readonly #say: (line: string) => void;
  readonly #patienceMs: number;
  readonly #timer: NodeJS.Timeout;
  readonly #told = new Set<string>();
  #reached = '';
  #sinceMs = performance.now();
  #looking = false;

  /** `patienceMs` is how long without progress is nothing to look into. */
  constructor(client: Client, workflowId: string, say: (line: string) => void, patienceMs = PATIENCE_MS) {
    this.#look = () => lookAt(client, workflowId);
    this.#say = say;
    this.#patienceMs = patienceMs;
    this.#timer = setInterval(() => void this.#check(), Math.min(LOOK_INTERVAL_MS, patienceMs));
  }

  /** Notes how far the workflow has come: what differs from the last is progress. */
  reached(where: string): void {
    if (where === this.#reached) return;
    this.#reached = where;
    this.#sinceMs = performance.now();
    this.#told.clear();
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  async #check(): Promise<void> {
    if (this.#looking || performance.now() - this.#sinceMs < this.#patienceMs) return;
    this.#looking = true;
    const before = this.#reached;
    for (const { reason, line } of await this.#look()) {
      if (before !== this.#reached || this.#told.has(reason)) continue;
      this.#told.add(reason);
      this.#say(line);
    }
    this.#looking = false;
  }
}

/** Why a workflow gets nowhere, and the line that tells it, with figures that change from look to look. */
interface Reason {
  readonly reason: string;
  readonly line: string;
}

async function lookAt(client: Client, workflowId: string): Promise<readonly Reason[]> {
  try {
    return (await findTroubles(client, workflowId)).map((trouble) => ({
      reason: trouble.message,
      line: formatTrouble(trouble),
    }));
  } catch (error) {
    return [
      {
        reason: 'Temporal',
        line:
          `WAITS: Temporal does not answer: ${reasonOf(error).replace(/\.? ?Resolution note:.*$/, '')} ` +
          `(goes on by itself when it does)`,
      },
    ];
  }
}

/**
 * Ids of the workflow and of those of its children that run; of a run that has just begun, the list may not know yet.
 */
async function runningOf(client: Client, workflowId: string): Promise<string[]> {
  const found: string[] = [];
  for await (const one of client.workflow.list({
    query: `ExecutionStatus = "Running" AND WorkflowId STARTS_WITH "${workflowId}"`,
  })) {
    if (one.workflowId === workflowId || one.workflowId.startsWith(`${workflowId}/`)) found.push(one.workflowId);
  }
  return found;
}

async function failingIn(
  client: Client,
  workflowId: string,
): Promise<{ readonly activity: string; readonly message: string; readonly attempt: number }[]> {
  const { raw } = await client.workflow.getHandle(workflowId).describe();
  return (raw.pendingActivities ?? []).flatMap(({ activityType, attempt, lastFailure }) => {
    if (!lastFailure?.message || (attempt ?? 0) < TROUBLED_ATTEMPTS) return [];
    return [
      {
        activity: activityType?.name ?? 'an activity',
        message: lastFailure.message.replaceAll(/(s3:\/\/[^/\s]+)\/[^:\s]+/g, '$1/…'),
        attempt: attempt ?? 0,
      },
    ];
  });
}
