/**
 * Loads the tasks of a user, from files outside this program (`--tasks FILE`).
 */
import { statSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import type { TaskDefinition } from '../../activities/tasks/define-task.ts';
import { messageWithLine } from '../../activities/tasks/author-line.ts';
import { InvalidDefinition, type TaskRegistry } from '../../activities/tasks/registry.ts';
import { registryWith } from '../../activities/tasks/shipped.ts';
import { UserError } from '../processes/user-error.ts';
import { resolveOwnModules } from './resolution.mjs';

/**
 * Returns a registry of the shipped tasks and of those that the files export. The files' modules stay loaded.
 *
 * @throws UserError, one line, naming the file: it is missing, throws, exports no task, or has one of a known kind
 */
export async function loadTasks(files: readonly string[]): Promise<TaskRegistry> {
  await resolveOwnModules();
  const own: TaskDefinition[] = [];
  for (const file of files) {
    const found = await tasksIn(file);
    try {
      registryWith([...own, ...found]);
    } catch (error) {
      if (!(error instanceof InvalidDefinition)) throw error;
      throw new UserError(`${file}: ${error.message}`, { cause: error });
    }
    own.push(...found);
  }
  return registryWith(own);
}

async function tasksIn(file: string): Promise<readonly TaskDefinition[]> {
  if (!statSync(file, { throwIfNoEntry: false })?.isFile())
    throw new UserError(`Expected \`--tasks\` to be a file, got \`${file}\``);
  const exported = await exportsOf(file);
  const tasks = [...new Set(Object.values(exported))].filter(isTask);
  if (tasks.length > 0) return tasks;
  const names = Object.keys(exported);
  throw new UserError(
    `Expected ${file} to export a task (\`export default defineTask({ … })\`), got ` +
      (names.length === 0 ? 'no exports' : `the exports ${names.map((name) => `\`${name}\``).join(', ')}`),
  );
}

async function exportsOf(file: string): Promise<Readonly<Record<string, unknown>>> {
  try {
    return (await import(pathToFileURL(file).href)) as Readonly<Record<string, unknown>>;
  } catch (error) {
    // The first line of a syntax error only counts the errors.
    const lines = messageWithLine(error).split('\n');
    const reason = lines.find((line) => line.includes('ERROR: ')) ?? lines[0] ?? '';
    throw new UserError(`Cannot load ${file}: ${reason}`, { cause: error });
  }
}

/** The registry checks the rest. */
function isTask(value: unknown): value is TaskDefinition {
  return typeof value === 'object' && value !== null && 'kind' in value && 'open' in value;
}
