/**
 * Chooses the devices of the trainers: one trainer per GPU, else one per core.
 */
import { execFileSync } from 'node:child_process';
import { availableParallelism, totalmem } from 'node:os';

/** The device of one trainer. */
export interface Device {
  /** The trainer's CUDA_VISIBLE_DEVICES; null if it uses the CPU. */
  readonly gpu: string | null;
}

/** A GPU that the driver lists. */
export interface Gpu {
  readonly number: string;
  /** As in `NVIDIA H100 80GB HBM3`. */
  readonly name: string;
}

/** Memory that a trainer without a GPU may need. It limits the number of trainers on a machine with little memory. */
const BYTES_PER_TRAINER = 1e9;
const NVIDIA_SMI_TIMEOUT_MS = 10_000;

/** Returns one device per trainer. If there are more trainers than GPUs, several trainers share a GPU. */
export function chooseDevices(trainers: number | undefined, threads: number, environment: NodeJS.ProcessEnv): Device[] {
  const gpus = findGpus(environment);
  const cpuTrainers = Math.max(
    1,
    Math.min(Math.floor(availableParallelism() / threads), Math.floor(totalmem() / BYTES_PER_TRAINER)),
  );
  const count = trainers ?? (gpus.length > 0 ? gpus.length : cpuTrainers);
  return Array.from({ length: count }, (_, index) => ({
    gpu: gpus.length > 0 ? (gpus[index % gpus.length] ?? null) : null,
  }));
}

/**
 * Returns the GPUs by their names in CUDA_VISIBLE_DEVICES: the ones that this variable already names, else all that the
 * driver lists. Returns none without a driver.
 */
export function findGpus(environment: NodeJS.ProcessEnv): string[] {
  const listed = listGpus(environment).map(({ number }) => number);
  const visible = environment['CUDA_VISIBLE_DEVICES'];
  if (visible === undefined || listed.length === 0) return listed;
  return visible
    .split(',')
    .map((gpu) => gpu.trim())
    .filter((gpu) => gpu !== '' && gpu !== '-1' && gpu !== 'NoDevFiles');
}

/** Returns the GPUs that the driver lists; none without a driver. */
export function listGpus(environment: NodeJS.ProcessEnv): Gpu[] {
  try {
    const listing = execFileSync('nvidia-smi', ['-L'], {
      encoding: 'utf8',
      timeout: NVIDIA_SMI_TIMEOUT_MS,
      stdio: ['ignore', 'pipe', 'ignore'],
      env: environment,
    });
    return [...listing.matchAll(/^GPU (\d+): ?([^(\n]*)/gm)].map(([, number = '', name = '']) => ({
      number,
      name: name.trim(),
    }));
  } catch {
    return [];
  }
}
