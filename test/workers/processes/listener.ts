/**
 * A process that listens for interruptions, as `npm start` does, and writes a line every few milliseconds. It ends by
 * itself after `MILLISECONDS`, with code 0.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { INTERRUPTED_EXIT_CODE, listenForInterruption } from '../../../workers/processes/interruption.ts';

const interruption = listenForInterruption();
const timer = setInterval(() => {
  process.stdout.write('line\n');
  process.stderr.write('line\n');
}, 5);
const ended = await Promise.race([
  interruption.first.then(() => INTERRUPTED_EXIT_CODE),
  delay(Number(process.argv[2])).then(() => 0),
]);
clearInterval(timer);
process.exit(ended);
