/**
 * Validation of what trainers answered about a task.
 */
import { ApplicationFailure } from '@temporalio/common';
import { parse } from '../../workflows/validation/complaints.ts';
import type { AnsweredRequest } from '../contracts/task.ts';
import { answeredRequest } from '../contracts/task-schema.ts';

/** Failure type of a run whose trainers answer something else than the trainer contract says. */
export const INVALID_ANSWER = 'InvalidAnswer';

/**
 * Returns the answer.
 *
 * @throws ApplicationFailure of type 'InvalidAnswer', not retryable, if it is not what the trainer contract says
 */
export function requireAnswer(answered: AnsweredRequest): AnsweredRequest {
  const parsed = parse(answeredRequest, answered, 'answer');
  if (!('complaints' in parsed)) return parsed.value;
  const { kind } = answered.request.task;
  const message =
    `Cannot use what the trainers answered to \`describe\` for task ${kind}: ` +
    `it is not what docs/trainer-contract.md says\n${parsed.complaints.join('\n')}`;
  throw ApplicationFailure.create({ type: INVALID_ANSWER, nonRetryable: true, message, details: [parsed.complaints] });
}
