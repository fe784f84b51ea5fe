/**
 * The one classification of what fails in an activity: what passes by itself, and what does not.
 *
 * - What passes is retried until it is over: a store or a server that does not answer or is in trouble, trouble of the
 *   operating system, a worker that is gone.
 * - What does not pass fails the activity for good. A run that is being planned fails then. A run that trains holds:
 *   somebody reads which object it is, why, and what to do, and `resume` tries again.
 */
import { ApplicationFailure, CancelledFailure } from '@temporalio/common';
import { ObjectStoreError, RIGHTS } from './storage/store-errors.ts';

/** Failure type of an activity whose request the store refuses. */
export const STORE_REFUSES = 'StoreRefuses';

/** Failure type of an activity that has met a state that its code does not expect. */
export const DEFECT = 'Defect';

/** Returns the activities with failures that say whether they pass. */
export function classifyFailures<Activities extends object>(activities: Activities): Activities {
  const classified = Object.entries(activities).map(([name, activity]) => [
    name,
    async (...args: unknown[]): Promise<unknown> => {
      try {
        return await (activity as (...args: unknown[]) => Promise<unknown>)(...args);
      } catch (error) {
        throw classifyFailure(error);
      }
    },
  ]);
  return Object.fromEntries(classified) as Activities;
}

/** Returns the failure of an activity that threw this: not retryable if it does not pass. */
export function classifyFailure(error: unknown): unknown {
  if (error instanceof ApplicationFailure || error instanceof CancelledFailure) return error;
  if (error instanceof ObjectStoreError && error.isPermanent)
    return ApplicationFailure.create({
      type: STORE_REFUSES,
      nonRetryable: true,
      message: `${error.message}. ${adviceAfter(error)}`,
    });
  if (isDefect(error))
    return ApplicationFailure.create({
      type: DEFECT,
      nonRetryable: true,
      message: `${error.name}: ${error.message}. The log of the worker has the place in the code`,
      cause: error,
    });
  return error;
}

function adviceAfter({ trouble, request }: ObjectStoreError): string {
  switch (trouble) {
    case 'missing-object':
      return 'Restore the object';
    case 'missing-bucket':
      return 'Create the bucket again';
    case 'denied':
      return `Grant ${RIGHTS[request]} there (docs/storage.md)`;
    default:
      return 'Change the name or the settings that the store refuses';
  }
}

/** Whether it is an error of the language: the same code does the same again. Memory may be there next time. */
function isDefect(error: unknown): error is Error {
  return (
    (error instanceof TypeError ||
      error instanceof RangeError ||
      error instanceof SyntaxError ||
      error instanceof ReferenceError) &&
    !('code' in error) &&
    !/alloc/i.test(error.message)
  );
}
