/**
 * A server process of a test's own, which ends with the test even if the test is killed.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { freePort } from '../workers/processes/ports.ts';
import { killGroup, spawnTiedToParent } from '../workers/processes/tied-process.ts';

const START_TIMEOUT_MS = 60_000;
const PROBE_INTERVAL_MS = 20;
/** A server that does not end by itself would hold up the tests until their time is over. */
const GRACE_MS = 10_000;
/** Ports that are tried. */
const ATTEMPTS = 3;

export interface ServerProcess {
  readonly pid: number;
  /** Sends the signal, kills the process if it has not ended 10 s later, and waits for the end. */
  readonly end: (signal: NodeJS.Signals) => Promise<void>;
}

/** A server that ended before it answered. */
class ServerEnded extends Error {}

/**
 * Starts a server on a free port. Another test may take the port, or one that the server takes besides, before the
 * server does; then the server ends and is started on another one.
 */
export async function startOnFreePort(start: (port: number) => Promise<ServerProcess>): Promise<{
  readonly port: number;
  readonly server: ServerProcess;
}> {
  for (let attempt = 1; ; attempt++) {
    const port = await freePort();
    try {
      return { port, server: await start(port) };
    } catch (error) {
      if (!(error instanceof ServerEnded) || attempt === ATTEMPTS) throw error;
    }
  }
}

/** Starts a server and waits until it answers. @throws Error if it ends first or takes longer than a minute */
export async function startServerProcess(
  { command, args, env = {} }: { command: string; args: readonly string[]; env?: Readonly<Record<string, string>> },
  answers: () => Promise<boolean>,
): Promise<ServerProcess> {
  const server = spawnTiedToParent(command, args, { env: { ...process.env, ...env }, cwd: '/', output: 'ignore' });
  const { pid } = server;
  if (pid === undefined) throw new Error(`Cannot start ${command}`);
  const ended = new Promise<void>((resolve) => server.once('exit', () => resolve()));
  const end = async (signal: NodeJS.Signals): Promise<void> => {
    server.kill(signal);
    const killed = setTimeout(() => killGroup(pid), GRACE_MS);
    await ended;
    clearTimeout(killed);
    killGroup(pid);
  };
  const deadline = Date.now() + START_TIMEOUT_MS;
  while (!(await answers())) {
    if (server.exitCode !== null || server.signalCode !== null)
      throw new ServerEnded(`Cannot start ${command}: it ended with ${server.exitCode ?? server.signalCode}`);
    if (Date.now() > deadline) {
      await end('SIGKILL');
      throw new Error(`Cannot start ${command}: it does not answer within ${START_TIMEOUT_MS / 1000} s`);
    }
    await delay(PROBE_INTERVAL_MS);
  }
  return { pid, end };
}
