/**
 * Prints the progress of set-up. A terminal shows one line per step and updates it in place. Other outputs get a line
 * every few seconds.
 */

/** Time between two lines of progress if the output is no terminal. */
const PLAIN_INTERVAL_MS = 10_000;

/**
 * Formats a size in whole formatSize, or in gigabytes with one decimal.
 * @param {number} bytes
 * @returns {string} e.g. "274 MB", "1.3 GB", "0 MB"
 */
export function formatSize(bytes) {
  return bytes >= 1e9 ? `${(bytes / 1e9).toFixed(1)} GB` : `${Math.round(bytes / 1e6)} MB`;
}

/** Reports progress on a stream. At most one line is open; on a terminal, new progress overwrites it. */
export class Report {
  #stream;
  #open = false;
  #title = '';
  #startedAtMs = 0;
  #lastPrintedAtMs = 0;

  /**
   * @param {import('node:tty').WriteStream | { write(text: string): unknown, isTTY?: boolean, columns?: number }}
   *   stream usually stderr
   */
  constructor(stream) {
    this.#stream = stream;
  }

  /** Prints a separate line. @param {string} text */
  line(text) {
    this.#close();
    this.#stream.write(`${text}\n`);
  }

  /** Begins a step. @param {string} title */
  begin(title) {
    this.#title = title;
    this.#startedAtMs = performance.now();
    this.#lastPrintedAtMs = -Infinity;
    this.progress('');
  }

  /**
   * Reports the progress of the step. Overwrites the line on a terminal; prints a line every ten seconds elsewhere.
   * @param {string} text short, without the title; may be empty
   */
  progress(text) {
    const seconds = Math.round((performance.now() - this.#startedAtMs) / 1000);
    const line = `  ${this.#title} …${text === '' ? '' : ` ${text}`}${seconds >= 2 ? ` (${String(seconds)} s)` : ''}`;
    if (this.#stream.isTTY === true) {
      this.#stream.write(`\r\x1b[K${line.slice(0, (this.#stream.columns ?? 80) - 1)}`);
      this.#open = true;
    } else if (performance.now() - this.#lastPrintedAtMs >= PLAIN_INTERVAL_MS) {
      this.#stream.write(`${line}\n`);
    } else return;
    this.#lastPrintedAtMs = performance.now();
  }

  /** Ends a step. @param {string} outcome what the step has installed */
  end(outcome) {
    const seconds = (performance.now() - this.#startedAtMs) / 1000;
    this.line(`  ${this.#title}: ${outcome} (${seconds < 10 ? seconds.toFixed(1) : String(Math.round(seconds))} s)`);
  }

  /** Clears the open line. */
  #close() {
    if (this.#open) this.#stream.write('\r\x1b[K');
    this.#open = false;
  }
}
