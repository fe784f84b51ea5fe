/**
 * The Temporal development server of the stack: state in one file, Web UI, the search attributes of the runs.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Connection } from '@temporalio/client';
import { SEARCH_ATTRIBUTE_TYPES } from '../../workflows/run/search-attributes.ts';
import { connectClient } from '../processes/temporal-connection.ts';
import type { TemporalConnection } from '../processes/temporal-connection.ts';
import { describePortChange, freePort, HOST, isListening } from '../processes/ports.ts';
import type { StackRecord } from './running-stack.ts';
import type { ProcessPlan } from '../processes/supervised-process.ts';

/** Every development server has it. */
const NAMESPACE = 'default';
const DEFAULT_PORT = 7233;
const DEFAULT_WEB_UI_PORT = 8233;

/**
 * One machine, one server: a queue needs no partitions, and a poll or task that never crosses them is matched sooner.
 */
const DYNAMIC_CONFIG = ['matching.numTaskqueueReadPartitions=1', 'matching.numTaskqueueWritePartitions=1'];

/**
 * A write-ahead log, synchronised at its checkpoints: a third of the processor time of SQLite's default. No kill of any
 * process loses anything; a power failure can lose the last moments, and the runs go on from before them.
 */
const PRAGMAS = ['journal_mode=wal', 'synchronous=1'];

export interface TemporalServerPlan {
  readonly process: ProcessPlan;
  readonly address: string;
  readonly webUi: string;
  readonly ports: readonly number[];
  /** Says which ports were taken; undefined where none was. */
  readonly stepped: string | undefined;
  /** What a process needs to find it; variables that would lead elsewhere are undefined. */
  readonly environment: NodeJS.ProcessEnv;
}

export interface TemporalServerOptions {
  readonly program: string;
  readonly stateDirectory: string;
  readonly logDirectory: string;
  readonly environment: NodeJS.ProcessEnv;
  readonly port?: number | undefined;
  readonly webUiPort?: number | undefined;
  /** Further `key=value` settings of the server. */
  readonly dynamicConfig?: readonly string[] | undefined;
}

/** Chooses ports and puts the command line together. */
export async function planTemporalServer({
  program,
  stateDirectory,
  logDirectory,
  environment,
  port: wanted = DEFAULT_PORT,
  webUiPort = DEFAULT_WEB_UI_PORT,
  dynamicConfig = [],
}: TemporalServerOptions): Promise<TemporalServerPlan> {
  const port = await freePort(wanted);
  const uiPort = await freePort(webUiPort, [port]);
  const address = `${HOST}:${port}`;
  // In place of the user's own configuration file, whose address, keys and certificates belong to another server.
  const configFile = configFileIn(stateDirectory);
  writeFileSync(configFile, `[profile.default]\naddress = "${address}"\nnamespace = "${NAMESPACE}"\n`);
  return {
    process: {
      name: 'temporal',
      command: program,
      args: temporalServerArguments({
        port,
        uiPort,
        databaseFile: join(stateDirectory, 'temporal.db'),
        logLevel: 'warn',
        dynamicConfig,
      }),
      env: withoutTemporalSettings(environment),
      cwd: stateDirectory,
      logFile: join(logDirectory, 'temporal-server.log'),
    },
    address,
    webUi: `http://${HOST}:${uiPort}`,
    ports: [port, uiPort],
    stepped:
      [describePortChange('Temporal', wanted, port), describePortChange('the Web UI', webUiPort, uiPort)]
        .filter((line) => line !== undefined)
        .join('\n') || undefined,
    environment: leadingTo(address, stateDirectory, environment),
  };
}

export interface TemporalServerSettings {
  readonly port: number;
  /** Default: no Web UI. */
  readonly uiPort?: number;
  /** Keeps the state; default: in memory. */
  readonly databaseFile?: string | undefined;
  readonly logLevel: 'warn' | 'error';
  /** Further `key=value` settings of the server. */
  readonly dynamicConfig?: readonly string[];
  /** Types by name; default: those of the runs. */
  readonly searchAttributes?: Readonly<Record<string, string>>;
}

/** Returns the arguments with which `temporal` is a development server. */
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

/** The environment in which a client finds the Temporal server of a stack that runs in another process. */
export function clientEnvironment(
  { temporal }: StackRecord,
  stateDirectory: string,
  environment: NodeJS.ProcessEnv,
): NodeJS.ProcessEnv {
  return temporal.own ? environment : { ...environment, ...leadingTo(temporal.address, stateDirectory, environment) };
}

/** Returns whether a Temporal server answers at the address for the environment's namespace. */
export async function answers(address: string, environment: NodeJS.ProcessEnv): Promise<boolean> {
  // A refused gRPC connection is tried again after a second only: knock first.
  if (!(await isListening(address))) return false;
  try {
    const { connection } = await connectClient(environment);
    await connection.close();
    return true;
  } catch {
    return false;
  }
}

/** Returns whether a worker whose identity begins so polls the queue. */
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

/** temporal.api.enums.v1.TaskQueueType */
const TASK_QUEUE_TYPES = { workflow: 1, activity: 2 } as const;

function leadingTo(address: string, stateDirectory: string, environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return {
    ...cleared(environment),
    TEMPORAL_ADDRESS: address,
    TEMPORAL_NAMESPACE: NAMESPACE,
    TEMPORAL_CONFIG_FILE: configFileIn(stateDirectory),
  };
}

function configFileIn(stateDirectory: string): string {
  return join(stateDirectory, 'temporal.toml');
}

/** The environment without anything that leads a Temporal client or server elsewhere. */
function withoutTemporalSettings(environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return { ...environment, ...cleared(environment) };
}

function cleared(environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(
    Object.keys(environment)
      .filter((name) => name.startsWith('TEMPORAL_'))
      .map((name) => [name, undefined]),
  );
}
