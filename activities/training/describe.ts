/**
 * The describe activity: what a trainer says of a task before anything is trained.
 */
import { ApplicationFailure } from '@temporalio/common';
import {
  INVALID_TASK,
  type DescribeRequest,
  type DescribedTask,
  type TaskComplaint,
  type TaskDescription,
} from '../contracts/task.ts';
import { tellComplaints, type TaskRegistry } from '../tasks/registry.ts';
import { asTask } from './failures.ts';

/**
 * Returns the description of a task; `threads` are those of this trainer.
 *
 * @throws InvalidTask, non-retryable, with every error, if there is no such task, it refuses the settings or what they
 *   name, or the threads are others
 */
export async function describe(
  request: DescribeRequest,
  threads: number,
  tasks: Pick<TaskRegistry, 'describe' | 'check'>,
  dataDirectory: string,
): Promise<TaskDescription> {
  const doing = `describe task ${request.task.kind}`;
  const described: DescribedTask = await asTask(doing, () => tasks.describe(request));
  const complaints: TaskComplaint[] =
    'complaints' in described
      ? [...described.complaints]
      : [...(await asTask(doing, () => tasks.check(described.description.task, dataDirectory)))];
  if (request.threads !== threads)
    complaints.push({
      path: ['threads'],
      rule: `${threads}, those of the trainer (start trainers with \`--threads ${request.threads}\` for others)`,
      got: String(request.threads),
    });
  if ('description' in described && complaints.length === 0) return described.description;
  throw ApplicationFailure.create({
    type: INVALID_TASK,
    nonRetryable: true,
    message: tellComplaints(request, complaints),
    details: [complaints],
  });
}
