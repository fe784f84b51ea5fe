/**
 * Whether trainers serve a task queue, as the Temporal server knows it.
 */
import type { Client } from '@temporalio/client';

/** Value of `temporal.api.enums.v1.TaskQueueType`. */
const ACTIVITIES = 2;

/**
 * Returns how long ago a worker last asked for activities on the task queue; null: nobody has, for minutes at least. A
 * trainer that is training does not ask, and a server remembers pollers for about five minutes.
 */
export async function secondsSincePoll(client: Client, taskQueue: string): Promise<number | null> {
  const { pollers } = await client.workflowService.describeTaskQueue({
    namespace: client.options.namespace,
    taskQueue: { name: taskQueue },
    taskQueueType: ACTIVITIES,
  });
  const polled = (pollers ?? []).map(({ lastAccessTime }) => Number(lastAccessTime?.seconds ?? 0));
  return polled.length === 0 ? null : Math.max(0, Math.round(Date.now() / 1000 - Math.max(...polled)));
}
