/**
 * What trainers say of a task: asked on their task queue before anything is planned.
 */
import { ActivityFailure, ApplicationFailure, CancellationScope, sleep } from '@temporalio/workflow';
import type { TaskQuestion } from '../../activities/contracts/run.ts';
import type { AnsweredRequest, INVALID_TASK, TaskComplaint } from '../../activities/contracts/task.ts';
import { orchestration, trainers, trainersQueue } from './activities.ts';

const REFUSED: typeof INVALID_TASK = 'InvalidTask';

/** How long trainers may take to answer before somebody is told; then, how long until it is looked at again. */
const PATIENCE = ['5s', '1m', '5m'] as const;
/** A trainer that is free asks for work at least so often. */
const POLL_SECONDS = 70;

/**
 * Asks trainers to describe a task and returns their answer, which may be that they refuse it. Waits as long as it
 * takes; `tell` gets what it waits for, and null at the end.
 */
export async function describeTask(
  { request, trainers: given }: TaskQuestion,
  tell: (notice: string | null) => void,
): Promise<AnsweredRequest> {
  const watching = new CancellationScope();
  // It only tells: nothing depends on it, and it ends when the answer comes.
  void watching.run(() => watch(trainersQueue(given), tell)).catch(() => undefined);
  try {
    const summary = `What trainers say of task ${request.task.kind}`;
    const description = await trainers(given).describe.executeWithOptions({ summary }, [request]);
    return { request, answer: { description } };
  } catch (error) {
    const cause = error instanceof ActivityFailure ? error.cause : undefined;
    if (!(cause instanceof ApplicationFailure) || cause.type !== REFUSED) throw error;
    return { request, answer: { complaints: (cause.details?.[0] ?? []) as TaskComplaint[] } };
  } finally {
    watching.cancel();
    tell(null);
  }
}

/** Says who serves the trainers' task queue, if nobody answers for long. */
async function watch(taskQueue: string, tell: (notice: string) => void): Promise<void> {
  for (const patience of PATIENCE) {
    await sleep(patience);
    const { secondsSincePoll } = await orchestration.findTrainers({ taskQueue });
    tell(noticeOf(taskQueue, secondsSincePoll));
  }
}

function noticeOf(taskQueue: string, secondsSincePoll: number | null): string {
  if (secondsSincePoll === null) return `Nobody serves task queue ${taskQueue}: the run begins when a trainer comes`;
  if (secondsSincePoll > POLL_SECONDS)
    return (
      `Waits for a trainer of task queue ${taskQueue}: the last one asked for work ${secondsSincePoll} s ago. ` +
      'All are busy or gone'
    );
  return `Waits for a trainer of task queue ${taskQueue} to describe the task`;
}
