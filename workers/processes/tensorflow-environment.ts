/**
 * What TensorFlow's C library reads from its environment, to be set before it loads.
 */

/** Sets how this process will compute; what is set already stays, but for the threads. */
export function configureTensorFlow(threads: number): void {
  process.env['TF_NUM_INTRAOP_THREADS'] = String(threads);
  process.env['TF_NUM_INTEROP_THREADS'] = String(threads);
  // Left alone it depends on the processor, and with it the bits of a checkpoint; convolutions take two to four times
  // as long without it.
  process.env['TF_ENABLE_ONEDNN_OPTS'] ??= '1';
  process.env['TF_CPP_MIN_LOG_LEVEL'] ??= '2';
  process.env['TF_FORCE_GPU_ALLOW_GROWTH'] ??= 'true';
}
