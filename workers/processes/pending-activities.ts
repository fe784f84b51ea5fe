/**
 * The activities that a run waits for, as the server knows them.
 */
import { defaultPayloadConverter, type Payload } from '@temporalio/common';
import type { Client } from '@temporalio/client';
import type { TrainingActivities } from '../../activities/contracts/training.ts';
import type { Activity } from '../../activities/training/activity-clock.ts';
import type { TrainProgress } from '../../activities/training/round.ts';

export interface PendingActivity {
  /** Unique among the activities of a run. */
  readonly id: string;
  /** Name of its type. */
  readonly activity: string;
  readonly attempt: number;
  /** Message of the last failure; undefined if no attempt has failed. */
  readonly failure: string | undefined;
  /** Whether a worker is at work on it. Of a killed worker, the server knows this only after a timeout. */
  readonly started: boolean;
  /** Whether it has failed and its next attempt is not due yet. */
  readonly backsOff: boolean;
  /** Identity of the process that started the newest attempt; undefined if none did. */
  readonly startedBy: string | undefined;
  /** What its trainer told with the last heartbeat of this or an earlier attempt; undefined if it is no training. */
  readonly told: Told | undefined;
}

/** The part of a heartbeat's details that is read here; a report has no worker and no step. */
export type Told = Activity & Partial<Pick<TrainProgress, 'worker' | 'step'>>;

/** Activities on trainers. */
const ON_TRAINERS: readonly (keyof TrainingActivities)[] = ['describe', 'train', 'report'];

/** Returns the activities that trainers carry out. */
export function onTrainers(pending: readonly PendingActivity[]): PendingActivity[] {
  return pending.filter(({ activity }) => ON_TRAINERS.some((one) => one === activity));
}

/** PENDING_ACTIVITY_STATE_STARTED of Temporal's API. */
const STARTED = 2;

/** Returns the pending activities of a workflow and its running children. */
export async function pendingActivities(client: Client, workflowId: string): Promise<PendingActivity[]> {
  return (await Promise.all((await listRunning(client, workflowId)).map((id) => pendingIn(client, id)))).flat();
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

async function pendingIn(client: Client, workflowId: string): Promise<PendingActivity[]> {
  const { raw } = await client.workflow.getHandle(workflowId).describe();
  return (raw.pendingActivities ?? []).map((pending) => {
    const { activityId, activityType, attempt, lastFailure, state, lastWorkerIdentity } = pending;
    return {
      id: `${workflowId} ${activityId}`,
      activity: activityType?.name ?? 'an activity',
      attempt: attempt ?? 0,
      failure: lastFailure?.message || undefined,
      started: Number(state) === STARTED,
      backsOff: Boolean(pending.nextAttemptScheduleTime),
      startedBy: lastWorkerIdentity || undefined,
      told: readTold(heartbeatDetailsOf(pending)),
    };
  });
}

/** The part of Temporal's description of an activity that has its last heartbeat. */
interface Heartbeating {
  readonly heartbeatDetails?: { readonly payloads?: readonly Payload[] | null } | null;
}

/** Returns what a worker told with the last heartbeat of an activity; undefined if it told nothing. */
export function heartbeatDetailsOf({ heartbeatDetails }: Heartbeating): unknown {
  const [payload] = heartbeatDetails?.payloads ?? [];
  return payload ? defaultPayloadConverter.fromPayload(payload) : undefined;
}

function readTold(details: unknown): Told | undefined {
  const told = details as Told | null | undefined;
  return typeof told === 'object' && typeof told?.forSeconds === 'number' ? told : undefined;
}
