/**
 * Writes to the terminal: permanent lines above a block that is redrawn. Other outputs get only the lines.
 */
import type { WriteStream } from 'node:tty';

const DEFAULT_COLUMNS = 100;

export class Screen {
  readonly #stream: NodeJS.WritableStream & Partial<Pick<WriteStream, 'isTTY' | 'columns'>>;
  #block: readonly string[] = [];

  constructor(stream: NodeJS.WritableStream & Partial<Pick<WriteStream, 'isTTY' | 'columns'>> = process.stdout) {
    this.#stream = stream;
  }

  /** Tells whether the output can redraw a block. */
  get updates(): boolean {
    return this.#stream.isTTY === true && process.env['TERM'] !== 'dumb';
  }

  /** Writes permanent text. */
  say(text: string): void {
    const block = this.#block;
    this.#erase();
    this.#stream.write(`${text}\n`);
    this.#draw(block);
  }

  /** Replaces the block. Does nothing if the output is no terminal. */
  show(block: readonly string[]): void {
    if (!this.updates) return;
    this.#erase();
    this.#draw(block);
  }

  /** Makes the current block permanent. */
  leave(): void {
    this.#block = [];
  }

  #erase(): void {
    if (this.#block.length > 0) this.#stream.write(`\u001b[${this.#block.length}A\u001b[0J`);
    this.#block = [];
  }

  #draw(block: readonly string[]): void {
    // A terminal without a configured size reports 0 columns.
    const columns = this.#stream.columns || DEFAULT_COLUMNS;
    // Longer lines would wrap, and then `#erase` would miss a line.
    for (const line of block)
      this.#stream.write(`${line.length < columns ? line : `${line.slice(0, columns - 2)}…`}\n`);
    this.#block = block;
  }
}
