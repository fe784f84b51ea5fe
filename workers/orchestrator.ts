/**
 * The orchestrator: workflow tasks and the light activities of every run on its task queue.
 */
import { Client } from '@temporalio/client';
import { Worker } from '@temporalio/worker';
import { ObjectStore } from '../activities/storage/object-store.ts';
import { createOrchestrationActivities } from '../activities/orchestration.ts';
import { readOptions } from './processes/command-line.ts';
import { keepAlive } from './processes/keep-alive.ts';
import { runProcess } from './processes/user-error.ts';
import { requireSearchAttributes } from './processes/search-attributes.ts';
import { limitConcurrency } from './processes/limit-concurrency.ts';
import { connectWorker } from './processes/temporal-connection.ts';
import { workerIdentity } from './processes/worker-identity.ts';
import { decisionCode, workflowBundle } from './processes/workflow-bundle.ts';

const HELP = `
Runs workflows and their light activities until it is told to end (SIGINT, SIGTERM).

  --task-queue NAME   task queue to serve (fire-pbt)
  --cache DIRECTORY   where the bundled workflows are kept (.local/cache)
  --help              this text

TEMPORAL_ADDRESS, TEMPORAL_NAMESPACE and the rest of the SDK's environment configuration say where Temporal is; the AWS
SDK's environment and profiles say where S3 is.`;

await runProcess(async () => {
  const options = readOptions(
    { 'task-queue': { type: 'string', default: 'fire-pbt' }, cache: { type: 'string', default: '.local/cache' } },
    HELP,
  );
  const [temporal, bundle, buildId] = await Promise.all([
    connectWorker(),
    workflowBundle(options.cache),
    decisionCode(),
  ]);
  const { connection, namespace } = temporal;
  await requireSearchAttributes(temporal);
  const objects = new ObjectStore();
  const worker = await Worker.create({
    connection,
    namespace,
    identity: workerIdentity('orchestrator', process.pid),
    taskQueue: options['task-queue'],
    workflowBundle: bundle,
    // Temporal records it with every workflow task: it says which code decided a round.
    workerDeploymentOptions: {
      version: { deploymentName: 'fire-pbt', buildId },
      useWorkerVersioning: false,
    },
    activities: { ...createOrchestrationActivities({ objects, client: new Client({ connection, namespace }) }) },
    // Each run has one that stands by it to its end: with the SDK's 100, a hundred runs would leave no slot for any
    // work. More runs want another orchestrator.
    maxConcurrentActivityTaskExecutions: 2_000,
    // Heartbeats go on while an activity waits for its turn.
    interceptors: { activity: [keepAlive, limitConcurrency()] },
    // Should this process be killed, its workflows wait so long for it before another takes them.
    stickyQueueScheduleToStartTimeout: '5s',
    shutdownGraceTime: '3s',
    shutdownForceTime: '10s',
  });
  await worker.run();
  await objects.close();
  await connection.close();
  return 0;
});
