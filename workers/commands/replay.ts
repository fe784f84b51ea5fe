/**
 * `npm run replay`: replays a whole run with the code of this checkout and reports where that code decides differently.
 * The histories come from the server or from files.
 */
import { writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { isGrpcServiceError, WorkflowNotFoundError } from '@temporalio/client';
import { executionsOfRun } from '../../activities/operations/executions.ts';
import type { RecordedExecution } from '../../activities/operations/executions.ts';
import { historyFile, historyText } from '../../activities/operations/histories.ts';
import { repeatOptionName, readOptions, stackCommandIn } from '../processes/command-line.ts';
import { makeDirectory } from '../processes/directories.ts';
import { UserError, reasonOf, runProcess } from '../processes/user-error.ts';
import { historiesIn } from '../replay/history-files.ts';
import { Replayer } from '../replay/replayer.ts';
import { LOCAL } from '../processes/places.mjs';
import { runningStackEnvironment } from '../processes/stack-connection.ts';
import { connectClient } from '../processes/temporal-connection.ts';
import { formatCount, longNumber, shortBytes } from '../../workflows/population/figures.ts';
import { Screen } from '../terminal/screen.ts';
import { replayBundle } from '../processes/workflow-bundle.ts';
import { HELP } from './help.mjs';

/** Executions per line of progress if the output is no terminal. */
const EXECUTIONS_PER_LINE = 100;

const screen = new Screen();

await runProcess(async () => {
  const options = readOptions(
    {
      'workflow-id': { type: 'string' },
      'run-id': { type: 'string' },
      export: { type: 'string' },
      from: { type: 'string', multiple: true },
      directory: { type: 'string' },
    },
    HELP.replay,
    repeatOptionName('from', process.argv.slice(2)),
  );
  const { 'workflow-id': workflowId, 'run-id': runId, export: exportTo, from } = options;
  if ((workflowId === undefined) === (from === undefined))
    throw new UserError('Expected either `--workflow-id` or `--from`. --help lists the options.');
  if (from !== undefined && (runId ?? exportTo) !== undefined)
    throw new UserError('Expected `--run-id` and `--export` with `--workflow-id` only. --help lists the options.');
  if (from !== undefined) return replayAll(historiesIn(from));
  return replayAll(executionsOnServer(workflowId ?? '', runId, options.directory, exportTo));
});

/** Replays all executions, prints each that diverges, and a summary. Returns the exit code. */
async function replayAll(executions: AsyncIterable<RecordedExecution & { readonly file?: string }>): Promise<number> {
  const replayer = new Replayer(await replayBundle(join(LOCAL, 'cache')));
  const workflows = new Set<string>();
  const total = { executions: 0, events: 0, diverging: 0 };
  const progress = (): string => {
    const executions = `${formatCount(total.executions, 'execution')} of ${formatCount(workflows.size, 'workflow')}`;
    return `${executions}, ${formatCount(total.events, 'event')}`;
  };
  try {
    for await (const { workflowId, runId, type, history, file } of executions) {
      const divergence = await replayer.findDivergence({ workflowId, history });
      workflows.add(workflowId);
      total.executions += 1;
      total.events += history.events?.length ?? 0;
      if (divergence) {
        total.diverging += 1;
        const { eventId, eventType, reason } = divergence;
        const source = file === undefined ? '' : ` (${file})`;
        const execution = `${workflowId}, run ${runId}, ${type}`;
        screen.say(`${execution}: diverges at event ${eventId}, ${eventType}: ${reason}${source}`);
      }
      screen.show([`Replayed ${progress()}; now ${workflowId}`]);
      if (!screen.updates && total.executions % EXECUTIONS_PER_LINE === 0) screen.say(`Replayed ${progress()} …`);
    }
  } finally {
    screen.show([]);
    await replayer.close();
  }
  const diverging = `${longNumber(total.diverging)} ${total.diverging === 1 ? 'diverges' : 'diverge'}`;
  screen.say(`Replayed ${progress()}: ${total.diverging === 0 ? 'all decide the same' : diverging}`);
  return total.diverging === 0 ? 0 : 1;
}

/** Yields the executions of the run that the server still has, and exports them if `exportTo` is set. */
async function* executionsOnServer(
  workflowId: string,
  runId: string | undefined,
  directory: string | undefined,
  exportTo: string | undefined,
): AsyncGenerator<RecordedExecution, void> {
  const { client, connection, address, namespace } = await connect(directory);
  const exported = { files: 0, bytes: 0 };
  let forgotten = 0;
  if (exportTo !== undefined) makeDirectory(resolve(exportTo), 'exported histories');
  screen.say(`${workflowId} on ${address}, namespace ${namespace}`);
  try {
    for await (const batch of executionsOfRun(client, workflowId, runId)) {
      for (const execution of batch) {
        if (execution.state === 'forgotten') {
          forgotten += 1;
          continue;
        }
        if (exportTo !== undefined) {
          const text = historyText(execution.history);
          await writeFile(join(exportTo, historyFile(workflowId, execution)), text);
          exported.files += 1;
          exported.bytes += Buffer.byteLength(text);
        }
        yield execution;
      }
    }
  } catch (error) {
    const run = runId === undefined ? workflowId : `${workflowId}, run ${runId}`;
    if (error instanceof WorkflowNotFoundError)
      throw new UserError(`Cannot replay ${run}: there is no such workflow on ${address}, namespace ${namespace}`, {
        cause: error,
      });
    if (isGrpcServiceError(error) || (error instanceof Error && isGrpcServiceError(error.cause)))
      throw new UserError(`Cannot replay ${run}: ${reasonOf(error)}`, { cause: error });
    throw error;
  } finally {
    await connection.close();
  }
  if (exportTo !== undefined)
    screen.say(
      `Exported ${formatCount(exported.files, 'history', 'histories')}, ${shortBytes(exported.bytes)}, to ${exportTo}`,
    );
  if (forgotten > 0)
    screen.say(
      `Not replayed: ${formatCount(forgotten, 'execution')}, which the server deleted after the retention period of ` +
        'its namespace',
    );
}

/** Connects to the server of the running local stack, else to the server that the environment names. */
async function connect(directory: string | undefined): ReturnType<typeof connectClient> {
  const environment = await runningStackEnvironment(directory);
  if (environment !== undefined) return connectClient(environment);
  try {
    return await connectClient();
  } catch (error) {
    if (error instanceof UserError)
      throw new UserError(`${error.message}; start a local stack with ` + `\`${stackCommandIn(directory)}\``, {
        cause: error,
      });
    throw error;
  }
}
