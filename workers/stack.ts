/**
 * `npm run stack`: the local stack alone, for people with the Temporal CLI.
 */
import { resolve } from 'node:path';
import { oneOf, readOptions, wholeNumber } from './command-line.ts';
import { INTERRUPTED_EXIT_CODE, interrupted } from './interruption.ts';
import { runProcess } from './plain-failure.ts';
import { joinStack } from './stack/joining.ts';
import { LOCAL } from './stack/programs.ts';
import { tellStack } from './terminal/stack-addresses.ts';

const HELP = `
Runs Temporal, an S3 server, an orchestrator and trainers on this machine until Ctrl-C.
State is kept in .local/state, logs in .local/log: unfinished runs go on at the next start.

  --trainers N           trainer processes (one per GPU, else one per core)
  --threads N            threads of each trainer: what specifications say as \`threads\` (1)
  --task-queue NAME      task queue of the workflows (fire-pbt)
  --temporal local|own   own: the server that TEMPORAL_ADDRESS or a profile names (own if TEMPORAL_ADDRESS or TEMPORAL_PROFILE is set)
  --s3 local|own         own: what the AWS SDK's environment and profiles name (own if AWS_ENDPOINT_URL_S3 or AWS_ENDPOINT_URL is set)
  --directory DIRECTORY  where state, objects and logs are kept (.local)
  --help                 this text`;

await runProcess(async () => {
  const options = readOptions(
    { trainers: { type: 'string' }, threads: { type: 'string' }, 'task-queue': { type: 'string' }, temporal: { type: 'string' }, s3: { type: 'string' }, directory: { type: 'string' } },
    HELP,
  );
  const directory = options.directory === undefined ? LOCAL : resolve(options.directory);
  const interruption = interrupted();
  const stack = await joinStack(
    {
      directory,
      trainers: wholeNumber('trainers', options.trainers, 1, 1024),
      threads: wholeNumber('threads', options.threads, 1, 256),
      queue: options['task-queue'],
      temporal: oneOf('temporal', options.temporal, ['local', 'own']),
      s3: oneOf('s3', options.s3, ['local', 'own']),
      say: (line) => console.log(line),
    },
    interruption.first,
  );
  if (stack === undefined) return INTERRUPTED_EXIT_CODE;
  console.log(tellStack(stack.record));
  if (!stack.ours) {
    console.log(`\nIt is running already, in process ${stack.record.pid}: there is nothing to start.`);
    return 0;
  }
  await interruption.first;
  console.log('Ending: workers first, then servers. Unfinished runs go on at the next start.');
  interruption.onSecond(() => void stack.leave());
  await stack.leave();
  return 0;
});
