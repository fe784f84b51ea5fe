/**
 * Workers in a test's process: when one of them fails, the test fails instead of waiting for ever.
 */
import type { Worker } from '@temporalio/worker';

export interface RunningWorkers {
  /** Resolves with the promise, or rejects as soon as a worker ends before it. */
  readonly race: <T>(promise: Promise<T>) => Promise<T>;
  readonly stop: () => Promise<void>;
}

/** Lets the workers run until they are stopped. */
export function runWorkers(workers: readonly Worker[]): RunningWorkers {
  const running = workers.map((worker) => worker.run());
  let stopping = false;
  const ended = Promise.race(running).then(() => {
    throw new Error('A worker ended before its test');
  });
  // Whoever races sees it; nobody else has to.
  ended.catch(() => undefined);
  return {
    race: (promise) => (stopping ? promise : Promise.race([promise, ended])),
    stop: async () => {
      stopping = true;
      for (const worker of workers) if (worker.getState() === 'RUNNING') worker.shutdown();
      await Promise.all(running);
    },
  };
}

/** Runs `test` while the workers run. */
export async function whileWorking<T>(workers: readonly Worker[], test: () => Promise<T>): Promise<T> {
  const running = runWorkers(workers);
  try {
    return await running.race(test());
  } finally {
    await running.stop();
  }
}
