/**
 * Ctrl-C at the terminal, and whatever else asks a process to end.
 */

/** npm sends on what the terminal sent already: signals so soon after the first are the same Ctrl-C. */
const SAME_PRESS_MS = 700;

/** Exit code of a process that Ctrl-C ended. */
export const INTERRUPTED_EXIT_CODE = 130;

export interface Interruption {
  /** Resolves at the first signal. */
  readonly first: Promise<void>;
  readonly happened: () => boolean;
  /** Calls back at the second. */
  readonly onSecond: (callback: () => void) => void;
}

/** Listens for SIGINT, SIGTERM and SIGHUP from now on, in place of Node's own ending of the process. */
export function interrupted(): Interruption {
  let firstAt: number | undefined;
  let second: () => void = () => undefined;
  const first = new Promise<void>((resolve) => {
    // Nobody reads any more, as in `npm start | head`.
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
        } else if (now - firstAt > SAME_PRESS_MS) second();
      });
    }
  });
  return { first, happened: () => firstAt !== undefined, onSecond: (callback) => (second = callback) };
}
