/**
 * Turns: activities that do work take their turn with others of their process; those that only stand by do not keep
 * anybody waiting.
 */
import { workerShutdown } from '../../activities/training/failures.ts';
import type { RunActivities } from '../../activities/contracts/run.ts';
import type { ActivityInterceptorsFactory } from '@temporalio/worker';

/**
 * As many as the SDK's own limit on a worker's activities: more would wait for one of the store's 50 sockets, and hold
 * checkpoints and states in memory meanwhile.
 */
const AT_ONCE = 100;
/** As long as its run, and doing next to nothing. */
const STANDING_BY: keyof RunActivities = 'standBy';

/**
 * Returns an interceptor that has at most so many activities at work, first come, first served, however many stand by.
 */
export function limitConcurrency(atOnce = AT_ONCE): ActivityInterceptorsFactory {
  const waiting: (() => void)[] = [];
  let atWork = 0;
  return (context) => ({
    inbound: {
      async execute(input, next) {
        if (context.info.activityType === STANDING_BY) return next(input);
        if (atWork < atOnce) atWork++;
        else await new Promise<void>((resolve) => waiting.push(resolve));
        try {
          // Whoever waited may have been given up meanwhile.
          if (context.cancellationDetails?.workerShutdown)
            throw workerShutdown(`Cannot begin ${context.info.activityType}: this worker shuts down`);
          context.cancellationSignal.throwIfAborted();
          return await next(input);
        } finally {
          const first = waiting.shift();
          if (first) first();
          else atWork--;
        }
      },
    },
  });
}
