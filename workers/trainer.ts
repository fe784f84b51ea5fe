/**
 * A trainer: one process that trains one network at a time, on one GPU or a fixed number of CPU threads.
 */
import { Worker } from '@temporalio/worker';
import { ObjectStore } from '../activities/storage/object-store.ts';
import { trainerTaskQueue } from '../workflows/population/names.ts';
import { readOptions, wholeNumber } from './processes/command-line.ts';
import { runProcess } from './processes/user-error.ts';
import { RECYCLE_EXIT_CODE } from './processes/recycling.ts';
import { connectWorker } from './processes/temporal-connection.ts';
import { configureTensorFlow } from './processes/tensorflow-environment.ts';
import { workerIdentity } from './processes/worker-identity.ts';

const HELP = `
Trains for the runs of a task queue until it is told to end (SIGINT, SIGTERM).

  --task-queue NAME   task queue of the workflows; trainers serve NAME-trainers (fire-pbt)
  --number N          which trainer of this machine it is, for its name (0)
  --threads N         threads to compute with; runs of another number are refused (1)
  --help              this text

CUDA_VISIBLE_DEVICES chooses its GPU. Ends with code ${RECYCLE_EXIT_CODE} when it wants to be started afresh.
TEMPORAL_ADDRESS, TEMPORAL_NAMESPACE and the rest of the SDK's environment configuration say where Temporal is; the AWS
SDK's environment and profiles say where S3 is.`;

const HEARTBEATS_AT_MOST_EVERY = '2s';

await runProcess(async () => {
  const options = readOptions(
    {
      'task-queue': { type: 'string', default: 'fire-pbt' },
      number: { type: 'string', default: '0' },
      threads: { type: 'string', default: '1' },
    },
    HELP,
  );
  const number = wholeNumber('number', options.number, 0, 9999) ?? 0;
  const threads = wholeNumber('threads', options.threads, 1, 256) ?? 1;
  configureTensorFlow(threads);
  // Loaded only now: the library reads its environment once, when it loads.
  const { createTrainingActivities, processShouldRecycle } = await import('../activities/training/train.ts');
  const { connection, namespace } = await connectWorker();
  const objects = new ObjectStore();
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
    // The answer to a heartbeat says that the activity is cancelled; by itself the SDK sends one each 0.8 heartbeat
    // timeouts.
    maxHeartbeatThrottleInterval: HEARTBEATS_AT_MOST_EVERY,
    defaultHeartbeatThrottleInterval: HEARTBEATS_AT_MOST_EVERY,
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
