/**
 * A stack to run on: the one that is running already, else one that this process starts and ends.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { join } from 'node:path';
import { UserError } from '../processes/user-error.ts';
import { StackAlreadyRuns, startStack } from './local-stack.ts';
import type { StackOptions } from './options.ts';
import { LOCAL } from '../processes/programs.ts';
import { findRunningStack, isHeld } from './running-stack.ts';
import type { StackRecord } from './running-stack.ts';
import { ownEndpoint, wantedServers } from './servers.ts';
import { clientEnvironment } from './temporal-server.ts';

export interface JoinedStack {
  readonly record: StackRecord;
  /** Environment in which a client finds its Temporal server. */
  readonly environment: NodeJS.ProcessEnv;
  /** This process started it and ends it. */
  readonly ours: boolean;
  /** Resolves when somebody else's stack has ended; never for one of ours. */
  readonly gone: Promise<void>;
  /** Ends the stack if it is ours. */
  readonly leave: () => Promise<void>;
}

const STARTING_ELSEWHERE_TIMEOUT_MS = 120_000;
const WATCH_INTERVAL_MS = 1_000;

/**
 * Returns the stack in the options' directory, or undefined where the interruption came first: then nothing is left
 * running.
 *
 * @throws UserError where it cannot be started, or the running one is not what was asked for
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
      ours: true,
      gone: new Promise(() => undefined),
      leave: stack.stop,
    };
  } catch (error) {
    if (abandoned.signal.aborted) return undefined;
    if (!(error instanceof StackAlreadyRuns)) throw error;
    const record = await findRunningStack(stateDirectory, STARTING_ELSEWHERE_TIMEOUT_MS);
    // It ended just now.
    if (record === undefined) return joinStack(options, interruption);
    requireFitting(record, options, inherited);
    return {
      record,
      environment: clientEnvironment(record, stateDirectory, inherited),
      ours: false,
      gone: waitUntilGone(stateDirectory),
      leave: async () => undefined,
    };
  }
}

function requireFitting(
  { threads, queue, trainers, pid, temporal, s3 }: StackRecord,
  wanted: StackOptions,
  environment: NodeJS.ProcessEnv,
): void {
  const advice = `end it (process ${pid}) and start again`;
  if (wanted.threads !== undefined && wanted.threads !== threads)
    throw new UserError(
      `Cannot use the running stack: its trainers have ${threads} threads, the specification says ` +
        `${wanted.threads}; ${advice}`,
    );
  if (wanted.queue !== undefined && wanted.queue !== queue)
    throw new UserError(`Cannot use the running stack: its task queue is ${queue}, not ${wanted.queue}; ${advice}`);
  if (wanted.trainers !== undefined && wanted.trainers !== trainers)
    throw new UserError(`Cannot use the running stack: it has ${trainers} trainers, not ${wanted.trainers}; ${advice}`);
  const servers = wantedServers(wanted, environment);
  requireServer(
    'Temporal',
    { own: temporal.own, at: temporal.address },
    { whose: servers.temporal, asked: wanted.temporal !== undefined, at: environment['TEMPORAL_ADDRESS'] ?? null },
    advice,
  );
  requireServer(
    'S3',
    { own: s3.own, at: s3.endpoint },
    { whose: servers.s3, asked: wanted.s3 !== undefined, at: ownEndpoint(environment) },
    advice,
  );
}

interface UsedServer {
  /** The user's own. */
  readonly own: boolean;
  readonly at: string | null;
}

interface WantedServer {
  readonly whose: 'local' | 'own';
  /** By an option. */
  readonly asked: boolean;
  readonly at: string | null;
}

/** A run that is meant for one server must not be trained on another. */
function requireServer(what: string, used: UsedServer, wanted: WantedServer, advice: string): void {
  const uses =
    `Cannot use the running stack: it uses ${used.own ? 'your' : 'its own'} ${what}` +
    `${used.at === null ? '' : ` at ${used.at}`}`;
  if (wanted.whose === 'local') {
    if (used.own && wanted.asked) throw new UserError(`${uses}, not one of its own; ${advice}`);
    return;
  }
  // The local stack's own address is what it tells people to use.
  const same = wanted.at ? wanted.at === used.at : used.own;
  if (!same) throw new UserError(`${uses}, not ${wanted.at ?? 'yours'}; ${advice}`);
}

async function waitUntilGone(stateDirectory: string): Promise<void> {
  while (await isHeld(stateDirectory)) await delay(WATCH_INTERVAL_MS);
}
