/**
 * A real Temporal server of a test's own: on a free port, in memory unless the test has a file for it, gone with the
 * test.
 */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { Connection } from '@temporalio/client';
import { SEARCH_ATTRIBUTE_TYPES } from '../workflows/run/search-attributes.ts';

export interface TestServer {
  readonly address: string;
  readonly stop: () => Promise<void>;
  /** Ends it as kill -9 does; what is in its file stays. */
  readonly kill: () => Promise<void>;
}

export interface TestServerOptions {
  readonly port?: number;
  /** Keeps its state, for a server that is to come back after its end. */
  readonly databaseFile?: string;
  /** Types by name; default: those of the runs. */
  readonly searchAttributes?: Readonly<Record<string, string>>;
}

/** Path of the Temporal CLI: the one that set-up installed, else the one on the PATH. */
export function temporalCommand(): string {
  const installed = fileURLToPath(new URL('../.local/bin/temporal', import.meta.url));
  return existsSync(installed) ? installed : 'temporal';
}

/**
 * Starts a server and waits until it answers; `dynamicConfig` are `key=value` settings such as
 * `limit.historyCount.suggestContinueAsNew=40`.
 */
export async function startTemporalServer(
  dynamicConfig: readonly string[] = [],
  { port: wanted, databaseFile, searchAttributes = SEARCH_ATTRIBUTE_TYPES }: TestServerOptions = {},
): Promise<TestServer> {
  const port = wanted ?? (await freePort());
  const address = `127.0.0.1:${port}`;
  const settings = [
    ...dynamicConfig.flatMap((setting) => ['--dynamic-config-value', setting]),
    ...(databaseFile === undefined ? [] : ['--db-filename', databaseFile]),
    ...Object.entries(searchAttributes).flatMap(([name, type]) => ['--search-attribute', `${name}=${type}`]),
  ];
  const server = spawn(
    temporalCommand(),
    ['server', 'start-dev', '--headless', '--port', String(port), '--log-level', 'error', ...settings],
    { stdio: 'ignore' },
  );
  const ended = new Promise<void>((resolve) => server.once('exit', () => resolve()));
  const died = ended.then((): never => {
    throw new Error(`Temporal server on ${address} ended with code ${server.exitCode}`);
  });
  const connection = await Promise.race([connected(address), died]);
  died.catch(() => undefined);
  await connection.close();
  const endBy = (signal: NodeJS.Signals) => async (): Promise<void> => {
    server.kill(signal);
    await ended;
  };
  return { address, stop: endBy('SIGTERM'), kill: endBy('SIGKILL') };
}

async function connected(address: string): Promise<Connection> {
  for (;;) {
    try {
      const connection = await Connection.connect({ address, connectTimeout: '2s' });
      await connection.workflowService.describeNamespace({ namespace: 'default' });
      return connection;
    } catch {
      // Not listening yet, or its namespace is not there yet.
    }
  }
}

/** A port that nothing listens on now. */
export async function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once('error', reject);
    probe.listen(0, '127.0.0.1', () => {
      const { port } = probe.address() as AddressInfo;
      probe.close(() => resolve(port));
    });
  });
}
