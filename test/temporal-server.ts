/**
 * A real Temporal server of a test's own: on a free port, in memory unless the test names a file.
 */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { Connection } from '@temporalio/client';
import { HOST, isListening } from '../workers/processes/ports.ts';
import { findProgram } from '../workers/processes/programs.ts';
import { temporalServerArguments } from '../workers/stack/temporal-server.ts';
import type { TemporalServerSettings } from '../workers/stack/temporal-server.ts';
import { startOnFreePort, startServerProcess, type ServerProcess } from './server-process.ts';

export interface TestServer {
  readonly address: string;
  readonly stop: () => Promise<void>;
  /** Ends it as kill -9 does; what is in its file stays. */
  readonly kill: () => Promise<void>;
}

export interface TestServerOptions extends Pick<TemporalServerSettings, 'searchAttributes'> {
  readonly port?: number;
  /** Keeps its state, for a server that is to come back after its end. */
  readonly databaseFile?: string;
}

/** Path of the Temporal CLI: the one that set-up installed, else the one on the PATH. */
export function temporalCommand(): string {
  return findProgram('temporal', process.env);
}

export interface CommandOutcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs the Temporal CLI on the server at the address. */
export async function temporal(address: string, ...args: readonly string[]): Promise<CommandOutcome> {
  try {
    const all = [...args, '--address', address];
    return { code: 0, ...(await promisify(execFile)(temporalCommand(), all, { maxBuffer: 1 << 28 })) };
  } catch (error) {
    const { code = -1, stdout = '', stderr = String(error) } = error as Partial<CommandOutcome>;
    return { code, stdout, stderr };
  }
}

/** Returns the history of a workflow as the Temporal CLI prints it, in JSON. */
export async function showHistory(address: string, workflowId: string, runId?: string): Promise<string> {
  const run = runId === undefined ? [] : ['--run-id', runId];
  const { code, stdout, stderr } = await temporal(
    address,
    ...['workflow', 'show', '--workflow-id', workflowId, ...run, '--output', 'json'],
  );
  assert.equal(code, 0, stderr);
  return stdout;
}

/**
 * Starts a server and waits until it answers; `dynamicConfig` are `key=value` settings such as
 * `limit.historyCount.suggestContinueAsNew=40`.
 */
export async function startTemporalServer(
  dynamicConfig: readonly string[] = [],
  { port: wanted, ...settings }: TestServerOptions = {},
): Promise<TestServer> {
  const start = (port: number): Promise<ServerProcess> =>
    startServerProcess(
      {
        command: temporalCommand(),
        args: temporalServerArguments({ port, logLevel: 'error', dynamicConfig, ...settings }),
      },
      () => answers(`${HOST}:${port}`),
    );
  const { port, server } =
    wanted === undefined ? await startOnFreePort(start) : { port: wanted, server: await start(wanted) };
  return { address: `${HOST}:${port}`, stop: () => server.end('SIGTERM'), kill: () => server.end('SIGKILL') };
}

/** Returns whether the server is there with its namespace; no configuration of the user's leads elsewhere. */
async function answers(address: string): Promise<boolean> {
  // A refused gRPC connection is tried again after a second only: knock first.
  if (!(await isListening(address))) return false;
  const connection = await Connection.connect({ address }).catch(() => undefined);
  if (connection === undefined) return false;
  try {
    await connection.workflowService.describeNamespace({ namespace: 'default' });
    return true;
  } catch {
    return false;
  } finally {
    await connection.close();
  }
}
