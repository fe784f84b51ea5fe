/**
 * Heartbeats for activities that have none of their own: should the process be killed, the server notices within
 * seconds and has another try.
 */
import { activityInfo, heartbeat } from '@temporalio/activity';
import type { ActivityInboundCallsInterceptor, ActivityInterceptorsFactory } from '@temporalio/worker';

/** Heartbeats per heartbeat timeout: one may be late. */
const BEATS_PER_TIMEOUT = 4;

/** Beats while the activity runs, where its heartbeat timeout asks for it. */
export const keepAlive: ActivityInterceptorsFactory = () => ({ inbound: BEATING });

const BEATING: ActivityInboundCallsInterceptor = {
  async execute(input, next) {
    const { heartbeatTimeoutMs } = activityInfo();
    if (heartbeatTimeoutMs === undefined || heartbeatTimeoutMs === 0) return next(input);
    const timer = setInterval(heartbeat, heartbeatTimeoutMs / BEATS_PER_TIMEOUT);
    try {
      return await next(input);
    } finally {
      clearInterval(timer);
    }
  },
};
