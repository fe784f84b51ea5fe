/**
 * `npm run stack`: runs the local stack without a run, for use with the Temporal CLI.
 */
import { readOptions, parseWholeNumber } from '../processes/command-line.ts';
import { INTERRUPTED_EXIT_CODE, listenForInterruption } from '../processes/interruption.ts';
import { runProcess } from '../processes/user-error.ts';
import { joinStack } from '../stack/joining.ts';
import { readStackOptions, STACK_OPTIONS } from '../stack/options.ts';
import { formatStack } from '../terminal/stack-addresses.ts';
import { HELP } from './help.mjs';

await runProcess(async () => {
  const options = readOptions({ ...STACK_OPTIONS, threads: { type: 'string' } }, HELP.stack);
  const interruption = listenForInterruption();
  const stack = await joinStack(
    {
      ...readStackOptions(options),
      threads: parseWholeNumber('threads', options.threads, 1, 256),
      say: (line) => console.log(line),
    },
    interruption.first,
  );
  if (stack === undefined) return INTERRUPTED_EXIT_CODE;
  console.log(formatStack(stack.record));
  if (!stack.startedHere) {
    console.log(`\nThe stack is already running in process ${stack.record.pid}.`);
    return 0;
  }
  await interruption.first;
  console.log('Stopping the workers, then the servers. Unfinished runs resume at the next start.');
  interruption.onSecond(() => void stack.leave());
  await stack.leave();
  return 0;
});
