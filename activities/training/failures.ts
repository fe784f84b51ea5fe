/**
 * Failures of training activities: not retryable if a retry would fail the same way, with a type for workflows and
 * people.
 */
import { ApplicationFailure, CancelledFailure } from '@temporalio/common';
import type { INVALID_TASK } from '../contracts/task.ts';
import { messageWithLine } from '../tasks/author-line.ts';
import { describeSystemError, isOfMachine, type SystemError } from '../system-errors.ts';
import { DataSetError } from '../tasks/datasets/data-set.ts';
import { TensorFlowUnavailable } from '../tasks/tensorflow/library.ts';
import type { ComputingEnded } from './computer.ts';

/** Types of the non-retryable failures of `train` and `report`, besides those of what is stored. */
export type TrainingFailureType =
  /** The specification wants another number of threads than this trainer has. */
  | 'ThreadCountMismatch'
  /** The trainer has no such task, or it refuses the settings. */
  | typeof INVALID_TASK
  /** Asked hyperparameters are missing, unknown or out of range. */
  | 'InvalidHyperparameters'
  /** The optimiser would use other hyperparameters than those asked. */
  | 'HyperparametersNotInEffect'
  | 'DataSetUnusable'
  | 'TensorFlowUnavailable'
  /** The checkpoint is intact but not one of this task. */
  | 'CheckpointUnusable'
  /** Several trainers in a row were killed. */
  | 'TrainerKilled'
  /** The task's own code threw. */
  | 'TaskFailed';

/** Type of the retryable failure of an activity whose computing process died. */
export const COMPUTING_ENDED = 'ComputingEnded';

/** Type of the retryable failure of an activity that met trouble of the operating system, such as a full disk. */
export const SYSTEM_TROUBLE = 'SystemTrouble';

export function trainingFailure(type: TrainingFailureType, message: string, cause?: unknown): ApplicationFailure {
  return ApplicationFailure.create({ type, message, nonRetryable: true, ...(cause instanceof Error ? { cause } : {}) });
}

/** Returns the failure of an activity whose computing process died: the next attempt may succeed. */
export function computingEnded(doing: string, { how }: ComputingEnded): ApplicationFailure {
  return ApplicationFailure.create({
    type: COMPUTING_ENDED,
    message: `Cannot ${doing}: its computing process ${how}`,
  });
}

/** Returns the failure of an activity that met trouble of the operating system: the next attempt may succeed. */
function systemTrouble(message: string): ApplicationFailure {
  return ApplicationFailure.create({ type: SYSTEM_TROUBLE, message });
}

/** Returns the trouble of the machine that an error is of. That a data file is missing is no such trouble. */
function systemErrorIn(error: unknown): SystemError | undefined {
  if (isOfMachine(error)) return error;
  return error instanceof DataSetError && isOfMachine(error.cause)
    ? Object.assign(new Error(error.message), { code: error.cause.code })
    : undefined;
}

/**
 * Runs a piece of a task. If it throws, the activity fails for good with what was being done: `Cannot VERB THING:
 * cause`. Trouble of the operating system is retried. The message ends with the file and line of a task that is not
 * this project's.
 */
export async function asTask<T>(
  doing: string,
  run: () => T | Promise<T>,
  type: TrainingFailureType = 'TaskFailed',
): Promise<T> {
  try {
    return await run();
  } catch (error) {
    if (error instanceof ApplicationFailure || error instanceof CancelledFailure) throw error;
    const system = systemErrorIn(error);
    if (system) throw systemTrouble(`Cannot ${doing}: ${describeSystemError(system)}`);
    if (error instanceof DataSetError) throw trainingFailure('DataSetUnusable', error.message, error);
    if (error instanceof TensorFlowUnavailable) throw trainingFailure('TensorFlowUnavailable', error.message, error);
    throw trainingFailure(type, `Cannot ${doing}: ${messageWithLine(error)}`, error);
  }
}
