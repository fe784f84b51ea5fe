/**
 * Detects requests to end the process: Ctrl-C and other signals, and a closed standard output.
 */

/** npm repeats the signal that the terminal already sent. Signals within this time belong to the same Ctrl-C. */
const REPEATED_SIGNAL_MS = 700;

/** Exit code of a process that ended because of Ctrl-C. */
export const INTERRUPTED_EXIT_CODE = 130;

export interface Interruption {
  /** Resolves at the first request. */
  readonly first: Promise<void>;
  /** Sets the function to call at the second request. */
  readonly onSecond: (callback: () => void) => void;
}

/** Starts to listen for SIGINT, SIGTERM and SIGHUP. From then on they no longer end the process by themselves. */
export function listenForInterruption(): Interruption {
  let firstAt: number | undefined;
  let second: () => void = () => undefined;
  const first = new Promise<void>((resolve) => {
    // The reader of a pipe has ended, as in `npm start | head`.
    process.stdout.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EPIPE') throw error;
      firstAt ??= performance.now();
      resolve();
    });
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
      process.on(signal, () => {
        const now = performance.now();
        if (firstAt === undefined) {
          firstAt = now;
          resolve();
        } else if (now - firstAt > REPEATED_SIGNAL_MS) second();
      });
    }
  });
  return { first, onSecond: (callback) => (second = callback) };
}
