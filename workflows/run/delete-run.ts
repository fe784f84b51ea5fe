/**
 * Deletes what a run left in its bucket: without `confirm` it only says what and how much.
 */
import { ActivityFailure, ApplicationFailure } from '@temporalio/workflow';
import type { Deletion, DeletionRequest } from '../../activities/contracts/run.ts';
import { longOrchestration } from './activities.ts';

/**
 * Returns what is, or was, under the run's folder. Fails at once, non-retryable, on a malformed input and where the run
 * is running.
 */
export async function deleteRun(request: DeletionRequest): Promise<Deletion> {
  try {
    return await longOrchestration.deleteRun(request);
  } catch (error) {
    const cause = error instanceof ActivityFailure ? error.cause : undefined;
    if (!(cause instanceof ApplicationFailure)) throw error;
    throw ApplicationFailure.create({
      message: cause.message,
      type: cause.type ?? 'DeletionFailed',
      nonRetryable: true,
      details: cause.details ?? [],
    });
  }
}
