/**
 * Specifications of the tasks that ship, as trainers with these tasks describe them.
 */
import { parseComparison, type Comparison } from '../activities/comparison/input.ts';
import type { TaskQuestion } from '../activities/contracts/run.ts';
import type { AnsweredRequest } from '../activities/contracts/task.ts';
import { parseSpecification } from '../activities/specification/parsing.ts';
import type { Specification } from '../activities/specification/specification.ts';
import type { TaskRegistry } from '../activities/tasks/registry.ts';
import { registryWith } from '../activities/tasks/shipped.ts';
import type { Session, SessionContext } from '../activities/tasks/task.ts';

/** What trainers with the shipped tasks say of a task. */
export const describeShipped = registryWith().describe;

/** Returns what trainers with the shipped tasks answer to a question; null for none. */
export function answerOf(question: TaskQuestion | null): AnsweredRequest | null {
  return question && { request: question.request, answer: describeShipped(question.request) };
}

/** Returns the specification with its defaults. */
export function specificationOf(input: unknown): Specification {
  return parseSpecification(input, describeShipped);
}

/** Returns the comparison with its defaults. */
export function comparisonOf(input: unknown): Comparison {
  return parseComparison(input, describeShipped);
}

/** Returns the shipped tasks, whose sessions are those that `changed` makes of the real ones. */
export function tasksWithSessions(
  changed: (session: Session, context: SessionContext) => Session,
): Pick<TaskRegistry, 'describe' | 'check' | 'task'> {
  const registry = registryWith();
  return {
    describe: registry.describe,
    check: async (...asked) => registry.check(...asked),
    task: (specification) => {
      const task = registry.task(specification);
      return { ...task, open: async (context) => changed(await task.open(context), context) };
    },
  };
}
