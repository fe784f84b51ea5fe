/**
 * Starts and stops the local stack: a Temporal server, an S3 server, an orchestrator, trainers, and the pages of the
 * runs. Each of the two servers can be the user's own instead. The state stays on disk, so unfinished runs resume at
 * the next start.
 */
import { join } from 'node:path';
import { makeDirectory } from '../processes/directories.ts';
import { LOCAL } from '../processes/places.mjs';
import { requireSearchAttributes } from '../processes/search-attributes.ts';
import { checkTasks } from '../own-tasks/options.ts';
import { ClaimedPorts } from '../processes/ports.ts';
import { connectClient } from '../processes/temporal-connection.ts';
import { UserError } from '../processes/user-error.ts';
import { chooseDevices } from './devices.ts';
import { checkOwnStorage } from './object-server.ts';
import { DEFAULT_QUEUE, type StackOptions } from './options.ts';
import { lockStack } from './running-stack.ts';
import type { StackLock, StackRecord } from './running-stack.ts';
import { startServers } from './servers.ts';
import { startPages } from './stack-pages.ts';
import type { StackPages } from './stack-pages.ts';
import { StackProcesses } from './stack-processes.ts';
import { startWorkers } from './workers.ts';

export interface LocalStack extends StackRecord {
  /** Environment in which a client finds this stack's Temporal and S3; holds the S3 credentials. */
  readonly environment: NodeJS.ProcessEnv;
  /** Names of the processes: `temporal`, `s3`, `orchestrator`, `trainer-0`, …; without the user's own servers. */
  readonly parts: readonly string[];
  /** Kills a part with SIGKILL; the stack restarts it. */
  readonly kill: (part: string) => void;
  /** Process id of a part; undefined while it is down. */
  readonly processId: (part: string) => number | undefined;
  /** Stops the workers, then the servers. A second call during the first one kills the remaining processes. */
  readonly stop: () => Promise<void>;
}

/** Error: another process already runs a stack in the directory. */
export class StackAlreadyRuns extends UserError {}

/**
 * Starts the stack and resolves when every part of it answers.
 *
 * @throws StackAlreadyRuns if another process runs a stack in the same directory
 * @throws UserError if a part cannot be started or reached; the parts that were started are stopped again
 */
export async function startStack(options: StackOptions = {}): Promise<LocalStack> {
  const { directory = LOCAL, abandoned } = options;
  const lock = await lockStack(join(directory, 'state'));
  if (lock === undefined) throw new StackAlreadyRuns(`Cannot start the stack: it is already running in ${directory}`);
  const starting = new StartingStack(options, directory, lock);
  const abandon = (): void => void starting.stop();
  abandoned?.addEventListener('abort', abandon);
  try {
    return await starting.start();
  } catch (error) {
    await starting.end();
    throw error;
  } finally {
    abandoned?.removeEventListener('abort', abandon);
  }
}

/** Runs the parts of a stack, from the first process to its end. */
class StartingStack {
  readonly #options: StackOptions;
  readonly #lock: StackLock;
  readonly #stateDirectory: string;
  readonly #logDirectory: string;
  readonly #processes: StackProcesses;
  readonly #ports = new ClaimedPorts();
  #connected: Awaited<ReturnType<typeof connectClient>> | undefined;
  #pages: Promise<StackPages> | undefined;
  #stopping: Promise<void> | undefined;

  constructor(options: StackOptions, directory: string, lock: StackLock) {
    this.#options = options;
    this.#lock = lock;
    this.#stateDirectory = join(directory, 'state');
    this.#logDirectory = join(directory, 'log');
    this.#processes = new StackProcesses(this.#stateDirectory, options.say ?? (() => undefined), options.abandoned);
  }

  async start(): Promise<LocalStack> {
    const {
      queue = DEFAULT_QUEUE,
      threads = 1,
      environmentThreads = 1,
      tasks = [],
      environment: inherited = process.env,
      bucket = 'fire-pbt',
    } = this.#options;
    const [stateDirectory, logDirectory] = [this.#stateDirectory, this.#logDirectory];
    await checkTasks(tasks);
    makeDirectory(logDirectory, 'the logs of a stack');
    await this.#processes.stopLeftovers();
    const places = { stateDirectory, logDirectory, environment: inherited, ports: this.#ports };
    const { temporal, s3, environment } = await startServers(this.#options, places, this.#processes);
    const connected = (this.#connected = await connectClient(environment));
    if (temporal.own) await requireSearchAttributes(connected);
    if (s3.own) await checkOwnStorage(bucket, environment);
    const devices = chooseDevices(this.#options.trainers, threads, inherited);
    const plan = { queue, threads, environmentThreads, tasks, devices, logDirectory, environment };
    await startWorkers(connected, plan, this.#processes);
    this.#options.abandoned?.throwIfAborted();
    const { client } = connected;
    this.#pages = startPages({ client, s3, bucket, port: this.#options.ports?.pages });
    const pages = await this.#pages;
    if (pages.portChange !== undefined) this.#options.say?.(pages.portChange);
    const { address, namespace } = connected;
    const record: StackRecord = {
      pid: process.pid,
      queue,
      trainers: devices.length,
      threads,
      tasks,
      temporal: { address, namespace, ...temporal },
      s3,
      pages: pages.address,
    };
    this.#options.abandoned?.throwIfAborted();
    this.#lock.publish(record);
    return {
      ...record,
      environment,
      parts: this.#processes.names,
      kill: (part) => this.#processes.get(part).kill(),
      processId: (part) => this.#processes.get(part).pid,
      stop: () => this.stop(),
    };
  }

  /** Stops the workers, then the servers. A second call during the first one kills the remaining processes. */
  async stop(): Promise<void> {
    if (this.#stopping) this.#processes.kill();
    return this.end();
  }

  /** Does the same, but a second call only waits for the first one. */
  async end(): Promise<void> {
    this.#stopping ??= this.#end();
    return this.#stopping;
  }

  async #end(): Promise<void> {
    const pages = await this.#pages?.catch(() => undefined);
    await pages?.stop();
    await this.#processes.stopWorkers();
    await this.#connected?.connection.close();
    await this.#processes.stopServers();
    this.#ports.release();
    await this.#lock.release();
  }
}
