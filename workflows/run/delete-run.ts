/**
 * Deletes the objects of a run. Without `confirm` it only lists them.
 */
import type { Deletion, DeletionRequest } from '../../activities/contracts/run.ts';
import { longOrchestration, passOnFailure } from './activities.ts';

/**
 * Returns the objects that are, or were, in the run's folder. Fails at once, not retryable, if the input is malformed
 * or the run is running.
 */
export async function deleteRun(request: DeletionRequest): Promise<Deletion> {
  return passOnFailure(longOrchestration.deleteRun(request));
}
