/**
 * The orchestrator: runs the workflow tasks and the light activities of all runs on its task queue.
 */
import { join } from 'node:path';
import { Client } from '@temporalio/client';
import { Worker } from '@temporalio/worker';
import { ObjectStore } from '../activities/storage/object-store.ts';
import { createOrchestrationActivities } from '../activities/orchestration.ts';
import { readOptions } from './processes/command-line.ts';
import { keepAlive } from './processes/keep-alive.ts';
import { runProcess } from './processes/user-error.ts';
import { LOCAL } from './processes/places.mjs';
import { requireSearchAttributes } from './processes/search-attributes.ts';
import { limitConcurrency } from './processes/limit-concurrency.ts';
import { connectWorker } from './processes/temporal-connection.ts';
import { workerIdentity } from './processes/worker-identity.ts';
import { decisionCode, workflowBundle } from './processes/workflow-bundle.ts';
import { storeSettings } from './processes/store-settings.ts';
import { HELP } from './commands/help.mjs';

await runProcess(async () => {
  const options = readOptions(
    { 'task-queue': { type: 'string', default: 'fire-pbt' }, cache: { type: 'string', default: join(LOCAL, 'cache') } },
    HELP.orchestrator,
  );
  const [temporal, bundle, buildId] = await Promise.all([
    connectWorker(),
    workflowBundle(options.cache),
    decisionCode(),
  ]);
  const { connection, namespace } = temporal;
  await requireSearchAttributes(temporal);
  const objects = new ObjectStore(storeSettings());
  const worker = await Worker.create({
    connection,
    namespace,
    identity: workerIdentity('orchestrator', process.pid),
    taskQueue: options['task-queue'],
    workflowBundle: bundle,
    // Temporal records the version with every workflow task. It identifies the code that decided a round.
    workerDeploymentOptions: {
      version: { deploymentName: 'fire-pbt', buildId },
      useWorkerVersioning: false,
    },
    activities: { ...createOrchestrationActivities({ objects, client: new Client({ connection, namespace }) }) },
    // The watchdog of each run occupies one slot until the run ends. The SDK's default of 100 would leave no slot for
    // other activities at a hundred runs. Beyond 2,000 runs, start another orchestrator.
    maxConcurrentActivityTaskExecutions: 2_000,
    // This order keeps the heartbeats going while an activity waits for its turn.
    interceptors: { activity: [keepAlive, limitConcurrency()] },
    // If this process is killed, its workflows wait this long before another orchestrator takes them over.
    stickyQueueScheduleToStartTimeout: '5s',
    shutdownGraceTime: '3s',
    shutdownForceTime: '10s',
  });
  await worker.run();
  await objects.close();
  await connection.close();
  return 0;
});
