/**
 * The Temporal development server of the stack. It has a Web UI, the search attributes of the runs, and its state in
 * one file.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Connection } from '@temporalio/client';
import { SEARCH_ATTRIBUTE_TYPES } from '../../workflows/run/search-attributes.ts';
import { connectClient } from '../processes/temporal-connection.ts';
import type { TemporalConnection } from '../processes/temporal-connection.ts';
import { describePortChange, HOST, isListening } from '../processes/ports.ts';
import type { ClaimedPorts } from '../processes/ports.ts';
import type { StackRecord } from './running-stack.ts';
import type { ProcessPlan } from '../processes/supervised-process.ts';

/** The namespace that every development server has. */
const NAMESPACE = 'default';
const DEFAULT_PORT = 7233;
const DEFAULT_WEB_UI_PORT = 8233;

/**
 * One partition per task queue: a single server needs no more, and it matches polls and tasks faster this way.
 */
const DYNAMIC_CONFIG = ['matching.numTaskqueueReadPartitions=1', 'matching.numTaskqueueWritePartitions=1'];

/**
 * A write-ahead log that is synchronised at its checkpoints. It takes a third of the processor time of SQLite's
 * default. A killed process loses nothing. A power failure can lose the last moments; the runs then resume from an
 * earlier state.
 */
const PRAGMAS = ['journal_mode=wal', 'synchronous=1'];

export interface TemporalServerPlan {
  readonly process: ProcessPlan;
  readonly address: string;
  readonly webUi: string;
  /** Lines that say which ports replace the preferred ones; undefined if the preferred ports were free. */
  readonly portChange: string | undefined;
  /** Environment in which a process finds this server. Variables that name another server are undefined. */
  readonly environment: NodeJS.ProcessEnv;
}

export interface TemporalServerOptions {
  readonly program: string;
  readonly stateDirectory: string;
  readonly logDirectory: string;
  readonly environment: NodeJS.ProcessEnv;
  /** Has the server's ports from now on. */
  readonly ports: ClaimedPorts;
  readonly port?: number | undefined;
  readonly webUiPort?: number | undefined;
  /** Additional `key=value` settings of the server. */
  readonly dynamicConfig?: readonly string[] | undefined;
}

/** Claims ports and builds the command line. */
export async function planTemporalServer({
  program,
  stateDirectory,
  logDirectory,
  environment,
  ports,
  port: wanted = DEFAULT_PORT,
  webUiPort = DEFAULT_WEB_UI_PORT,
  dynamicConfig = [],
}: TemporalServerOptions): Promise<TemporalServerPlan> {
  const port = await ports.claim(wanted);
  const uiPort = await ports.claim(webUiPort);
  const address = `${HOST}:${port}`;
  // Replaces the user's configuration file: its address, keys and certificates belong to another server.
  const configFile = configFileIn(stateDirectory);
  writeFileSync(configFile, `[profile.default]\naddress = "${address}"\nnamespace = "${NAMESPACE}"\n`);
  return {
    process: {
      name: 'temporal',
      command: program,
      args: temporalServerArguments({
        port,
        uiPort,
        // Relative to the working directory, because SQLite reads a path as a URI: `#` would end it.
        databaseFile: 'temporal.db',
        logLevel: 'warn',
        dynamicConfig,
      }),
      env: withoutTemporalSettings(environment),
      cwd: stateDirectory,
      logFile: join(logDirectory, 'temporal-server.log'),
    },
    address,
    webUi: `http://${HOST}:${uiPort}`,
    portChange:
      [describePortChange('Temporal', wanted, port), describePortChange('the Web UI', webUiPort, uiPort)]
        .filter((line) => line !== undefined)
        .join('\n') || undefined,
    environment: environmentFor(address, stateDirectory, environment),
  };
}

export interface TemporalServerSettings {
  readonly port: number;
  /** Default: no Web UI. */
  readonly uiPort?: number;
  /** File of the state; default: the state is in memory. */
  readonly databaseFile?: string | undefined;
  readonly logLevel: 'warn' | 'error';
  /** Additional `key=value` settings of the server. */
  readonly dynamicConfig?: readonly string[];
  /** Types by name; default: the search attributes of the runs. */
  readonly searchAttributes?: Readonly<Record<string, string>>;
}

/** Returns the arguments with which `temporal` runs a development server. */
export function temporalServerArguments({
  port,
  uiPort,
  databaseFile,
  logLevel,
  dynamicConfig = [],
  searchAttributes = SEARCH_ATTRIBUTE_TYPES,
}: TemporalServerSettings): string[] {
  return [
    ...['server', 'start-dev', '--ip', HOST, '--port', String(port), '--log-level', logLevel],
    ...(uiPort === undefined ? ['--headless'] : ['--ui-port', String(uiPort), '--ui-disable-news-fetch']),
    ...(databaseFile === undefined ? [] : ['--db-filename', databaseFile]),
    ...(databaseFile === undefined ? [] : PRAGMAS.flatMap((pragma) => ['--sqlite-pragma', pragma])),
    ...[...DYNAMIC_CONFIG, ...dynamicConfig].flatMap((setting) => ['--dynamic-config-value', setting]),
    ...Object.entries(searchAttributes).flatMap(([name, type]) => ['--search-attribute', `${name}=${type}`]),
  ];
}

/** Returns the environment in which a client finds the Temporal server of a stack that runs in another process. */
export function clientEnvironment(
  { temporal }: StackRecord,
  stateDirectory: string,
  environment: NodeJS.ProcessEnv,
): NodeJS.ProcessEnv {
  if (temporal.own) return environment;
  return { ...environment, ...environmentFor(temporal.address, stateDirectory, environment) };
}

/** Tells whether a Temporal server answers at the address for the environment's namespace. */
export async function answers(address: string, environment: NodeJS.ProcessEnv): Promise<boolean> {
  // gRPC waits a second before it retries a refused connection, so this first checks that something listens.
  if (!(await isListening(address))) return false;
  try {
    const { connection } = await connectClient(environment);
    await connection.close();
    return true;
  } catch {
    return false;
  }
}

/** Tells whether a worker polls the task queue whose identity begins with `identity`. */
export async function polls(
  { connection, namespace }: TemporalConnection<Connection>,
  queue: string,
  kind: 'workflow' | 'activity',
  identity: string,
): Promise<boolean> {
  const { pollers } = await connection.workflowService.describeTaskQueue({
    namespace,
    taskQueue: { name: queue },
    taskQueueType: TASK_QUEUE_TYPES[kind],
  });
  return (pollers ?? []).some((poller) => poller.identity?.startsWith(identity) ?? false);
}

/** Values of `temporal.api.enums.v1.TaskQueueType`. */
const TASK_QUEUE_TYPES = { workflow: 1, activity: 2 } as const;

function environmentFor(address: string, stateDirectory: string, environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return {
    ...clearedSettings(environment),
    TEMPORAL_ADDRESS: address,
    TEMPORAL_NAMESPACE: NAMESPACE,
    TEMPORAL_CONFIG_FILE: configFileIn(stateDirectory),
  };
}

function configFileIn(stateDirectory: string): string {
  return join(stateDirectory, 'temporal.toml');
}

/** Returns the environment without variables that configure a Temporal client or server. */
function withoutTemporalSettings(environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return { ...environment, ...clearedSettings(environment) };
}

function clearedSettings(environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(
    Object.keys(environment)
      .filter((name) => name.startsWith('TEMPORAL_'))
      .map((name) => [name, undefined]),
  );
}
