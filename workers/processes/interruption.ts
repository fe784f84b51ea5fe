/**
 * Detects requests to end the process: Ctrl-C and other signals.
 */
import { isatty } from 'node:tty';

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

/**
 * Starts to listen for SIGINT, SIGTERM and SIGHUP. From then on they no longer end the process by themselves.
 *
 * SIGHUP is ignored if no standard stream is a terminal: that is how `nohup` leaves a process, and Node resets the
 * signal that `nohup` ignores. Standard output that can no longer be written to (a closed terminal, a full disk, a pipe
 * whose reader has ended) is no request either: the training goes on.
 */
export function listenForInterruption(): Interruption {
  let firstAt: number | undefined;
  let second: () => void = () => undefined;
  ignoreUnwritableOutput();
  const hasTerminal = [0, 1, 2].some((descriptor) => isatty(descriptor));
  const first = new Promise<void>((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
      process.on(signal, () => {
        if (signal === 'SIGHUP' && !hasTerminal) return;
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

/** Keeps write errors of the standard streams from ending the process. */
function ignoreUnwritableOutput(): void {
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined);
}
