/**
 * Provides a stack to run on: the one that is already running, else one that this process starts and stops.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { join } from 'node:path';
import { UserError } from '../processes/user-error.ts';
import { StackAlreadyRuns, startStack } from './local-stack.ts';
import type { StackOptions } from './options.ts';
import { LOCAL } from '../processes/places.mjs';
import { findRunningStack, isStackRunning } from './running-stack.ts';
import type { StackRecord } from './running-stack.ts';
import { ownEndpoint, wantedServers } from './servers.ts';
import { clientEnvironment } from './temporal-server.ts';

export interface JoinedStack {
  readonly record: StackRecord;
  /** Environment in which a client finds its Temporal server. */
  readonly environment: NodeJS.ProcessEnv;
  /** True if this process started the stack and must stop it. */
  readonly startedHere: boolean;
  /** Resolves when the stack of another process has ended. Never resolves if the stack was started here. */
  readonly gone: Promise<void>;
  /** Stops the stack if it was started here. */
  readonly leave: () => Promise<void>;
}

const STARTING_ELSEWHERE_TIMEOUT_MS = 120_000;
const WATCH_INTERVAL_MS = 1_000;

/**
 * Returns the stack in the directory of the options. Returns undefined if the interruption comes first; then no process
 * of the stack is left running.
 *
 * @throws UserError if it cannot be started, or if the running stack does not match the options
 */
export async function joinStack(options: StackOptions, interruption: Promise<void>): Promise<JoinedStack | undefined> {
  const { environment: inherited = process.env, directory = LOCAL } = options;
  const stateDirectory = join(directory, 'state');
  const abandoned = new AbortController();
  void interruption.then(() => abandoned.abort());
  try {
    const stack = await startStack({ ...options, abandoned: abandoned.signal });
    return {
      record: stack,
      environment: stack.environment,
      startedHere: true,
      gone: new Promise(() => undefined),
      leave: stack.stop,
    };
  } catch (error) {
    if (abandoned.signal.aborted) return undefined;
    if (!(error instanceof StackAlreadyRuns)) throw error;
    const record = await findRunningStack(stateDirectory, STARTING_ELSEWHERE_TIMEOUT_MS);
    // The other stack has ended in the meantime.
    if (record === undefined) return joinStack(options, interruption);
    requireMatch(record, options, inherited);
    return {
      record,
      environment: clientEnvironment(record, stateDirectory, inherited),
      startedHere: false,
      gone: waitUntilGone(stateDirectory),
      leave: async () => undefined,
    };
  }
}

/** @throws UserError if the running stack does not match the options */
function requireMatch(
  { threads, tasks, queue, trainers, pid, temporal, s3 }: StackRecord,
  wanted: StackOptions,
  environment: NodeJS.ProcessEnv,
): void {
  const advice = `stop it (process ${pid}) and start again`;
  if (wanted.threads !== undefined && wanted.threads !== threads)
    throw new UserError(
      `Cannot use the running stack: its trainers have ${threads} threads, but the specification needs ` +
        `${wanted.threads}; ${advice}`,
    );
  const missing = wanted.tasks?.find((file) => !tasks.includes(file));
  if (missing !== undefined)
    throw new UserError(`Cannot use the running stack: its trainers have no tasks from ${missing}; ${advice}`);
  if (wanted.queue !== undefined && wanted.queue !== queue)
    throw new UserError(`Cannot use the running stack: its task queue is ${queue}, not ${wanted.queue}; ${advice}`);
  if (wanted.trainers !== undefined && wanted.trainers !== trainers)
    throw new UserError(`Cannot use the running stack: it has ${trainers} trainers, not ${wanted.trainers}; ${advice}`);
  const servers = wantedServers(wanted, environment);
  requireServer(
    'Temporal',
    { own: temporal.own, address: temporal.address },
    {
      owner: servers.temporal,
      byOption: wanted.temporal !== undefined,
      address: environment['TEMPORAL_ADDRESS'] ?? null,
    },
    advice,
  );
  requireServer(
    'S3',
    { own: s3.own, address: s3.endpoint },
    { owner: servers.s3, byOption: wanted.s3 !== undefined, address: ownEndpoint(environment) },
    advice,
  );
}

interface UsedServer {
  /** True if the server is the user's own. */
  readonly own: boolean;
  readonly address: string | null;
}

interface WantedServer {
  readonly owner: 'local' | 'own';
  /** True if an option names the owner. */
  readonly byOption: boolean;
  readonly address: string | null;
}

/** Prevents that a run trains on another server than the user wants. */
function requireServer(name: string, used: UsedServer, wanted: WantedServer, advice: string): void {
  const uses =
    `Cannot use the running stack: it uses ${used.own ? 'your' : 'its own'} ${name}` +
    `${used.address === null ? '' : ` at ${used.address}`}`;
  if (wanted.owner === 'local') {
    if (used.own && wanted.byOption) throw new UserError(`${uses}, not a local one; ${advice}`);
    return;
  }
  // An environment that names the local stack's own address is a match: the stack prints that address for this use.
  const same = wanted.address ? wanted.address === used.address : used.own;
  if (!same) throw new UserError(`${uses}, not ${wanted.address ?? 'yours'}; ${advice}`);
}

async function waitUntilGone(stateDirectory: string): Promise<void> {
  while (await isStackRunning(stateDirectory)) await delay(WATCH_INTERVAL_MS);
}
