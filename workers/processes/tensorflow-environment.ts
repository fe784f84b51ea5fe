/**
 * Environment variables of TensorFlow's C library. They must be set before it loads.
 */

/** Returns an environment with the number of threads, and defaults for the variables that are not set yet. */
export function tensorFlowEnvironment(threads: number, environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return {
    // TensorFlow's default depends on the processor, and the setting changes the bits of a checkpoint. Convolutions
    // take two to four times as long without oneDNN.
    TF_ENABLE_ONEDNN_OPTS: '1',
    TF_CPP_MIN_LOG_LEVEL: '2',
    TF_FORCE_GPU_ALLOW_GROWTH: 'true',
    ...environment,
    TF_NUM_INTRAOP_THREADS: String(threads),
    TF_NUM_INTEROP_THREADS: String(threads),
  };
}

/** Sets these variables for this process. */
export function configureTensorFlow(threads: number): void {
  Object.assign(process.env, tensorFlowEnvironment(threads, process.env));
}
