/**
 * Files that settings name, looked for before a run is planned.
 */
import { statSync } from 'node:fs';
import { resolve } from 'node:path';
import type { TaskComplaint } from '../contracts/task.ts';
import { isOfMachine } from '../system-errors.ts';
import { firstLineOf } from './first-line.ts';

/**
 * Returns the complaint that there is no such file or folder; nothing if there is one, or none is named.
 *
 * @throws what the operating system tells, if that is trouble of the machine
 */
export function missingFile(setting: TaskComplaint['path'], file: string | undefined): TaskComplaint[] {
  if (file === undefined) return [];
  try {
    statSync(file);
    return [];
  } catch (error) {
    if (isOfMachine(error)) throw error;
    const rule = 'the path of something that the trainers can read';
    return [{ path: setting, rule, got: `${resolve(file)} (${firstLineOf(error)})` }];
  }
}
