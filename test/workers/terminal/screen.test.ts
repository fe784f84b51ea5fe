import assert from 'node:assert/strict';
import { Writable } from 'node:stream';
import { before, describe, it } from 'node:test';
import { Screen } from '../../../workers/terminal/screen.ts';

const UP_TWO_AND_ERASE = '\u001b[2A\u001b[0J';

interface Terminal {
  readonly screen: Screen;
  /** Returns what was written since the last call. */
  readonly written: () => string;
  readonly resize: (columns: number) => void;
}

function terminal(columns: number | undefined, { isTTY = true, colours = false } = {}): Terminal {
  const written: string[] = [];
  const stream = new Writable({
    decodeStrings: false,
    write: (text: string, _encoding, done) => {
      written.push(text);
      done();
    },
  });
  const output = Object.assign(stream, { isTTY, columns, hasColors: () => colours });
  return {
    screen: new Screen(output as never),
    written: () => written.splice(0).join(''),
    resize: (to) => {
      output.columns = to;
      output.emit('resize');
    },
  };
}

describe('the terminal', () => {
  before(() => (process.env['TERM'] = 'xterm'));

  it('redraws the block below the permanent lines', () => {
    const { screen, written } = terminal(80);
    screen.show(['one', 'two']);
    screen.say('stays');
    screen.show(['three']);
    assert.equal(written(), `one\ntwo\n${UP_TWO_AND_ERASE}stays\none\ntwo\n${UP_TWO_AND_ERASE}three\n`);
  });

  it('cuts lines that would wrap if the terminal has a known width', () => {
    const line = 'x'.repeat(90);
    for (const [columns, drawn] of [
      [20, `${'x'.repeat(18)}…`],
      [100, line],
      [0, line],
      [undefined, line],
    ] as const) {
      const { screen, written } = terminal(columns);
      screen.show([line]);
      assert.equal(written(), `${drawn}\n`, String(columns));
    }
  });

  it('draws no block if it cannot redraw it', () => {
    const { screen, written } = terminal(80, { isTTY: false });
    screen.show(['one']);
    screen.say('stays');
    assert.equal(written(), 'stays\n');
  });

  it('draws the block anew if the terminal is resized, also over lines that then wrapped', () => {
    const { screen, written, resize } = terminal(80);
    screen.show(['x'.repeat(50), 'short']);
    written();
    resize(30);
    assert.equal(written(), `\u001b[3A\u001b[0J${'x'.repeat(28)}…\nshort\n`);
    resize(80);
    assert.equal(written(), `${UP_TWO_AND_ERASE}${'x'.repeat(50)}\nshort\n`);
  });

  it('colours what calls for attention, where colours are wanted', () => {
    const text = '  HOLDING: P2\nround 1: HOLDING: no';
    const { screen, written } = terminal(80, { colours: true });
    screen.say(text);
    assert.equal(written(), '  \u001b[31mHOLDING\u001b[39m: P2\nround 1: HOLDING: no\n');
    const plain = terminal(80);
    plain.screen.say(text);
    assert.equal(plain.written(), `${text}\n`);
  });
});
