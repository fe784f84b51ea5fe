/**
 * Environment variables of TensorFlow's C library. They must be set before it loads.
 */

/** Sets the number of threads, and defaults for the variables that are not set yet. */
export function configureTensorFlow(threads: number): void {
  process.env['TF_NUM_INTRAOP_THREADS'] = String(threads);
  process.env['TF_NUM_INTEROP_THREADS'] = String(threads);
  // TensorFlow's default depends on the processor, and the setting changes the bits of a checkpoint. Convolutions take
  // two to four times as long without oneDNN.
  process.env['TF_ENABLE_ONEDNN_OPTS'] ??= '1';
  process.env['TF_CPP_MIN_LOG_LEVEL'] ??= '2';
  process.env['TF_FORCE_GPU_ALLOW_GROWTH'] ??= 'true';
}
