/**
 * The guard of a run: notices what no workflow of the run can notice of itself, and fails the run with advice.
 */
import { ActivityFailure, ApplicationFailure, CancellationScope, isCancellation } from '@temporalio/workflow';
import { guard } from './activities.ts';

export interface Guard {
  /** The work's outcome, unless the guard finds first that the run cannot go on so. */
  readonly orTrouble: <T>(work: Promise<T>) => Promise<T>;
  readonly leave: () => void;
}

/**
 * Has somebody look out for resets that cannot work (activities/operations/watchdog.ts); a run from before the patch
 * has nobody.
 */
export function standGuard(
  operated: boolean,
  run: { readonly workflowId: string; readonly generation: string },
): Guard {
  if (!operated) return { orTrouble: (work) => work, leave: () => undefined };
  const scope = new CancellationScope();
  const trouble = scope
    .run(() => guard.standBy.executeWithOptions({ summary: 'Stands by: notices resets that cannot work' }, [run]))
    .then(
      () => new Promise<never>(() => undefined),
      (error: unknown) => (isCancellation(error) ? new Promise<never>(() => undefined) : refusedReset(error)),
    );
  // Nobody may be waiting when it comes.
  trouble.catch(() => undefined);
  return { orTrouble: (work) => Promise.race([work, trouble]), leave: () => scope.cancel() };
}

function refusedReset(error: unknown): never {
  const cause = error instanceof ActivityFailure ? error.cause : error;
  throw ApplicationFailure.create({
    message: cause instanceof Error ? cause.message : String(cause),
    type: 'ResetRefused',
    nonRetryable: true,
  });
}
