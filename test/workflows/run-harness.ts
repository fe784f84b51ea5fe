/**
 * Runs the project's workflows on a real Temporal server with workers in this process and stand-in activities.
 */
import { join } from 'node:path';
import { Client, Connection } from '@temporalio/client';
import { DefaultLogger, NativeConnection, Runtime, Worker } from '@temporalio/worker';
import { keepAlive } from '../../workers/processes/keep-alive.ts';
import { LOCAL } from '../../workers/processes/places.mjs';
import * as bundling from '../../workers/processes/workflow-bundle.ts';
import { whileWorking } from '../running-workers.ts';
import { startTemporalServer } from '../temporal-server.ts';
import type { StandIns } from './stand-ins.ts';

Runtime.install({ logger: new DefaultLogger('ERROR') });

/** Returns the bundle that orchestrators of this clone run. All test processes share it: it takes seconds to make. */
export async function workflowBundle(): Promise<{ readonly codePath: string }> {
  return bundling.workflowBundle(join(LOCAL, 'cache'));
}

export interface Harness {
  readonly client: Client;
  readonly address: string;
  /** Runs `test` while workers for the queue serve it with these activities. */
  readonly withWorkers: <T>(taskQueue: string, activities: StandIns, test: () => Promise<T>) => Promise<T>;
  readonly stop: () => Promise<void>;
}

/** Starts a server of the test's own. */
export async function startHarness(dynamicConfig: readonly string[] = []): Promise<Harness> {
  const [server, workflows] = await Promise.all([startTemporalServer(dynamicConfig), workflowBundle()]);
  const native = await NativeConnection.connect({ address: server.address });
  const connection = await Connection.connect({ address: server.address });
  return {
    client: new Client({ connection }),
    address: server.address,
    withWorkers: async (taskQueue, activities, test) => {
      const orchestrator = await Worker.create({
        connection: native,
        taskQueue,
        workflowBundle: workflows,
        activities: { ...activities },
        interceptors: { activity: [keepAlive] },
      });
      const trainer = await Worker.create({
        connection: native,
        taskQueue: `${taskQueue}-trainers`,
        activities: { ...activities },
      });
      return whileWorking([orchestrator, trainer], test);
    },
    stop: async () => {
      await connection.close();
      await native.close();
      await server.stop();
    },
  };
}
