import assert from 'node:assert/strict';
import { test } from 'node:test';
import { markdownTable } from '../../../workflows/population/markdown-table.ts';

test('a table has a header, a separator and rows, and escapes characters that end a cell', () => {
  assert.equal(
    markdownTable(['name', 'value'], [['a|b', '1']]),
    ['| name | value |', '| --- | --- |', '| a\\|b | 1 |'].join('\n'),
  );
  assert.equal(markdownTable(['name'], []), '| name |\n| --- |');
});
