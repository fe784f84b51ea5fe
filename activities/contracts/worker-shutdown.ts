/**
 * The failure of an activity whose worker shuts down: another worker takes over at once.
 */
import { ApplicationFailure, ApplicationFailureCategory } from '@temporalio/common';

/** Type of the retryable failure of an activity whose worker shuts down. */
export const WORKER_SHUTDOWN = 'WorkerShutdown';

/** Returns the failure that hands an activity over to another worker at once. */
export function workerShutdown(message: string): ApplicationFailure {
  return ApplicationFailure.create({
    type: WORKER_SHUTDOWN,
    message,
    nextRetryDelay: 1,
    category: ApplicationFailureCategory.BENIGN,
  });
}
