/**
 * Delivery of a signal to a workflow that may have ended.
 */
import { isCancellation, log } from '@temporalio/workflow';
import { reasonOf } from './activities.ts';

/** Waits for a signal. If its receiver has ended, nobody needs it: this is logged. */
export async function unlessEnded(workflowId: string, signalled: Promise<void>): Promise<void> {
  try {
    await signalled;
  } catch (error) {
    if (isCancellation(error)) throw error;
    log.info(`${workflowId} was not notified, because it has ended: ${reasonOf(error)}`);
  }
}
