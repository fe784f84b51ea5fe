/**
 * A supervisor that a test kills. It starts one process, prints the id of the process, and waits.
 */
import { join } from 'node:path';
import { SupervisedProcess } from '../../../workers/processes/supervised-process.ts';

const directory = process.argv[2] ?? '.';
const part = new SupervisedProcess(
  {
    name: 'part',
    command: 'sleep',
    args: ['100'],
    env: process.env,
    cwd: directory,
    logFile: join(directory, 'part.log'),
  },
  { say: () => undefined, changed: () => undefined },
);
await part.start(async () => true, 5_000);
console.log(part.pid);
setInterval(() => undefined, 1_000);
