/**
 * What a person may have meant who starts a workflow in a way that cannot work.
 */
import { ApplicationFailure, workflowInfo } from '@temporalio/workflow';
import { STARTED_WORKFLOWS } from '../population/names.ts';

/**
 * Fails a workflow whose type no code is registered for. Without it Temporal would retry its first task for ever, and
 * the workflow would stay Running.
 */
export default async function unknownType(): Promise<never> {
  throw ApplicationFailure.nonRetryable(
    `Expected the workflow type to be one of ${STARTED_WORKFLOWS.join(', ')}, got \`${workflowInfo().workflowType}\``,
    'UnknownWorkflowType',
  );
}

/**
 * Fails a workflow that was started with a cron schedule: all its executions would share one first run id, hence one
 * folder, and every execution after the first would find its rounds done.
 */
export function refuseCron(): void {
  const { cronSchedule } = workflowInfo();
  if (!cronSchedule) return;
  throw ApplicationFailure.nonRetryable(
    `Expected no cron schedule, got \`${cronSchedule}\`: its executions would share one folder of records. Use a ` +
      'schedule (`temporal schedule create`), which starts a run of its own each time',
    'CronNotSupported',
  );
}
