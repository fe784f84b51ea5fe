/**
 * A trainer whose computing process has a toy in trouble (computing/troubled-computing.ts).
 */
import { NativeConnection, Worker } from '@temporalio/worker';
import { createTrainingActivities } from '../../activities/training/train.ts';
import { ComputingProcess } from '../../workers/computing/computing-process.ts';

const { TEMPORAL_ADDRESS: address } = process.env;

const computer = new ComputingProcess({
  name: 'computing',
  script: 'test/workers/computing/troubled-computing.ts',
  args: [],
  environment: process.env,
  hangAfterMs: 600_000,
});
const worker = await Worker.create({
  connection: await NativeConnection.connect({ address: address ?? '' }),
  taskQueue: 'fire-pbt-trainers',
  maxConcurrentActivityTaskExecutions: 1,
  maxHeartbeatThrottleInterval: '1s',
  defaultHeartbeatThrottleInterval: '1s',
  shutdownGraceTime: '100ms',
  activities: { ...createTrainingActivities(computer) },
});
await worker.run();
await computer.stop();
process.exit(0);
