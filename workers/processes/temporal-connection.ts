/**
 * Connects this process to its Temporal server. The SDK's environment configuration names the server:
 * TEMPORAL_ADDRESS, TEMPORAL_NAMESPACE, TEMPORAL_API_KEY, TEMPORAL_TLS_…, TEMPORAL_PROFILE and the configuration file.
 */
import { Client, Connection } from '@temporalio/client';
import { loadClientConnectConfig } from '@temporalio/envconfig';
import type { ClientConnectConfig } from '@temporalio/envconfig';
import { NativeConnection } from '@temporalio/worker';
import { UserError, reasonOf } from './user-error.ts';

const CONNECT_TIMEOUT = '5s';
const DEFAULT_ADDRESS = 'localhost:7233';

export interface TemporalConnection<C> {
  readonly connection: C;
  readonly address: string;
  readonly namespace: string;
}

/**
 * Connects a worker.
 *
 * @throws UserError if the configuration cannot be read, or the server or its namespace cannot be reached
 */
export async function connectWorker(
  environment: NodeJS.ProcessEnv = process.env,
): Promise<TemporalConnection<NativeConnection>> {
  const { connectionOptions, namespace, address } = readConfiguration(environment);
  return connectTo(address, namespace, async () => {
    const connection = await NativeConnection.connect(connectionOptions);
    await connection.workflowService.describeNamespace({ namespace });
    return { connection, address, namespace };
  });
}

/**
 * Connects a client.
 *
 * @throws UserError as connectWorker does
 */
export async function connectClient(
  environment: NodeJS.ProcessEnv = process.env,
): Promise<TemporalConnection<Connection> & { readonly client: Client }> {
  const { connectionOptions, namespace, address } = readConfiguration(environment);
  return connectTo(address, namespace, async () => {
    const connection = await Connection.connect({
      ...connectionOptions,
      connectTimeout: CONNECT_TIMEOUT,
      // No proxy leads to a server on this machine. A worker's connection uses none anyway.
      ...(isLoopback(address) ? { channelArgs: { 'grpc.enable_http_proxy': 0 } } : {}),
    });
    try {
      await connection.workflowService.describeNamespace({ namespace });
      return { connection, client: new Client({ connection, namespace }), address, namespace };
    } catch (error) {
      await connection.close();
      throw error;
    }
  });
}

function isLoopback(address: string): boolean {
  return /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])(:\d+)?$/.test(address);
}

function readConfiguration(
  environment: NodeJS.ProcessEnv,
): ClientConnectConfig & { readonly namespace: string; readonly address: string } {
  const overrideEnvVars = Object.fromEntries(
    Object.entries(environment).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])),
  );
  try {
    const { connectionOptions, namespace = 'default' } = loadClientConnectConfig({ overrideEnvVars });
    return { connectionOptions, namespace, address: connectionOptions.address ?? DEFAULT_ADDRESS };
  } catch (error) {
    throw new UserError(`Cannot read the Temporal configuration: ${reasonOf(error)}`, { cause: error });
  }
}

/** Calls `connect` and names the server in its error message. */
async function connectTo<T>(address: string, namespace: string, connect: () => Promise<T>): Promise<T> {
  try {
    return await connect();
  } catch (error) {
    throw new UserError(
      `Cannot connect to Temporal at ${address}, namespace ${namespace}: ${reasonOf(error)} (set ` +
        `TEMPORAL_ADDRESS and TEMPORAL_NAMESPACE, or use a profile)`,
      { cause: error },
    );
  }
}
