/**
 * `npm run stack`: the local stack alone, for people with the Temporal CLI.
 */
import { oneOf, readOptions, wholeNumber } from './command-line.ts';
import { PlainFailure, runProcess } from './plain-failure.ts';
import { interrupted } from './interruption.ts';
import { findRunningStack } from './stack/running-stack.ts';
import { LOCAL } from './stack/programs.ts';
import { startStack, StackAlreadyRuns } from './stack/local-stack.ts';
import { tellStack } from './terminal/stack-addresses.ts';
import { join } from 'node:path';

const HELP = `
Runs Temporal, an S3 server, an orchestrator and trainers on this machine until Ctrl-C.
State is kept in .local/state, logs in .local/log: unfinished runs go on at the next start.

  --trainers N           trainer processes (one per GPU, else one per core)
  --threads N            threads of each trainer: what specifications say as \`threads\` (1)
  --task-queue NAME      task queue of the workflows (fire-pbt)
  --temporal local|own   own: the server that TEMPORAL_ADDRESS or a profile names (own if TEMPORAL_ADDRESS or TEMPORAL_PROFILE is set)
  --s3 local|own         own: what the AWS SDK's environment and profiles name (own if AWS_ENDPOINT_URL_S3 or AWS_ENDPOINT_URL is set)
  --help                 this text`;

await runProcess(async () => {
  const options = readOptions(
    { trainers: { type: 'string' }, threads: { type: 'string' }, 'task-queue': { type: 'string' }, temporal: { type: 'string' }, s3: { type: 'string' } },
    HELP,
  );
  const interruption = interrupted();
  const say = (line: string): void => console.log(line);
  const starting = startStack({
    trainers: wholeNumber('trainers', options.trainers, 1, 1024),
    threads: wholeNumber('threads', options.threads, 1, 256),
    queue: options['task-queue'],
    temporal: oneOf('temporal', options.temporal, ['local', 'own']),
    s3: oneOf('s3', options.s3, ['local', 'own']),
    say,
  });
  try {
    const stack = await starting;
    say(tellStack(stack));
    await interruption.first;
    say('Ending: workers first, then servers. Unfinished runs go on at the next start.');
    interruption.onSecond(() => void stack.stop());
    await stack.stop();
    return 0;
  } catch (error) {
    if (!(error instanceof StackAlreadyRuns)) throw error;
    const running = await findRunningStack(join(LOCAL, 'state'), 60_000);
    throw new PlainFailure(`${error.message}${running === undefined ? '' : ` by process ${running.pid}\n\n${tellStack(running)}`}`, { cause: error });
  }
});
