/**
 * The local stack: a Temporal server, an S3 server, an orchestrator and trainers, as one thing that is started and
 * stopped. Each of the two servers can be the user's own instead. State stays on disk: what was running goes on at the
 * next start.
 */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Connection } from '@temporalio/client';
import { trainerTaskQueue } from '../../workflows/population/names.ts';
import { UserError } from '../processes/user-error.ts';
import { requireSearchAttributes } from '../processes/search-attributes.ts';
import { connectClient } from '../processes/temporal-connection.ts';
import type { TemporalConnection } from '../processes/temporal-connection.ts';
import { workerIdentity } from '../processes/worker-identity.ts';
import { chooseDevices } from './devices.ts';
import * as objectServer from './object-server.ts';
import { findProgram, LOCAL, ROOT } from './programs.ts';
import { ProcessLedger, takeHold } from './running-stack.ts';
import type { StackRecord } from './running-stack.ts';
import { SupervisedProcess } from '../processes/supervised-process.ts';
import type { ProcessPlan } from '../processes/supervised-process.ts';
import * as temporalServer from './temporal-server.ts';

export interface StackOptions {
  /** State, logs and caches lie under it; default the checkout's `.local`. One stack per directory. */
  readonly directory?: string | undefined;
  /**
   * Default: `own` where the environment names one (TEMPORAL_ADDRESS, TEMPORAL_PROFILE; AWS_ENDPOINT_URL_S3,
   * AWS_ENDPOINT_URL), else `local`.
   */
  readonly temporal?: 'local' | 'own' | undefined;
  readonly s3?: 'local' | 'own' | undefined;
  /** Task queue of the workflows; default `fire-pbt`. */
  readonly queue?: string | undefined;
  /** Default: one per GPU, else one per core. */
  readonly trainers?: number | undefined;
  /** Threads of each trainer, which must be those of the specifications it serves; default 1. */
  readonly threads?: number | undefined;
  /** First choices: taken ones are stepped around. */
  readonly ports?: { readonly temporal?: number; readonly webUi?: number; readonly s3?: number };
  /** Bucket to ask for in S3 of one's own; default `fire-pbt`. */
  readonly bucket?: string | undefined;
  /** Further `key=value` settings of the Temporal server. */
  readonly dynamicConfig?: readonly string[];
  readonly environment?: NodeJS.ProcessEnv;
  /** Ends what was started so far, if it comes before the stack is ready. */
  readonly abandoned?: AbortSignal;
  /** Gets a line whenever there is something to tell; default: nobody does. */
  readonly say?: (line: string) => void;
}

export interface LocalStack extends StackRecord {
  /** Environment in which a client finds this stack's Temporal and S3; holds the S3 credentials. */
  readonly environment: NodeJS.ProcessEnv;
  /**
   * Names of the processes: `temporal`, `s3`, `orchestrator`, `trainer-0`, …; what is the user's own is not among them.
   */
  readonly parts: readonly string[];
  /** Kills a part with SIGKILL; it is started again. */
  readonly kill: (part: string) => void;
  /** Process id of a part; undefined while it is down. */
  readonly processId: (part: string) => number | undefined;
  /** Ends everything, workers first; a second call while the first is under way kills what is left. */
  readonly stop: () => Promise<void>;
}

/** Somebody else holds the directory. */
export class StackAlreadyRuns extends UserError {}

const SERVER_START_TIMEOUT_MS = 60_000;
const WORKER_START_TIMEOUT_MS = 180_000;
const WORKER_GRACE_MS = 20_000;
const SERVER_GRACE_MS = 8_000;
const LEFTOVER_GRACE_MS = 15_000;

/**
 * Starts the stack and resolves when every part of it answers.
 *
 * @throws StackAlreadyRuns where another process has one in the same directory
 * @throws UserError where a part cannot be started or reached; what was started is ended again
 */
export async function startStack(options: StackOptions = {}): Promise<LocalStack> {
  const {
    directory = LOCAL,
    queue = 'fire-pbt',
    threads = 1,
    environment: inherited = process.env,
    say = () => undefined,
  } = options;
  const stateDirectory = join(directory, 'state');
  const logDirectory = join(directory, 'log');
  mkdirSync(logDirectory, { recursive: true });
  const hold = await takeHold(stateDirectory);
  if (hold === undefined) throw new StackAlreadyRuns(`Cannot start the stack: it is already running in ${directory}`);

  const ledger = new ProcessLedger(stateDirectory);
  const processes: SupervisedProcess[] = [];
  let connected: TemporalConnection<Connection> | undefined;
  let stopping: Promise<void> | undefined;
  const abandon = (): void => void stop();
  options.abandoned?.addEventListener('abort', abandon);
  try {
    const left = await ledger.clearLeftovers(LEFTOVER_GRACE_MS);
    if (left.length > 0) say(`Ended what an earlier stack had left running: ${left.join(', ')}`);

    const servers = await startServers();
    const environment = { ...inherited, ...servers.temporal.environment, ...servers.s3.environment };
    connected = await connectClient(environment);
    if (servers.temporal.own) await requireSearchAttributes(connected);
    if (servers.s3.own) await objectServer.checkOwnStorage(options.bucket ?? 'fire-pbt', environment);
    const devices = chooseDevices(options.trainers, threads, inherited);
    await startWorkers(connected, environment, devices);

    const record: StackRecord = {
      pid: process.pid,
      queue,
      trainers: devices.length,
      threads,
      temporal: {
        address: connected.address,
        namespace: connected.namespace,
        webUi: servers.temporal.webUi,
        own: servers.temporal.own,
      },
      s3: {
        endpoint: servers.s3.endpoint,
        credentialsFile: servers.s3.credentialsFile,
        folder: servers.s3.folder,
        own: servers.s3.own,
      },
    };
    options.abandoned?.throwIfAborted();
    hold.publish(record);
    return {
      ...record,
      environment,
      parts: processes.map(({ name }) => name),
      kill: (part) => named(part).kill(),
      processId: (part) => named(part).pid,
      stop,
    };
  } catch (error) {
    // An abandoned start is being stopped already, which a second stop would make a kill of.
    await (stopping ?? stop());
    throw error;
  } finally {
    options.abandoned?.removeEventListener('abort', abandon);
  }

  function add(plan: ProcessPlan): SupervisedProcess {
    options.abandoned?.throwIfAborted();
    const one = new SupervisedProcess(plan, { say, changed: (name, pid) => ledger.note(name, pid) });
    processes.push(one);
    return one;
  }

  function named(part: string): SupervisedProcess {
    const found = processes.find(({ name }) => name === part);
    if (found === undefined)
      throw new Error(
        `Expected \`part\` to be one of ${processes.map(({ name }) => name).join(', ')}, got \`${part}\``,
      );
    return found;
  }

  async function startServers() {
    const places = { stateDirectory, logDirectory, environment: inherited };
    const own = { environment: {}, own: true } as const;
    const wanted = wantedServers(options, inherited);
    const temporalPlan =
      wanted.temporal === 'own'
        ? undefined
        : await temporalServer.planTemporalServer({
            ...places,
            program: findProgram('temporal', inherited),
            port: options.ports?.temporal,
            webUiPort: options.ports?.webUi,
            dynamicConfig: options.dynamicConfig,
          });
    const s3Plan =
      wanted.s3 === 'own'
        ? undefined
        : await objectServer.planObjectServer({
            ...places,
            program: findProgram('rclone', inherited),
            port: options.ports?.s3,
            takenPorts: temporalPlan?.ports ?? [],
          });
    for (const stepped of [temporalPlan?.stepped, s3Plan?.stepped]) if (stepped) say(stepped);
    const temporal = temporalPlan
      ? { environment: { ...temporalPlan.environment }, own: false, webUi: temporalPlan.webUi }
      : { ...own, webUi: null };
    const s3 = s3Plan
      ? {
          environment: { ...s3Plan.environment },
          own: false,
          endpoint: s3Plan.endpoint,
          credentialsFile: s3Plan.credentialsFile,
          folder: s3Plan.folder,
        }
      : { ...own, endpoint: ownEndpoint(inherited), credentialsFile: null, folder: null };
    await Promise.all([
      temporalPlan &&
        add(temporalPlan.process).start(
          () => temporalServer.answers(temporalPlan.address, { ...inherited, ...temporalPlan.environment }),
          SERVER_START_TIMEOUT_MS,
        ),
      s3Plan && add(s3Plan.process).start(() => objectServer.answers(s3Plan.endpoint), SERVER_START_TIMEOUT_MS),
    ]);
    return { temporal, s3 };
  }

  async function startWorkers(
    client: TemporalConnection<Connection>,
    environment: NodeJS.ProcessEnv,
    devices: readonly { readonly gpu: string | null }[],
  ): Promise<void> {
    const plan = (name: string, script: string, args: readonly string[], env: NodeJS.ProcessEnv): SupervisedProcess =>
      add({
        name,
        command: process.execPath,
        args: ['--import', 'tsx', join(ROOT, 'workers', script), '--task-queue', queue, ...args],
        env,
        cwd: ROOT,
        logFile: join(logDirectory, `${name}.log`),
      });
    const ready = (kind: 'workflow' | 'activity', name: string) => (pid: number) =>
      temporalServer.polls(
        client,
        kind === 'workflow' ? queue : trainerTaskQueue(queue),
        kind,
        workerIdentity(name, pid).replace(/\)$/, ''),
      );
    const orchestrator = plan('orchestrator', 'orchestrator.ts', ['--cache', join(LOCAL, 'cache')], environment);
    const trainers = devices.map(({ gpu }, number) =>
      plan(`trainer-${number}`, 'trainer.ts', ['--number', String(number), '--threads', String(threads)], {
        ...environment,
        ...(gpu === null ? {} : { CUDA_VISIBLE_DEVICES: gpu }),
      }),
    );
    await Promise.all([
      orchestrator.start(ready('workflow', 'orchestrator'), WORKER_START_TIMEOUT_MS),
      ...trainers.map((trainer) => trainer.start(ready('activity', trainer.name), WORKER_START_TIMEOUT_MS)),
    ]);
  }

  async function stop(): Promise<void> {
    if (stopping) {
      for (const one of processes) one.kill();
      return stopping;
    }
    stopping = (async () => {
      const isServer = ({ name }: SupervisedProcess): boolean => name === 'temporal' || name === 's3';
      await Promise.all(processes.filter((one) => !isServer(one)).map((one) => one.stop(WORKER_GRACE_MS)));
      await connected?.connection.close();
      await Promise.all(processes.filter(isServer).map((one) => one.stop(SERVER_GRACE_MS)));
      await hold?.release();
    })();
    return stopping;
  }
}

/** Whose servers are asked for: by options, else the user's own where the environment names them. */
export function wantedServers(
  { temporal, s3 }: Pick<StackOptions, 'temporal' | 's3'>,
  environment: NodeJS.ProcessEnv,
): { readonly temporal: 'local' | 'own'; readonly s3: 'local' | 'own' } {
  return {
    temporal: temporal ?? whose(environment, ['TEMPORAL_ADDRESS', 'TEMPORAL_PROFILE']),
    s3: s3 ?? whose(environment, ['AWS_ENDPOINT_URL_S3', 'AWS_ENDPOINT_URL']),
  };
}

function whose(environment: NodeJS.ProcessEnv, variables: readonly string[]): 'local' | 'own' {
  return variables.some((variable) => (environment[variable] ?? '') !== '') ? 'own' : 'local';
}

/** The user's own S3, where the environment names it. */
export function ownEndpoint(environment: NodeJS.ProcessEnv): string | null {
  return environment['AWS_ENDPOINT_URL_S3'] ?? environment['AWS_ENDPOINT_URL'] ?? null;
}
