/**
 * Starts the workers of a stack: one orchestrator, and one trainer per device.
 */
import { join } from 'node:path';
import type { Connection } from '@temporalio/client';
import { trainerTaskQueue } from '../../workflows/population/names.ts';
import { tasksArguments } from '../own-tasks/options.ts';
import { LOCAL, nodeArguments } from '../processes/places.mjs';
import type { SupervisedProcess } from '../processes/supervised-process.ts';
import type { TemporalConnection } from '../processes/temporal-connection.ts';
import { workerIdentity } from '../processes/worker-identity.ts';
import type { Device } from './devices.ts';
import type { StackProcesses } from './stack-processes.ts';
import { polls } from './temporal-server.ts';

const START_TIMEOUT_MS = 180_000;

export interface WorkersPlan {
  readonly queue: string;
  /** Threads of each trainer. */
  readonly threads: number;
  /** Threads in which each trainer steps an agent's environments. */
  readonly environmentThreads: number;
  /** Files with tasks of the user, absolute. */
  readonly tasks: readonly string[];
  /** One device per trainer. */
  readonly devices: readonly Device[];
  readonly logDirectory: string;
  /** Environment in which the workers find both servers. */
  readonly environment: NodeJS.ProcessEnv;
}

/** Starts the workers and waits until each polls its task queue. */
export async function startWorkers(
  connected: TemporalConnection<Connection>,
  plan: WorkersPlan,
  processes: StackProcesses,
): Promise<void> {
  const { queue, threads, environmentThreads, tasks, devices, environment } = plan;
  const add = (name: string, script: string, args: readonly string[], env: NodeJS.ProcessEnv): SupervisedProcess =>
    processes.add({
      name,
      command: process.execPath,
      args: [...nodeArguments(script), '--task-queue', queue, ...args],
      env,
      cwd: process.cwd(),
      logFile: join(plan.logDirectory, `${name}.log`),
    });
  const start = async (worker: SupervisedProcess, kind: 'workflow' | 'activity', taskQueue: string): Promise<void> =>
    worker.start(
      // Only the trainer knows the device in its identity, so this compares the part before it.
      (pid) => polls(connected, taskQueue, kind, workerIdentity(worker.name, pid).replace(/\)$/, '')),
      START_TIMEOUT_MS,
    );
  const orchestrator = add('orchestrator', 'workers/orchestrator.ts', ['--cache', join(LOCAL, 'cache')], environment);
  const trainers = devices.map(({ gpu }, number) =>
    add(
      `trainer-${number}`,
      'workers/trainer.ts',
      [
        ...['--number', String(number), '--threads', String(threads)],
        ...['--environment-threads', String(environmentThreads), ...tasksArguments(tasks)],
      ],
      { ...environment, ...(gpu === null ? {} : { CUDA_VISIBLE_DEVICES: gpu }) },
    ),
  );
  await Promise.all([
    start(orchestrator, 'workflow', queue),
    ...trainers.map((trainer) => start(trainer, 'activity', trainerTaskQueue(queue))),
  ]);
}
