/**
 * A trainer whose task kills it at one step of one member while a file exists, as if memory were short.
 */
import { existsSync } from 'node:fs';
import { NativeConnection, Worker } from '@temporalio/worker';
import { ObjectStore } from '../../activities/storage/object-store.ts';
import { createTrainingActivities } from '../../activities/training/train.ts';
import { tasksWithSessions } from '../shipped-tasks.ts';

const { TEMPORAL_ADDRESS: address, KILLED_WORKER: victim, KILLED_AT_STEP: step, KILLED_WHILE: file } = process.env;

const worker = await Worker.create({
  connection: await NativeConnection.connect({ address: address ?? '' }),
  taskQueue: 'fire-pbt-trainers',
  maxConcurrentActivityTaskExecutions: 1,
  maxHeartbeatThrottleInterval: '2s',
  activities: {
    ...createTrainingActivities({
      objects: new ObjectStore(),
      threads: 1,
      tasks: tasksWithSessions((session, context) => {
        const train = session.train.bind(session);
        session.train = (from, to) => {
          if (context.worker === victim && from <= Number(step) && to > Number(step) && existsSync(file ?? ''))
            process.kill(process.pid, 'SIGKILL');
          return train(from, to);
        };
        return session;
      }),
    }),
  },
});
await worker.run();
