/**
 * Histories in files: what `temporal workflow show --output json` wrote, what a finished run exported, what `--export`
 * kept.
 */
import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { historyFromJSON } from '@temporalio/common/lib/proto-utils.js';
import { identify } from '../../activities/operations/executions.ts';
import type { RecordedExecution } from '../../activities/operations/executions.ts';
import { UserError, reasonOf } from '../processes/user-error.ts';

/**
 * Yields the histories in the files and, at any depth, in the folders; what else is in a folder is passed over.
 *
 * @throws UserError where a path is not there, a file named is no history, or a folder has none
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
    if (found === 0) refuse(path, 'there is no history in it');
  }
}

async function read(file: string, lenient: boolean): Promise<RecordedExecution | undefined> {
  try {
    const json: unknown = JSON.parse(await readFile(file, 'utf8'));
    if (!isHistory(json))
      return lenient ? undefined : refuse(file, 'it is no history as `temporal workflow show --output json` writes it');
    const history = historyFromJSON(json);
    const identity = identify(history);
    return identity
      ? { ...identity, history }
      : refuse(file, 'its first event is not that of a workflow that was started');
  } catch (error) {
    return refuse(file, reasonOf(error));
  }
}

/** The record of a round has events too. */
function isHistory(json: unknown): boolean {
  const events: unknown = typeof json === 'object' && json !== null && 'events' in json ? json.events : undefined;
  const first: unknown = Array.isArray(events) ? events[0] : undefined;
  return typeof first === 'object' && first !== null && 'eventId' in first && 'eventType' in first;
}

function refuse(path: string, reason: string): never {
  throw new UserError(reason.startsWith('Cannot replay ') ? reason : `Cannot replay ${path}: ${reason}`);
}
