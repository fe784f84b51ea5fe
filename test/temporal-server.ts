/**
 * A real Temporal server of a test's own: in memory, on a free port, gone with the test.
 */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { Connection } from '@temporalio/client';
import { SEARCH_ATTRIBUTE_TYPES } from '../workflows/search-attributes.ts';

export interface TestServer {
  readonly address: string;
  readonly stop: () => Promise<void>;
}

/** Path of the Temporal CLI: the one that set-up installed, else the one on the PATH. */
export function temporalCommand(): string {
  const installed = fileURLToPath(new URL('../.local/bin/temporal', import.meta.url));
  return existsSync(installed) ? installed : 'temporal';
}

/** Starts a server and waits until it answers; `dynamicConfig` are `key=value` settings such as `limit.historyCount.suggestContinueAsNew=40`; it has the runs' search attributes unless told otherwise. */
export async function startTemporalServer(dynamicConfig: readonly string[] = [], { searchAttributes = true } = {}): Promise<TestServer> {
  const port = await freePort();
  const address = `127.0.0.1:${port}`;
  const attributes = Object.entries(SEARCH_ATTRIBUTE_TYPES).flatMap(([name, type]) => ['--search-attribute', `${name}=${type}`]);
  const settings = dynamicConfig.flatMap((setting) => ['--dynamic-config-value', setting]);
  const server = spawn(temporalCommand(), ['server', 'start-dev', '--headless', '--port', String(port), '--log-level', 'error', ...settings, ...(searchAttributes ? attributes : [])], { stdio: 'ignore' });
  const ended = new Promise<void>((resolve) => server.once('exit', () => resolve()));
  const died = ended.then((): never => {
    throw new Error(`Temporal server on ${address} ended with code ${server.exitCode}`);
  });
  const connection = await Promise.race([connected(address), died]);
  died.catch(() => undefined);
  await connection.close();
  return {
    address,
    stop: async () => {
      server.kill('SIGTERM');
      await ended;
    },
  };
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
