/**
 * Reads histories from files, as `temporal workflow show --output json`, a finished run or `--export` writes them.
 */
import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { historyFromJSON } from '@temporalio/common/lib/proto-utils.js';
import { identify } from '../../activities/operations/executions.ts';
import type { RecordedExecution } from '../../activities/operations/executions.ts';
import { UserError, reasonOf } from '../processes/user-error.ts';

/**
 * Yields the histories in the files and, at any depth, in the folders. Ignores other files in folders.
 *
 * @throws UserError if a path does not exist, a named file is no history, or a folder has none
 */
export async function* historiesIn(
  paths: readonly string[],
): AsyncGenerator<RecordedExecution & { readonly file: string }, void> {
  for (const path of paths) {
    const folder = (await stat(path).catch((error: unknown) => refuse(path, reasonOf(error)))).isDirectory();
    const files = folder
      ? (await readdir(path, { recursive: true }))
          .filter((name) => name.endsWith('.json'))
          .sort()
          .map((name) => join(path, name))
      : [path];
    let found = 0;
    for (const file of files) {
      const execution = await read(file, folder);
      if (!execution) continue;
      found += 1;
      yield { ...execution, file };
    }
    if (found === 0) refuse(path, 'it has no history');
  }
}

async function read(file: string, lenient: boolean): Promise<RecordedExecution | undefined> {
  try {
    const json: unknown = JSON.parse(await readFile(file, 'utf8'));
    if (!isHistory(json))
      return lenient
        ? undefined
        : refuse(file, 'it is no history in the format of `temporal workflow show --output json`');
    const history = historyFromJSON(json);
    const identity = identify(history);
    return identity ? { ...identity, history } : refuse(file, 'its first event is not WorkflowExecutionStarted');
  } catch (error) {
    return refuse(file, reasonOf(error));
  }
}

/** Looks at the first event, because the record of a round has `events` too. */
function isHistory(json: unknown): boolean {
  const events: unknown = typeof json === 'object' && json !== null && 'events' in json ? json.events : undefined;
  const first: unknown = Array.isArray(events) ? events[0] : undefined;
  return typeof first === 'object' && first !== null && 'eventId' in first && 'eventType' in first;
}

function refuse(path: string, reason: string): never {
  throw new UserError(reason.startsWith('Cannot replay ') ? reason : `Cannot replay ${path}: ${reason}`);
}
