/**
 * Sends heartbeats for activities that send none themselves. If the process is killed, the server notices this within
 * seconds and retries the activity.
 */
import { activityInfo, heartbeat } from '@temporalio/activity';
import type { ActivityInboundCallsInterceptor, ActivityInterceptorsFactory } from '@temporalio/worker';

/** Heartbeats per heartbeat timeout. More than one, so that a single late heartbeat does no harm. */
const HEARTBEATS_PER_TIMEOUT = 4;

/** Creates the interceptor that sends heartbeats while an activity with a heartbeat timeout runs. */
export const keepAlive: ActivityInterceptorsFactory = () => ({ inbound: SENDS_HEARTBEATS });

const SENDS_HEARTBEATS: ActivityInboundCallsInterceptor = {
  async execute(input, next) {
    const { heartbeatTimeoutMs } = activityInfo();
    if (heartbeatTimeoutMs === undefined || heartbeatTimeoutMs === 0) return next(input);
    const timer = setInterval(heartbeat, heartbeatTimeoutMs / HEARTBEATS_PER_TIMEOUT);
    try {
      return await next(input);
    } finally {
      clearInterval(timer);
    }
  },
};
