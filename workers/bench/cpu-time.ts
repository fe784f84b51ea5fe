/**
 * CPU time of training on one thread.
 */
import { loadTensorFlow, type TensorFlow } from '../../activities/tasks/tensorflow/library.ts';
import { hasPytorch } from './python.ts';

/** Loads TensorFlow with one thread, and looks whether a Python has PyTorch; says so if not. */
export function prepareTraining(python: string): { readonly tensorflow: TensorFlow; readonly hasPytorch: boolean } {
  process.env['TF_CPP_MIN_LOG_LEVEL'] ??= '2';
  process.env['TF_NUM_INTRAOP_THREADS'] = '1';
  process.env['TF_NUM_INTEROP_THREADS'] = '1';
  const tensorflow = loadTensorFlow();
  return { tensorflow, hasPytorch: hasPytorch(python) };
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
