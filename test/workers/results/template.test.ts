import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { UserError } from '../../../workers/processes/user-error.ts';
import { expandTemplate } from '../../../workers/results/template.ts';

const EXPANSIONS = {
  twice: { takes: ['WORD'], expand: (word = '') => `${word}${word}` },
  none: { takes: [], expand: () => 'none' },
  fail: { takes: [], expand: () => assert.fail(new UserError('there is nothing')) },
};
const expand = (prose: string): string => expandTemplate(prose, EXPANSIONS, (table) => table === 'stored');

describe('a text with placeholders', () => {
  it('is expanded, and the rest of it stays unchanged', () => {
    assert.equal(expand('a {{twice b}} {{ twice  c-1 }} {d} $& {{none}}\n'), 'a bb c-1c-1 {d} $& none\n');
  });

  it('keeps a section only if its table is stored', () => {
    assert.equal(
      expand('a\n{{#if stored}}\n{{twice b}}\n{{/if}}\n{{#if other}}\n{{unheard of}}\n{{/if}}\nc\n'),
      'a\nbb\nc\n',
    );
  });

  it('is refused by the name of the invalid placeholder', () => {
    const cases: [string, string][] = [
      ['a {{thrice b}}', 'Cannot expand {{thrice b}}: expected twice, none, fail or #if … /if, got `thrice`'],
      ['{{toString}}', 'Cannot expand {{toString}}: expected twice, none, fail or #if … /if, got `toString`'],
      ['{{twice}}', 'Cannot expand {{twice}}: expected `twice WORD`'],
      ['{{none b}}', 'Cannot expand {{none b}}: expected `none`'],
      ['{{fail}}', 'Cannot expand {{fail}}: there is nothing'],
      [
        '{{#if stored}} a',
        'Cannot expand {{#if stored}}: expected each `#if` to have one `/if`, and no `#if` inside another',
      ],
      ['a {{/if}}', 'Cannot expand {{/if}}: expected each `#if` to have one `/if`, and no `#if` inside another'],
      [
        '{{#if stored}} {{#if other}} a {{/if}} {{/if}}',
        'Cannot expand {{#if stored}}: expected each `#if` to have one `/if`, and no `#if` inside another',
      ],
    ];
    for (const [prose, message] of cases) assert.throws(() => expand(prose), { name: 'UserError', message });
  });
});
