/**
 * Environment variables of a process that computes. TensorFlow's C library and Node read them once, at the start.
 */
import { availableParallelism } from 'node:os';

/** Threads that Node has if nothing is said. */
const FEWEST_THREADS = 4;

/** Returns an environment with the number of threads, and defaults for the variables that are not set yet. */
export function tensorFlowEnvironment(threads: number, environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return {
    // TensorFlow's default depends on the processor, and the setting changes the bits of a checkpoint. Convolutions
    // take two to four times as long without oneDNN.
    TF_ENABLE_ONEDNN_OPTS: '1',
    TF_CPP_MIN_LOG_LEVEL: '2',
    TF_FORCE_GPU_ALLOW_GROWTH: 'true',
    // Else a GPU adds up in another order each time, and a round that is trained again makes another checkpoint.
    TF_DETERMINISTIC_OPS: '1',
    // They decode images.
    UV_THREADPOOL_SIZE: String(Math.max(FEWEST_THREADS, availableParallelism())),
    ...environment,
    TF_NUM_INTRAOP_THREADS: String(threads),
    TF_NUM_INTEROP_THREADS: String(threads),
  };
}

/** Sets these variables for this process. */
export function configureTensorFlow(threads: number): void {
  Object.assign(process.env, tensorFlowEnvironment(threads, process.env));
}
