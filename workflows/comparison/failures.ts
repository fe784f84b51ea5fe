/**
 * What a comparison says of runs that failed.
 */
import { ApplicationFailure, ChildWorkflowFailure } from '@temporalio/workflow';
import type { ComparisonProgress } from '../../activities/contracts/messages.ts';
import { reasonOf } from '../run/activities.ts';

/** Returns the message of a run's failure, which names the failed part. The causes are on the page of the run. */
export function failureMessage(error: unknown): string {
  return error instanceof ChildWorkflowFailure && error.cause instanceof ApplicationFailure
    ? error.cause.message
    : reasonOf(error);
}

/** Returns the failure of a comparison of which runs failed; the others are finished. */
export function runsFailed(workflowId: string, { runs, failures, table }: ComparisonProgress): ApplicationFailure {
  const others = table ? ` The results of the others are in s3://${table.bucket}/${table.key}.` : '';
  const advice =
    'Repair the cause, then start the comparison again under the same workflow id: finished runs are not trained ' +
    'again, and the others resume from their last recorded round.';
  const message =
    `Cannot finish comparison ${workflowId}: ${failures.length} of ${runs} runs failed.${others} ` +
    `${advice}\n${failures.join('\n')}`;
  return ApplicationFailure.create({ message, type: 'RunsFailed', nonRetryable: true, details: [failures] });
}
