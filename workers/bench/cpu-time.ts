/**
 * CPU time of training on one thread: here, and in PyTorch.
 */
import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { loadTensorFlow, type TensorFlow } from '../../activities/tasks/tensorflow/library.ts';

/** Loads TensorFlow with one thread, and looks whether a Python has PyTorch; says so if not. */
export function prepareTraining(python: string): { readonly tensorflow: TensorFlow; readonly hasPytorch: boolean } {
  process.env['TF_CPP_MIN_LOG_LEVEL'] ??= '2';
  process.env['TF_NUM_INTRAOP_THREADS'] = '1';
  process.env['TF_NUM_INTEROP_THREADS'] = '1';
  const tensorflow = loadTensorFlow();
  const hasPytorch = spawnSync(python, ['-c', 'import torch'], { stdio: 'ignore' }).status === 0;
  if (!hasPytorch) console.log(`PyTorch is not measured: \`${python}\` has none. \`--python PATH\` names another one.`);
  return { tensorflow, hasPytorch };
}

/** Runs each in turn, once to warm up, then for so many rounds (odd). Returns the medians of their CPU time, ms. */
export function medianCpuMs(ways: readonly (() => void)[], rounds: number): number[] {
  for (const run of ways) run();
  const measured = Array.from({ length: rounds }, () =>
    ways.map((run) => {
      const before = process.cpuUsage();
      run();
      const { user, system } = process.cpuUsage(before);
      return (user + system) / 1000;
    }),
  );
  return ways.map((_, way) => median(measured.map((times) => times[way] ?? NaN)));
}

/** Returns the one in the middle of an odd number of values. */
export function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[(values.length - 1) / 2] ?? NaN;
}

/**
 * Returns what a script beside this file prints: ms of CPU time.
 *
 * @throws Error if the script fails, with what it wrote
 */
export function measurePytorch(python: string, script: string, args: readonly (string | number)[]): number {
  const command = [path.join(import.meta.dirname, script), ...args.map(String)];
  const { status, stdout, stderr } = spawnSync(python, command, { encoding: 'utf8', timeout: 300_000 });
  if (status !== 0) throw new Error(`Cannot measure PyTorch: ${stderr}`);
  return Number(stdout);
}
