/**
 * `npm run stack`: the local stack alone, for people with the Temporal CLI.
 */
import { readOptions, wholeNumber } from '../processes/command-line.ts';
import { INTERRUPTED_EXIT_CODE, interrupted } from '../processes/interruption.ts';
import { runProcess } from '../processes/user-error.ts';
import { joinStack } from '../stack/joining.ts';
import { readStackOptions, STACK_HELP, STACK_OPTIONS } from '../stack/options.ts';
import { formatStack } from '../terminal/stack-addresses.ts';

const HELP = `
Runs Temporal, an S3 server, an orchestrator and trainers on this machine until Ctrl-C.
State is kept in .local/state, logs in .local/log: unfinished runs go on at the next start.

  --threads N            threads of each trainer: what specifications say as \`threads\` (1)
${STACK_HELP}`;

await runProcess(async () => {
  const options = readOptions({ ...STACK_OPTIONS, threads: { type: 'string' } }, HELP);
  const interruption = interrupted();
  const stack = await joinStack(
    {
      ...readStackOptions(options),
      threads: wholeNumber('threads', options.threads, 1, 256),
      say: (line) => console.log(line),
    },
    interruption.first,
  );
  if (stack === undefined) return INTERRUPTED_EXIT_CODE;
  console.log(formatStack(stack.record));
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
