import assert from 'node:assert/strict';
import { test } from 'node:test';
import { markdownTable } from '../../../workflows/population/markdown-table.ts';

test('a table has a head, a rule and rows, and escapes what would end a cell', () => {
  assert.equal(
    markdownTable(['name', 'value'], [['a|b', '1']]),
    ['| name | value |', '| --- | --- |', '| a\\|b | 1 |'].join('\n'),
  );
  assert.equal(markdownTable(['name'], []), '| name |\n| --- |');
});
