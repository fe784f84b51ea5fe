/**
 * `npm run replay`: replays a whole run, from the server or from files, with the code at hand, and reports where that
 * code would decide otherwise.
 */
import { existsSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { isGrpcServiceError, WorkflowNotFoundError } from '@temporalio/client';
import { executionsOfRun } from '../../activities/operations/executions.ts';
import type { RecordedExecution } from '../../activities/operations/executions.ts';
import { historyFile, historyText } from '../../activities/operations/histories.ts';
import { manyValued, readOptions } from '../processes/command-line.ts';
import { UserError, reasonOf, runProcess } from '../processes/user-error.ts';
import { historiesIn } from '../replay/history-files.ts';
import { Replayer } from '../replay/replayer.ts';
import { LOCAL } from '../processes/programs.ts';
import { findRunningStack } from '../stack/running-stack.ts';
import { clientEnvironment } from '../stack/temporal-server.ts';
import { connectClient } from '../processes/temporal-connection.ts';
import { counted, longNumber, shortBytes } from '../terminal/figures.ts';
import { Screen } from '../terminal/screen.ts';
import { replayBundle } from '../processes/workflow-bundle.ts';

const HELP = `
Replays every execution of a run with the code at hand (root, sub-populations, evaluators, all runs of each), and
compares every command with the recorded one. Reports the first event at which each diverges; exit code 1 if any does.

  --workflow-id ID       the run, or a comparison, on the server: of the local stack if it runs,
                         else of TEMPORAL_ADDRESS or a profile
  --run-id ID            that run of the root alone (default: the newest, with all that it was reset from)
  --export DIRECTORY     also writes the histories there, as files
  --from PATH …          instead of --workflow-id: files as \`temporal workflow show --output json\` writes them,
                         or folders of them, such as a finished run's histories/
  --directory DIRECTORY  where the local stack keeps its state (.local)
  --help                 this text`;

const STACK_TIMEOUT_MS = 120_000;
/** Executions between two lines of progress where there is no terminal. */
const TELL_EVERY = 100;

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
    HELP,
    manyValued('from', process.argv.slice(2)),
  );
  const { 'workflow-id': workflowId, 'run-id': runId, export: exportTo, from } = options;
  if ((workflowId === undefined) === (from === undefined))
    throw new UserError('Expected either `--workflow-id` or `--from`. --help lists the options.');
  if (from !== undefined && (runId ?? exportTo) !== undefined)
    throw new UserError('Expected `--run-id` and `--export` with `--workflow-id` only. --help lists the options.');
  if (from !== undefined) return replayAll(historiesIn(from));
  return replayAll(
    onServer(workflowId ?? '', runId, options.directory === undefined ? LOCAL : resolve(options.directory), exportTo),
  );
});

/** Replays all executions, reports each that diverges, and a summary. Returns the exit code. */
async function replayAll(executions: AsyncIterable<RecordedExecution & { readonly file?: string }>): Promise<number> {
  const replayer = new Replayer(await replayBundle(join(LOCAL, 'cache')));
  const workflows = new Set<string>();
  const total = { executions: 0, events: 0, diverging: 0 };
  const progress = (): string => {
    const executions = `${counted(total.executions, 'execution')} of ${counted(workflows.size, 'workflow')}`;
    return `${executions}, ${counted(total.events, 'event')}`;
  };
  try {
    for await (const { workflowId, runId, type, history, file } of executions) {
      const divergence = await replayer.divergence({ workflowId, history });
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
      if (!screen.updates && total.executions % TELL_EVERY === 0) screen.say(`Replayed ${progress()} …`);
    }
  } finally {
    screen.show([]);
    await replayer.close();
  }
  const diverging = `${longNumber(total.diverging)} ${total.diverging === 1 ? 'diverges' : 'diverge'}`;
  screen.say(`Replayed ${progress()}: ${total.diverging === 0 ? 'all decide the same' : diverging}`);
  return total.diverging === 0 ? 0 : 1;
}

/** Yields the executions of the run that the server has, and exports them if a folder is given. */
async function* onServer(
  workflowId: string,
  runId: string | undefined,
  directory: string,
  exportTo: string | undefined,
): AsyncGenerator<RecordedExecution, void> {
  const { client, connection, address, namespace } = await connect(directory);
  const kept = { files: 0, bytes: 0 };
  let forgotten = 0;
  if (exportTo !== undefined) await mkdir(exportTo, { recursive: true });
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
          kept.files += 1;
          kept.bytes += Buffer.byteLength(text);
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
    screen.say(`Exported ${counted(kept.files, 'history', 'histories')}, ${shortBytes(kept.bytes)}, to ${exportTo}`);
  if (forgotten > 0)
    screen.say(
      `The server has forgotten ${counted(forgotten, 'execution')}, ` +
        'which ended longer ago than the namespace keeps histories: not replayed',
    );
}

/** Connects to the server of the running local stack, else to the environment's. */
async function connect(directory: string): ReturnType<typeof connectClient> {
  const stateDirectory = join(directory, 'state');
  const stack = existsSync(stateDirectory) ? await findRunningStack(stateDirectory, STACK_TIMEOUT_MS) : undefined;
  if (stack !== undefined) return connectClient(clientEnvironment(stack, stateDirectory, process.env));
  try {
    return await connectClient();
  } catch (error) {
    if (error instanceof UserError)
      throw new UserError(`${error.message}; \`npm run stack\` starts one`, { cause: error });
    throw error;
  }
}
