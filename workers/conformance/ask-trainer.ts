/**
 * The workflow of the conformance suite: it asks a trainer once. Temporal starts activities for workflows only.
 */
import { ActivityCancellationType, proxyActivities } from '@temporalio/workflow';

/** One question to the trainers of a task queue. */
export interface Question {
  readonly taskQueue: string;
  /** Name of the activity. */
  readonly activity: string;
  readonly request: unknown;
  /** Attempts before its failure is final. */
  readonly attempts: number;
  /** Milliseconds for one attempt. */
  readonly attemptMs: number;
  /** Milliseconds without a heartbeat after which an attempt is lost. */
  readonly heartbeatMs: number;
}

/** Returns the answer. If it is cancelled, waits until the trainer has ended the activity. */
export async function askTrainer(question: Question): Promise<unknown> {
  const { taskQueue, activity, request, attempts, attemptMs, heartbeatMs } = question;
  const activities = proxyActivities<Record<string, (request: unknown) => Promise<unknown>>>({
    taskQueue,
    startToCloseTimeout: attemptMs,
    heartbeatTimeout: heartbeatMs,
    cancellationType: ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
    retry: { maximumAttempts: attempts, initialInterval: '200ms', maximumInterval: '1s' },
  });
  return activities[activity]?.(request);
}
