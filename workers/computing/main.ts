/**
 * The computing process of a trainer: it opens sessions and trains, as its trainer orders, and never speaks to
 * Temporal. Its trainer starts it, interrupts it, and kills it if it does not answer.
 */
import { useEnvironmentThreads } from '../../activities/tasks/environments/environment-threads.ts';
import { useBinding } from '../../activities/tasks/tensorflow/library.ts';
import { computeHere } from '../../activities/training/compute-here.ts';
import { loadTasks } from '../own-tasks/loading.ts';
import { taskFiles, TASKS_OPTION } from '../own-tasks/options.ts';
import { ObjectStore } from '../../activities/storage/object-store.ts';
import { readOptions, parseWholeNumber } from '../processes/command-line.ts';
import { BINDING, DATA, ENVIRONMENT_THREAD } from '../processes/places.mjs';
import { storeSettings } from '../processes/store-settings.ts';
import { runProcess } from '../processes/user-error.ts';
import { serve } from './serving.ts';

const HELP = `
Computes for a trainer, which starts it.

  --name NAME         what it is called where processes are listed (computing)
  --threads N         threads to compute with (1)
  --environment-threads N
                      threads in which an agent's environments are stepped (1)
  --tasks FILE        a file with tasks; may be repeated
  --check             load the tasks, and end`;

/** Frames of a stack trace: an author's code may be called deep inside TensorFlow.js. */
const STACK_TRACE_LIMIT = 50;

await runProcess(async () => {
  const options = readOptions(
    {
      name: { type: 'string', default: 'computing' },
      threads: { type: 'string', default: '1' },
      'environment-threads': { type: 'string', default: '1' },
      check: { type: 'boolean', default: false },
      ...TASKS_OPTION,
    },
    HELP,
  );
  Error.stackTraceLimit = STACK_TRACE_LIMIT;
  process.title = options.name;
  const threads = parseWholeNumber('threads', options.threads, 1, 256) ?? 1;
  const tasks = await loadTasks(taskFiles(options.tasks));
  if (options.check) return 0;
  useBinding(BINDING);
  useEnvironmentThreads(
    parseWholeNumber('environment-threads', options['environment-threads'], 1, 256) ?? 1,
    ENVIRONMENT_THREAD,
  );
  await serve(computeHere({ objects: new ObjectStore(storeSettings()), threads, dataDirectory: DATA, tasks }));
  return 0;
});
