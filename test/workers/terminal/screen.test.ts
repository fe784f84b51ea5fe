import assert from 'node:assert/strict';
import { Writable } from 'node:stream';
import { before, describe, it } from 'node:test';
import { Screen } from '../../../workers/terminal/screen.ts';

const UP_TWO_AND_ERASE = '\u001b[2A\u001b[0J';

function terminal(
  columns: number | undefined,
  isTTY = true,
): { readonly screen: Screen; readonly written: () => string } {
  const written: string[] = [];
  const stream = new Writable({
    decodeStrings: false,
    write: (text: string, _encoding, done) => {
      written.push(text);
      done();
    },
  });
  return {
    screen: new Screen(Object.assign(stream, { isTTY, columns }) as never),
    written: () => written.join(''),
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
    const { screen, written } = terminal(80, false);
    screen.show(['one']);
    screen.say('stays');
    assert.equal(written(), 'stays\n');
  });
});
