/**
 * Limits how many activities of this process work at the same time. Watchdogs do not count: each one lasts as long as
 * its run and does almost nothing.
 */
import { workerShutdown } from '../../activities/contracts/worker-shutdown.ts';
import type { RunActivities } from '../../activities/contracts/run.ts';
import type { ActivityInterceptorsFactory } from '@temporalio/worker';

/**
 * Equals the SDK's default limit on a worker's activities. With more, activities would wait for one of the object
 * store's 50 sockets and keep checkpoints and states in memory meanwhile.
 */
const MAX_CONCURRENT = 100;
const WATCHDOG: keyof RunActivities = 'watchForInvalidResets';

/** Returns an interceptor that lets at most `maxConcurrent` activities work at a time, in the order of their start. */
export function limitConcurrency(maxConcurrent = MAX_CONCURRENT): ActivityInterceptorsFactory {
  const waiting: (() => void)[] = [];
  let active = 0;
  return (context) => ({
    inbound: {
      async execute(input, next) {
        if (context.info.activityType === WATCHDOG) return next(input);
        if (active < maxConcurrent) active++;
        else await new Promise<void>((resolve) => waiting.push(resolve));
        try {
          // The activity may have been cancelled while it waited.
          if (context.cancellationDetails?.workerShutdown)
            throw workerShutdown(`Cannot start ${context.info.activityType}: this worker is shutting down`);
          context.cancellationSignal.throwIfAborted();
          return await next(input);
        } finally {
          const first = waiting.shift();
          if (first) first();
          else active--;
        }
      },
    },
  });
}
