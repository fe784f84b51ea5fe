/**
 * `npm run gpu-check`: trains each network on the CPU and on the GPU, and compares them.
 */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { availableParallelism } from 'node:os';
import { CASES } from '../gpu-check/cases.ts';
import { comparisonRow, isRepeated, lossDifference, TOLERANCE, type Measured } from '../gpu-check/comparing.ts';
import { parseChoice, parseWholeNumber, readOptions } from '../processes/command-line.ts';
import { loaderArguments, moduleFile } from '../processes/places.mjs';
import { tensorFlowEnvironment } from '../processes/tensorflow-environment.ts';
import { UserError, runProcess } from '../processes/user-error.ts';
import { findGpus, listGpus } from '../stack/devices.ts';
import { HELP } from './help.mjs';

await runProcess(async () => {
  const options = readOptions(
    { only: { type: 'string' }, threads: { type: 'string', default: String(availableParallelism()) } },
    HELP['gpu-check'],
  );
  const only = parseChoice('only', options.only, Object.keys(CASES));
  const threads = parseWholeNumber('threads', options.threads, 1, 256) ?? 1;
  const [gpu] = findGpus(process.env);
  const name = listGpus(process.env).find(({ number }) => number === gpu)?.name;
  console.log(gpu === undefined ? 'GPU: none; `nvidia-smi -L` lists none' : `GPU: ${gpu}${name ? `, ${name}` : ''}`);
  const columns = [`CPU (${threads})`, 'GPU'].map((title) => title.padStart(12)).join(' ');
  console.log(`${'steps per second'.padEnd(36)} ${columns} GPU : CPU  losses differ by  repeats`);
  let differs = false;
  let changes = false;
  let missing = gpu === undefined;
  for (const [key, { title }] of Object.entries(CASES)) {
    if (only !== undefined && only !== key) continue;
    const onCpu = await measure(key, threads, '-1');
    const [onGpu, again] =
      gpu === undefined ? [] : [await measure(key, threads, gpu), await measure(key, threads, gpu)];
    console.log(comparisonRow(title, onCpu, onGpu, again));
    missing ||= onGpu?.onGpu === false;
    changes ||= onGpu !== undefined && again !== undefined && !isRepeated(onGpu, again);
    differs ||= onGpu !== undefined && !(lossDifference(onCpu, onGpu) <= TOLERANCE);
  }
  if (missing)
    throw new UserError(
      gpu === undefined
        ? 'Cannot check a GPU: there is none, so only the CPU was measured'
        : 'Cannot check the GPU: TensorFlow does not use it. It needs the library with CUDA, which ' +
            '`TENSORFLOW_DEVICE=cuda` installs, and version 525 or later of the NVIDIA driver',
    );
  if (differs) throw new UserError(`The losses differ by more than ${100 * TOLERANCE} %`);
  if (changes)
    throw new UserError(
      'Two trainings on the GPU made different losses, so a round that is trained again makes another checkpoint',
    );
  return 0;
});

/** Trains a case in a process of its own, because TensorFlow chooses its device once; -1 is no GPU. */
async function measure(name: string, threads: number, gpu: string): Promise<Measured> {
  const env = { ...tensorFlowEnvironment(threads, process.env), CUDA_VISIBLE_DEVICES: gpu };
  const child = fork(moduleFile('workers/gpu-check/device.ts'), { execArgv: loaderArguments(), env, silent: true });
  let errors = '';
  child.stderr?.on('data', (chunk: Buffer) => (errors += chunk.toString()));
  let measured: Measured | undefined;
  child.on('message', (message) => (measured = message as Measured));
  child.send(name);
  const [code] = (await once(child, 'close')) as [number | null];
  if (!measured) throw new UserError(`Cannot train ${name}: its process ended with code ${code}\n${errors.trim()}`);
  return measured;
}
