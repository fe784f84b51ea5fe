/**
 * The watchdog of a run. It detects invalid resets, which no workflow of the run can detect itself, and fails the run
 * with advice.
 */
import { ActivityFailure, ApplicationFailure, CancellationScope, isCancellation } from '@temporalio/workflow';
import { watchdog } from './activities.ts';

export interface Watchdog {
  /** Returns the outcome of the work. Throws if the watchdog detects an invalid reset first. */
  readonly unlessResetInvalid: <T>(work: Promise<T>) => Promise<T>;
  readonly stop: () => void;
}

/** Starts to watch for invalid resets (activities/operations/watchdog.ts). */
export function startWatchdog(run: { readonly workflowId: string; readonly generation: string }): Watchdog {
  const scope = new CancellationScope();
  const trouble = scope
    .run(() => watchdog.watchForInvalidResets(run))
    .then(
      () => new Promise<never>(() => undefined),
      (error: unknown) => (isCancellation(error) ? new Promise<never>(() => undefined) : refuseReset(error)),
    );
  // The rejection may come while nobody waits for it.
  trouble.catch(() => undefined);
  return { unlessResetInvalid: (work) => Promise.race([work, trouble]), stop: () => scope.cancel() };
}

function refuseReset(error: unknown): never {
  const cause = error instanceof ActivityFailure ? error.cause : error;
  throw ApplicationFailure.create({
    message: cause instanceof Error ? cause.message : String(cause),
    type: 'ResetRefused',
    nonRetryable: true,
  });
}
