import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseTable, type TableFormat } from '../../../../activities/tasks/datasets/table.ts';
import {
  columnNamed,
  encodeTable,
  encodingOf,
  inputsOf,
  numbersOf,
} from '../../../../activities/tasks/datasets/table-encoding.ts';

const FORMAT: TableFormat = { separator: ',', header: true, decimal: '.', missing: ['', 'NA'], categories: [] };
const table = (text: string, format: Partial<TableFormat> = {}) =>
  parseTable({ path: '/a.csv', bytes: Buffer.from(text) }, { ...FORMAT, ...format });
const refuses = (run: () => unknown, message: string) =>
  assert.throws(run, { name: 'DataSetError', message: `Cannot use data file /a.csv: expected ${message}` });

const PEOPLE = 'age,city,code\n30,Rome,7\nNA,Oslo,8\n50,,7\n40,Rome,\n';

describe('parseTable', () => {
  it('tells numbers from categories, and knows what is missing', () => {
    const { rows, lines, columns } = table(PEOPLE);
    assert.deepEqual([rows, lines], [4, [2, 3, 4, 5]]);
    assert.deepEqual(columns.get('age')?.values, Float64Array.of(30, NaN, 50, 40));
    assert.deepEqual(columns.get('city')?.values, ['Rome', 'Oslo', undefined, 'Rome']);
    assert.equal(columns.get('code')?.kind, 'number');
  });

  it('takes numbers as categories if that is asked', () => {
    assert.deepEqual(table(PEOPLE, { categories: ['code'] }).columns.get('code')?.values, ['7', '8', '7', undefined]);
  });

  it('names columns by number without a header', () => {
    const { rows, columns } = table('1,a\n2,b\n', { header: false });
    assert.deepEqual([rows, [...columns.keys()]], [2, ['column-1', 'column-2']]);
  });

  it('reads signs, exponents and decimal commas, but takes no name for a number', () => {
    assert.deepEqual(table('x\n-1.5e-3\n+.5\n2.\n').columns.get('x')?.values, Float64Array.of(-0.0015, 0.5, 2));
    assert.deepEqual(
      table('x;y\n1,5;1.5\n', { separator: ';', decimal: ',' }).columns.get('x')?.values,
      Float64Array.of(1.5),
    );
    for (const text of ['Infinity', '0x10', '1e999', '1,5', '1 2'])
      assert.equal(table(`x\n"${text}"\n`).columns.get('x')?.kind, 'category', text);
  });

  it('refuses names that are empty, twice there or unknown, and a file without rows', () => {
    refuses(() => table('a,,c\n1,2,3\n'), 'a name for column 2 in the first line, got ``');
    refuses(() => table('a,b,a\n1,2,3\n'), 'another name for each column, got `a twice`');
    refuses(() => table('a,b\n1,2\n', { categories: ['c'] }), 'a column named `c`, got `columns a, b`');
    refuses(() => table('a,b\n'), 'at least one row below the names of the columns, got `0`');
  });
});

describe('the encoding of a table', () => {
  it('takes means, deviations and categories from the training rows alone', () => {
    const people = table(PEOPLE);
    const encoding = encodingOf(people, ['age', 'city'], Uint32Array.of(0, 2, 3));
    assert.deepEqual(encoding, [
      { name: 'age', kind: 'number', mean: 40, deviation: Math.sqrt(200 / 3), missing: false },
      { name: 'city', kind: 'category', categories: ['Rome'], missing: true },
    ]);
    assert.equal(inputsOf(encoding), 3);
    const deviation = Math.sqrt(200 / 3);
    assert.deepEqual(
      encodeTable(people, encoding),
      Float32Array.of(-10 / deviation, 1, 0, 0, 0, 0, 10 / deviation, 0, 1, 0, 1, 0),
    );
  });

  it('says that a number is missing if that is so in a training row', () => {
    const people = table(PEOPLE);
    const encoding = encodingOf(people, ['age'], Uint32Array.of(0, 1, 2));
    assert.deepEqual(encodeTable(people, encoding), Float32Array.of(-1, 0, 0, 1, 1, 0, 0, 0));
  });

  it('keeps a column that does not vary at 0, and one without any value', () => {
    const constant = table('a,b\n5,\n5,\n');
    const encoding = encodingOf(constant, ['a', 'b'], Uint32Array.of(0, 1));
    assert.deepEqual(encodeTable(constant, encoding), Float32Array.of(0, 0, 1, 0, 0, 1));
  });

  it('leaves other rows in the units of a column that does not vary in the training rows', () => {
    const rows = table(`x\n${'0.19\n'.repeat(100)}0.2\n`);
    const training = Uint32Array.from({ length: 100 }, (_, row) => row);
    const encoding = encodingOf(rows, ['x'], training);
    assert.deepEqual(encoding, [{ name: 'x', kind: 'number', mean: 0.19, deviation: 1, missing: false }]);
    assert.equal(encodeTable(rows, encoding)[100], Math.fround(0.2 - 0.19));
  });

  it('refuses a column with too many values to be categories, and one that should be numbers', () => {
    const names = table(`name\n${Array.from({ length: 1001 }, (_, row) => `n${row}`).join('\n')}\n`);
    refuses(
      () =>
        encodingOf(
          names,
          ['name'],
          Uint32Array.from({ length: 1001 }, (_, row) => row),
        ),
      'numbers, or at most 1000 different values, in column `name` (or leave it out by `ignore`), ' +
        'got `1001 values such as n0`',
    );
    const mixed = table('price\n1\n2\nfree\n');
    refuses(() => numbersOf(mixed, columnNamed(mixed, 'price')), 'numbers in column `price`, got `free in line 4`');
    refuses(() => columnNamed(mixed, 'cost'), 'a column named `cost`, got `columns price`');
  });
});
