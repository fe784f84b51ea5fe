/**
 * What is told of data that cannot be used, before a run is planned.
 */
import type { TaskComplaint } from '../../contracts/task.ts';
import { isOfMachine } from '../../system-errors.ts';
import { DataSetError } from './data-set.ts';

/**
 * Returns the complaint about the setting at this path, `rule` being what it should be.
 *
 * @throws the error if it does not say that data cannot be used: a trainer's machine may be in trouble
 */
export function complaintOf(error: unknown, path: TaskComplaint['path'], rule: string): TaskComplaint {
  if (!(error instanceof DataSetError) || isOfMachine(error.cause)) throw error;
  return { path, rule, got: error.message.replaceAll('`', '"') };
}
