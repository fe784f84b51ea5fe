/**
 * A trainer: it trains one network at a time, on one GPU or a fixed number of CPU threads.
 *
 * This process answers Temporal. It starts another one that computes. So heartbeats, cancellation and shutdown work,
 * however long a step takes.
 */
import { Worker } from '@temporalio/worker';
import { createTrainingActivities } from '../activities/training/train.ts';
import { trainerTaskQueue } from '../workflows/population/names.ts';
import { ComputingProcess } from './computing/computing-process.ts';
import { taskFiles, tasksArguments, TASKS_OPTION } from './own-tasks/options.ts';
import { readOptions, parseWholeNumber } from './processes/command-line.ts';
import { runProcess } from './processes/user-error.ts';
import { requireTemporaryFolder } from './processes/temporary-folder.ts';
import { connectWorker } from './processes/temporal-connection.ts';
import { tensorFlowEnvironment } from './processes/tensorflow-environment.ts';
import { workerIdentity } from './processes/worker-identity.ts';
import { HELP } from './commands/help.mjs';

const HEARTBEAT_THROTTLE_INTERVAL = '1s';

await runProcess(async () => {
  const options = readOptions(
    {
      'task-queue': { type: 'string', default: 'fire-pbt' },
      number: { type: 'string', default: '0' },
      threads: { type: 'string', default: '1' },
      'environment-threads': { type: 'string', default: '1' },
      'hang-after': { type: 'string', default: '1800' },
      ...TASKS_OPTION,
    },
    HELP.trainer,
  );
  const number = parseWholeNumber('number', options.number, 0, 9999) ?? 0;
  const threads = parseWholeNumber('threads', options.threads, 1, 256) ?? 1;
  const environmentThreads = parseWholeNumber('environment-threads', options['environment-threads'], 1, 256) ?? 1;
  const hangAfterSeconds = parseWholeNumber('hang-after', options['hang-after'], 1, 1_000_000) ?? 1;
  requireTemporaryFolder();
  const computer = new ComputingProcess({
    name: `fire-pbt trainer-${number} computing`,
    args: [
      ...['--threads', String(threads), '--environment-threads', String(environmentThreads)],
      ...tasksArguments(taskFiles(options.tasks)),
    ],
    environment: tensorFlowEnvironment(threads, process.env),
    hangAfterMs: hangAfterSeconds * 1000,
  });
  const [{ connection, namespace }] = await Promise.all([connectWorker(), computer.start()]);
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
    activities: { ...createTrainingActivities(computer) },
    maxConcurrentActivityTaskExecutions: 1,
    // A trainer learns from the response to a heartbeat that its activity is cancelled. The SDK's default interval is
    // 0.8 of the heartbeat timeout: too long to wait for a cancellation, and too long if the server misses one.
    maxHeartbeatThrottleInterval: HEARTBEAT_THROTTLE_INTERVAL,
    defaultHeartbeatThrottleInterval: HEARTBEAT_THROTTLE_INTERVAL,
    // Only after this time does the SDK tell the activity about a shutdown.
    shutdownGraceTime: '100ms',
    shutdownForceTime: '15s',
  });
  await worker.run();
  await computer.stop();
  await connection.close();
  return 0;
});
