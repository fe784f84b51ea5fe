/**
 * A trainer: one process that trains one network at a time, on one GPU or a fixed number of CPU threads.
 */
import { Worker } from '@temporalio/worker';
import { ObjectStore } from '../activities/storage/object-store.ts';
import { trainerTaskQueue } from '../workflows/population/names.ts';
import { readOptions, parseWholeNumber } from './processes/command-line.ts';
import { runProcess } from './processes/user-error.ts';
import { RECYCLE_EXIT_CODE } from './processes/recycling.ts';
import { connectWorker } from './processes/temporal-connection.ts';
import { configureTensorFlow } from './processes/tensorflow-environment.ts';
import { workerIdentity } from './processes/worker-identity.ts';
import { storeSettings } from './processes/store-settings.ts';

const HELP = `
Trains for the runs of a task queue until it receives SIGINT or SIGTERM.

  --task-queue NAME   task queue of the workflows (fire-pbt); the trainer serves NAME-trainers
  --number N          number of this trainer on its machine, part of its name (0)
  --threads N         threads to compute with (1); the trainer refuses runs that specify another number
  --help              show this text

CUDA_VISIBLE_DEVICES selects the GPU. Exit code ${RECYCLE_EXIT_CODE} means that the process must be restarted.
Temporal: TEMPORAL_ADDRESS, TEMPORAL_NAMESPACE and the other variables of the Temporal SDK's environment configuration.
S3: the environment variables and profiles of the AWS SDK.`;

const HEARTBEAT_THROTTLE_INTERVAL = '2s';

await runProcess(async () => {
  const options = readOptions(
    {
      'task-queue': { type: 'string', default: 'fire-pbt' },
      number: { type: 'string', default: '0' },
      threads: { type: 'string', default: '1' },
    },
    HELP,
  );
  const number = parseWholeNumber('number', options.number, 0, 9999) ?? 0;
  const threads = parseWholeNumber('threads', options.threads, 1, 256) ?? 1;
  configureTensorFlow(threads);
  // Imported after the configuration, because TensorFlow reads its environment once, when it loads.
  const { createTrainingActivities, processShouldRecycle } = await import('../activities/training/train.ts');
  const { connection, namespace } = await connectWorker();
  const objects = new ObjectStore(storeSettings());
  const worker = await Worker.create({
    connection,
    namespace,
    identity: workerIdentity(
      `trainer-${number}`,
      process.pid,
      process.env['CUDA_VISIBLE_DEVICES']
        ? `GPU ${process.env['CUDA_VISIBLE_DEVICES']}`
        : `${threads} CPU ${threads === 1 ? 'thread' : 'threads'}`,
    ),
    taskQueue: trainerTaskQueue(options['task-queue']),
    activities: { ...createTrainingActivities({ objects, threads }) },
    maxConcurrentActivityTaskExecutions: 1,
    // A trainer learns from the response to a heartbeat that its activity is cancelled. The SDK's default interval is
    // 0.8 of the heartbeat timeout, which is too long to wait for a cancellation.
    maxHeartbeatThrottleInterval: HEARTBEAT_THROTTLE_INTERVAL,
    defaultHeartbeatThrottleInterval: HEARTBEAT_THROTTLE_INTERVAL,
    shutdownGraceTime: '1s',
    shutdownForceTime: '15s',
  });
  const recycling = setInterval(() => {
    if (processShouldRecycle() && worker.getState() === 'RUNNING') worker.shutdown();
  }, 5_000);
  await worker.run();
  clearInterval(recycling);
  await objects.close();
  await connection.close();
  return processShouldRecycle() ? RECYCLE_EXIT_CODE : 0;
});
