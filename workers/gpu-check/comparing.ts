/**
 * Compares what two devices made of the same training.
 */

/**
 * Largest relative difference of a loss. In single precision, a GPU rounds in another order, and the tensor cores of
 * recent ones multiply numbers of 10 bits after the point (TF32): that alone changes a product by up to 0.1 %. On an
 * H200 losses differed by up to 0.4 %.
 */
export const TOLERANCE = 0.01;

/** What a device made of a case. */
export interface Measured {
  readonly name: string;
  /** Whether TensorFlow computed on a GPU. */
  readonly onGpu: boolean;
  /** Of the first steps. */
  readonly losses: readonly number[];
  readonly stepsPerSecond: number;
}

/** Returns the largest relative difference of two devices' losses; infinite if one is not finite. */
export function lossDifference(cpu: Measured, gpu: Measured): number {
  const differences = cpu.losses.map((loss, step) => Math.abs((gpu.losses[step] ?? NaN) - loss) / Math.abs(loss));
  return differences.every(Number.isFinite) ? Math.max(...differences) : Infinity;
}

/** Tells whether two trainings on one device made the same losses bit for bit, as a round that is repeated must. */
export function isRepeated(gpu: Measured, again: Measured): boolean {
  return gpu.losses.length === again.losses.length && gpu.losses.every((loss, step) => loss === again.losses[step]);
}

/** Returns a line of the table; without `gpu` and the repetition on it, of the CPU alone. */
export function comparisonRow(title: string, cpu: Measured, gpu?: Measured, again?: Measured): string {
  const speed = (measured: Measured | undefined): string =>
    (measured ? measured.stepsPerSecond.toPrecision(3) : '–').padStart(12);
  const difference = gpu ? lossDifference(cpu, gpu) : NaN;
  const verdict = gpu ? `${difference.toExponential(1)}${difference <= TOLERANCE ? '' : ' DIFFERS'}` : '–';
  const times = gpu ? (gpu.stepsPerSecond / cpu.stepsPerSecond).toFixed(1) : '–';
  const repeated = gpu && again ? (isRepeated(gpu, again) ? 'yes' : 'NO') : '–';
  return `${title.padEnd(36)} ${speed(cpu)} ${speed(gpu)} ${times.padStart(9)}  ${verdict.padEnd(16)}  ${repeated}`;
}
