/**
 * What is found in the file of an environment before a run is planned.
 */
import type { TaskComplaint } from '../../contracts/task.ts';
import { isOfMachine } from '../../system-errors.ts';
import { loadEnvironment } from '../environments/shipped.ts';
import { firstLineOf } from '../first-line.ts';
import { missingFile } from '../missing-file.ts';
import type { ReinforcementLearning } from './settings.ts';

const PATH = ['environment', 'path'] as const;
const RULE = 'the path of a module whose default export is an environment';

/** Returns the error that is found: the file is missing, cannot be loaded, or has no environment. */
export async function checkEnvironment({ environment }: ReinforcementLearning): Promise<readonly TaskComplaint[]> {
  if (typeof environment === 'string') return [];
  const missing = missingFile(PATH, environment.path);
  if (missing.length > 0) return missing;
  try {
    await loadEnvironment(environment);
    return [];
  } catch (error) {
    if (error instanceof Error && isOfMachine(error.cause)) throw error.cause;
    return [{ path: PATH, rule: RULE, got: firstLineOf(error).replaceAll('`', '"') }];
  }
}
