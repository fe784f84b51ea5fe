/**
 * A computing process with a toy whose step is in trouble: at the step TROUBLE_AT (of the worker TROUBLE_OF, or of all)
 * it does what TROUBLE says, if the file TROUBLE_WHILE exists. It says so in a file of that name and `.now`. Several
 * troubles, separated by commas, come in as many steps in a row. Partial checkpoints are saved every PARTIAL_EVERY_MS.
 */
import { existsSync, writeFileSync } from 'node:fs';
import { ObjectStore } from '../../../activities/storage/object-store.ts';
import { computeHere } from '../../../activities/training/compute-here.ts';
import { serve } from '../../../workers/computing/serving.ts';
import { tasksWithSessions } from '../../shipped-tasks.ts';

const {
  TROUBLE: troubles = '',
  TROUBLE_AT: at = '0',
  TROUBLE_WHILE: file = '',
  TROUBLE_OF: victim,
  PARTIAL_EVERY_MS: partialEveryMs = '1000',
} = process.env;

function makeTrouble(trouble: string): void | Promise<void> {
  writeFileSync(`${file}.now`, '');
  switch (trouble) {
    case 'exit':
      return process.exit(3);
    case 'never':
      return new Promise<void>(() => undefined);
    case 'SIGKILL':
    case 'SIGSEGV':
    case 'SIGABRT':
      process.kill(process.pid, trouble);
      // The signal has come when this returns.
      return;
    default:
      // A thread that waits like this answers nothing, as in a native call.
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, Number(trouble));
  }
}

await serve(
  computeHere({
    objects: new ObjectStore(),
    threads: 1,
    partialEveryMs: Number(partialEveryMs),
    tasks: tasksWithSessions((session, { worker }) => {
      const train = session.train.bind(session);
      session.train = async (from, to) => {
        const concerned = victim === undefined || victim === worker;
        for (const [index, trouble] of troubles.split(',').entries()) {
          const step = Number(at) + index;
          if (concerned && from <= step && to > step && existsSync(file)) await makeTrouble(trouble);
        }
        await train(from, to);
      };
      return session;
    }),
  }),
);
process.exit(0);
