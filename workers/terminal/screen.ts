/**
 * Writes to the terminal: permanent lines above a block that is redrawn. Other outputs get only the lines.
 */
import type { WriteStream } from 'node:tty';
import { styleText } from 'node:util';

const DEFAULT_COLUMNS = 100;

/** Words at the beginning of a line that call for attention, and their colours. */
const ALARMS = { HOLDING: 'red', FAILED: 'red', WARNING: 'yellow', WAITING: 'yellow' } as const;
const ALARM = new RegExp(String.raw`^( *)(${Object.keys(ALARMS).join('|')})(?=:)`, 'gm');

type Output = NodeJS.WritableStream & Partial<Pick<WriteStream, 'isTTY' | 'columns' | 'hasColors'>>;

export class Screen {
  readonly #stream: Output;
  #block: readonly string[] = [];
  /** The lengths of the block's lines as they were drawn. */
  #drawn: readonly number[] = [];

  constructor(stream: Output = process.stdout) {
    this.#stream = stream;
    if (this.updates) stream.on('resize', () => this.show(this.#block));
  }

  /** Tells whether the output can redraw a block. */
  get updates(): boolean {
    return this.#stream.isTTY === true && process.env['TERM'] !== 'dumb';
  }

  /** Characters of a line. A terminal without a configured size reports 0. */
  get columns(): number {
    return this.#stream.columns || DEFAULT_COLUMNS;
  }

  /** Writes permanent text. */
  say(text: string): void {
    const block = this.#block;
    this.#erase();
    this.#stream.write(`${this.#paint(text)}\n`);
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
    this.#drawn = [];
  }

  #erase(): void {
    // A terminal that became narrower wraps the lines that were drawn.
    const rows = this.#drawn.reduce((sum, length) => sum + Math.max(1, Math.ceil(length / this.columns)), 0);
    if (rows > 0) this.#stream.write(`\u001b[${rows}A\u001b[0J`);
    this.leave();
  }

  #draw(block: readonly string[]): void {
    const { columns } = this;
    // Longer lines would wrap.
    const lines = block.map((line) => (line.length < columns ? line : `${line.slice(0, columns - 2)}…`));
    for (const line of lines) this.#stream.write(`${this.#paint(line)}\n`);
    this.#block = block;
    this.#drawn = lines.map(({ length }) => length);
  }

  /** Colours the alarms, unless the output or NO_COLOR wants none. */
  #paint(text: string): string {
    if (!this.updates || this.#stream.hasColors?.() !== true) return text;
    const paint = (word: keyof typeof ALARMS): string => styleText(ALARMS[word], word, { validateStream: false });
    return text.replaceAll(ALARM, (_, indent: string, word: keyof typeof ALARMS) => indent + paint(word));
  }
}
