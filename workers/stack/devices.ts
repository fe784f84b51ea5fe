/**
 * What there is to train on: one trainer per GPU, else one per core.
 */
import { execFileSync } from 'node:child_process';
import { availableParallelism, totalmem } from 'node:os';

/** One trainer's share of the machine; `gpu` goes into its CUDA_VISIBLE_DEVICES. */
export interface Device {
  readonly gpu: string | null;
}

/** Memory that a trainer without a GPU may need: a machine of many cores and little memory gets fewer of them. */
const BYTES_PER_TRAINER = 1e9;
const PATIENCE_MS = 10_000;

/**
 * Returns one device per trainer: `trainers` of them where it is given, taking turns on the GPUs where there are fewer.
 */
export function chooseDevices(trainers: number | undefined, threads: number, environment: NodeJS.ProcessEnv): Device[] {
  const gpus = findGpus(environment);
  const fitting = Math.max(
    1,
    Math.min(Math.floor(availableParallelism() / threads), Math.floor(totalmem() / BYTES_PER_TRAINER)),
  );
  const count = trainers ?? (gpus.length > 0 ? gpus.length : fitting);
  return Array.from({ length: count }, (_, index) => ({
    gpu: gpus.length > 0 ? (gpus[index % gpus.length] ?? null) : null,
  }));
}

/**
 * GPUs by the names that CUDA_VISIBLE_DEVICES takes: those it names already, else all that the driver lists; none
 * without a driver.
 */
function findGpus(environment: NodeJS.ProcessEnv): string[] {
  const listed = listGpus(environment);
  const visible = environment['CUDA_VISIBLE_DEVICES'];
  if (visible === undefined || listed.length === 0) return listed;
  return visible
    .split(',')
    .map((gpu) => gpu.trim())
    .filter((gpu) => gpu !== '' && gpu !== '-1' && gpu !== 'NoDevFiles');
}

function listGpus(environment: NodeJS.ProcessEnv): string[] {
  try {
    const listing = execFileSync('nvidia-smi', ['-L'], {
      encoding: 'utf8',
      timeout: PATIENCE_MS,
      stdio: ['ignore', 'pipe', 'ignore'],
      env: environment,
    });
    return [...listing.matchAll(/^GPU (\d+):/gm)].map((line) => line[1] ?? '');
  } catch {
    return [];
  }
}
