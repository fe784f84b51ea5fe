import assert from 'node:assert/strict';
import { constants } from 'node:buffer';
import { describe, it } from 'node:test';
import { parseCsv } from '../../../../activities/tasks/datasets/csv.ts';

const read = (text: string, separator = ',') =>
  parseCsv({ path: 'a.csv', bytes: Buffer.from(text) }, separator).map(({ line, fields }) => [line, ...fields]);

describe('parseCsv', () => {
  for (const [what, text, records] of [
    [
      'plain fields',
      'a,b\n1,2\n',
      [
        [1, 'a', 'b'],
        [2, '1', '2'],
      ],
    ],
    [
      'a last line without a line break',
      'a,b\n1,2',
      [
        [1, 'a', 'b'],
        [2, '1', '2'],
      ],
    ],
    [
      'line breaks of Windows and of old Macs',
      'a,b\r\n1,2\r3,4\r\n',
      [
        [1, 'a', 'b'],
        [2, '1', '2'],
        [3, '3', '4'],
      ],
    ],
    [
      'empty fields, the last too',
      ',a,\n,,',
      [
        [1, '', 'a', ''],
        [2, '', '', ''],
      ],
    ],
    [
      'a separator, quotes and line breaks in quotes',
      '"a,1","say ""x""","l\n2"\nb,c,d',
      [
        [1, 'a,1', 'say "x"', 'l\n2'],
        [3, 'b', 'c', 'd'],
      ],
    ],
    ['an empty field in quotes', '"",x\n', [[1, '', 'x']]],
    ['spaces around fields and quotes', ' a , " b "\n', [[1, 'a', ' b ']]],
    [
      'empty lines, which it leaves out',
      '\na\n\n\nb\n\n',
      [
        [2, 'a'],
        [5, 'b'],
      ],
    ],
    ['a byte order mark', '\uFEFFa,b\n', [[1, 'a', 'b']]],
    ['letters beyond ASCII', 'Größe,年\n', [[1, 'Größe', '年']]],
  ] as const) {
    it(`reads ${what}`, () => assert.deepEqual(read(text), records));
  }

  it('reads other separators', () => {
    assert.deepEqual(read('a;1,5\n', ';'), [[1, 'a', '1,5']]);
    assert.deepEqual(read('a\t "b"\t\n', '\t'), [[1, 'a', 'b', '']]);
  });

  for (const [what, text, message] of [
    ['an empty file', '\n', 'at least one line, got `none`'],
    ['a line with another number of fields', 'a,b\n1,2\n1,2,3\n', '2 fields in line 3, as in line 1, got `3`'],
    ['a quote that never ends', 'a\n"b\nc', 'a quote that ends the field in line 2, got `"\\"b\\nc"`'],
    ['text after a quoted field', '"a"b,c\n', 'a separator after the quoted field in line 1, got `"b,c\\n"`'],
    [
      'a quote inside a field without quotes',
      'a"b,c\n',
      'no quote inside a field that does not begin with one, in line 1, got `"a\\"b"`',
    ],
  ] as const) {
    it(`refuses ${what}, naming the line`, () =>
      assert.throws(() => read(text), {
        name: 'DataSetError',
        message: `Cannot use data file a.csv: expected ${message}`,
      }));
  }

  it('refuses other encodings', () => {
    assert.throws(() => parseCsv({ path: 'a.csv', bytes: Uint8Array.of(0x61, 0xff) }, ','), {
      message: 'Cannot use data file a.csv: expected text in UTF-8, got other bytes',
    });
  });

  it('refuses more text than fits in memory as what it is', () => {
    const bytes = Buffer.alloc(constants.MAX_STRING_LENGTH + 1, 'a');
    assert.throws(() => parseCsv({ path: 'a.csv', bytes }, ','), {
      name: 'DataSetError',
      message:
        `Cannot use data file a.csv: expected text of at most ${constants.MAX_STRING_LENGTH} characters, ` +
        `got \`${bytes.length} bytes\``,
    });
  });
});
