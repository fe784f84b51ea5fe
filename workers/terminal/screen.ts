/**
 * The terminal: lines that stay, above a block that is drawn over; without a terminal only lines.
 */
import type { WriteStream } from 'node:tty';

const DEFAULT_COLUMNS = 100;

export class Screen {
  readonly #stream: NodeJS.WritableStream & Partial<Pick<WriteStream, 'isTTY' | 'columns'>>;
  #block: readonly string[] = [];

  constructor(stream: NodeJS.WritableStream & Partial<Pick<WriteStream, 'isTTY' | 'columns'>> = process.stdout) {
    this.#stream = stream;
  }

  /** Whether blocks can be drawn over. */
  get updates(): boolean {
    return this.#stream.isTTY === true && process.env['TERM'] !== 'dumb';
  }

  /** Writes a text that stays. */
  say(text: string): void {
    const block = this.#block;
    this.#erase();
    this.#stream.write(`${text}\n`);
    this.#draw(block);
  }

  /** Draws the block in place of the last one; without a terminal does nothing. */
  show(block: readonly string[]): void {
    if (!this.updates) return;
    this.#erase();
    this.#draw(block);
  }

  /** Leaves what is drawn where it is. */
  leave(): void {
    this.#block = [];
  }

  #erase(): void {
    if (this.#block.length > 0) this.#stream.write(`\u001b[${this.#block.length}A\u001b[0J`);
    this.#block = [];
  }

  #draw(block: readonly string[]): void {
    // A terminal that was told no size has 0 columns.
    const columns = this.#stream.columns || DEFAULT_COLUMNS;
    // A line that wraps would be two to erase.
    for (const line of block)
      this.#stream.write(`${line.length < columns ? line : `${line.slice(0, columns - 2)}…`}\n`);
    this.#block = block;
  }
}
