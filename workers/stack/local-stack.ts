/**
 * The local stack: a Temporal server, an S3 server, an orchestrator and trainers, as one thing that is started and
 * stopped. Each of the two servers can be the user's own instead. State stays on disk: unfinished runs continue at the
 * next start.
 */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Connection } from '@temporalio/client';
import { LOCAL } from '../processes/programs.ts';
import { requireSearchAttributes } from '../processes/search-attributes.ts';
import { connectClient } from '../processes/temporal-connection.ts';
import type { TemporalConnection } from '../processes/temporal-connection.ts';
import { UserError } from '../processes/user-error.ts';
import { chooseDevices } from './devices.ts';
import { checkOwnStorage } from './object-server.ts';
import type { StackOptions } from './options.ts';
import { takeHold } from './running-stack.ts';
import type { Hold, StackRecord } from './running-stack.ts';
import { startServers } from './servers.ts';
import { StackProcesses } from './stack-processes.ts';
import { startWorkers } from './workers.ts';

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

/** Another process runs a stack in the directory. */
export class StackAlreadyRuns extends UserError {}

/**
 * Starts the stack and resolves when every part of it answers.
 *
 * @throws StackAlreadyRuns if another process has one in the same directory
 * @throws UserError if a part cannot be started or reached; what was started is ended again
 */
export async function startStack(options: StackOptions = {}): Promise<LocalStack> {
  const { directory = LOCAL, abandoned } = options;
  const hold = await takeHold(join(directory, 'state'));
  if (hold === undefined) throw new StackAlreadyRuns(`Cannot start the stack: it is already running in ${directory}`);
  const starting = new StartingStack(options, directory, hold);
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

/** A stack from its first process to its end. */
class StartingStack {
  readonly #options: StackOptions;
  readonly #hold: Hold;
  readonly #stateDirectory: string;
  readonly #logDirectory: string;
  readonly #processes: StackProcesses;
  #connected: TemporalConnection<Connection> | undefined;
  #stopping: Promise<void> | undefined;

  constructor(options: StackOptions, directory: string, hold: Hold) {
    this.#options = options;
    this.#hold = hold;
    this.#stateDirectory = join(directory, 'state');
    this.#logDirectory = join(directory, 'log');
    this.#processes = new StackProcesses(this.#stateDirectory, options.say ?? (() => undefined), options.abandoned);
  }

  async start(): Promise<LocalStack> {
    const {
      queue = 'fire-pbt',
      threads = 1,
      environment: inherited = process.env,
      bucket = 'fire-pbt',
    } = this.#options;
    const [stateDirectory, logDirectory] = [this.#stateDirectory, this.#logDirectory];
    mkdirSync(logDirectory, { recursive: true });
    await this.#processes.clearLeftovers();
    const places = { stateDirectory, logDirectory, environment: inherited };
    const { temporal, s3, environment } = await startServers(this.#options, places, this.#processes);
    const connected = (this.#connected = await connectClient(environment));
    if (temporal.own) await requireSearchAttributes(connected);
    if (s3.own) await checkOwnStorage(bucket, environment);
    const devices = chooseDevices(this.#options.trainers, threads, inherited);
    await startWorkers(connected, { queue, threads, devices, logDirectory, environment }, this.#processes);
    const { address, namespace } = connected;
    const record: StackRecord = {
      pid: process.pid,
      queue,
      trainers: devices.length,
      threads,
      temporal: { address, namespace, ...temporal },
      s3,
    };
    this.#options.abandoned?.throwIfAborted();
    this.#hold.publish(record);
    return {
      ...record,
      environment,
      parts: this.#processes.names,
      kill: (part) => this.#processes.named(part).kill(),
      processId: (part) => this.#processes.named(part).pid,
      stop: () => this.stop(),
    };
  }

  /** Ends everything, workers first; a second call while the first is under way kills what is left. */
  async stop(): Promise<void> {
    if (this.#stopping) this.#processes.kill();
    return this.end();
  }

  /** The same, but lets an end that is under way take its time. */
  async end(): Promise<void> {
    this.#stopping ??= this.#end();
    return this.#stopping;
  }

  async #end(): Promise<void> {
    await this.#processes.stopWorkers();
    await this.#connected?.connection.close();
    await this.#processes.stopServers();
    await this.#hold.release();
  }
}
