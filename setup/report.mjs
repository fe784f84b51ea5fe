/**
 * What set-up prints: one line a step, kept up to date in place on a terminal, repeated now and then elsewhere.
 */

/** How often progress is printed where lines cannot be overwritten. */
const PLAIN_INTERVAL_MS = 10_000;

/**
 * Writes a size for reading: whole megabytes, or gigabytes with one decimal.
 * @param {number} bytes
 * @returns {string} e.g. "274 MB", "1.3 GB", "0 MB"
 */
export function megabytes(bytes) {
  return bytes >= 1e9 ? `${(bytes / 1e9).toFixed(1)} GB` : `${Math.round(bytes / 1e6)} MB`;
}

/** Progress on a stream: at most one line is open, the one that is being overwritten. */
export class Report {
  #stream;
  #open = false;
  #title = '';
  #startedAtMs = 0;
  #lastPrintedAtMs = 0;

  /**
   * @param {import('node:tty').WriteStream | { write(text: string): unknown, isTTY?: boolean, columns?: number }}
   *   stream normally stderr
   */
  constructor(stream) {
    this.#stream = stream;
  }

  /** Prints a line of its own. @param {string} text */
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
   * Says how far the step has come. On a terminal the line is overwritten; elsewhere one is printed every ten seconds.
   * @param {string} text short, without the title; empty where there is nothing to say yet
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

  /** Ends a step. @param {string} outcome what is in place now */
  end(outcome) {
    const seconds = (performance.now() - this.#startedAtMs) / 1000;
    this.line(`  ${this.#title}: ${outcome} (${seconds < 10 ? seconds.toFixed(1) : String(Math.round(seconds))} s)`);
  }

  /** Wipes the open line, so that something else can be printed. */
  #close() {
    if (this.#open) this.#stream.write('\r\x1b[K');
    this.#open = false;
  }
}
