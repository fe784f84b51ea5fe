/**
 * Deletes what a run left in its bucket: without `confirm` it only says what and how much.
 */
import type { Deletion, DeletionRequest } from '../../activities/contracts/run.ts';
import { longOrchestration, passOnFailure } from './activities.ts';

/**
 * Returns what is, or was, under the run's folder. Fails at once, non-retryable, on a malformed input and where the run
 * is running.
 */
export async function deleteRun(request: DeletionRequest): Promise<Deletion> {
  return passOnFailure(longOrchestration.deleteRun(request));
}
