/**
 * The rows of a run, from small files.
 */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { runRows, type RunRows } from '../../../../activities/tasks/tabular/rows.ts';
import { settings } from '../../../../activities/tasks/tabular/settings.ts';
import type { Feeds } from '../../../../activities/tasks/tensorflow/network-definition.ts';
import { dataFolder } from '../datasets/data-files.ts';

const classification = { problem: 'classification', target: 'kind' };

/** Returns the inputs, row by row, and the targets. */
function rowsOf({ inputs, targets }: Feeds): readonly [number[][], number[]] {
  const [rows = 0, width = 0] = inputs!.shape;
  const values = [...inputs!.values];
  return [Array.from({ length: rows }, (_, row) => values.slice(row * width, (row + 1) * width)), [...targets!.values]];
}

async function testFeedsOf({ data: { test } }: RunRows): Promise<Feeds> {
  assert.ok(test && 'load' in test && typeof test.load === 'function');
  return test.load();
}

describe('the rows of a run', () => {
  const folder = dataFolder();
  const runOf = (own: object) => runRows(settings.parse(own), 1, 7);
  const write = (name: string, header: string, rows: readonly string[]) =>
    folder.write(`${name}.csv`, `${header}\n${rows.join('\n')}\n`);

  it('have categories that are written alike in both files, although one file has only numbers', async () => {
    const rows = Array.from({ length: 10 }, () => ['01067,3,a', 'x12,4,b']).flat();
    const file = write('codes', 'code,size,kind', rows);
    const testFile = write('codes-test', 'kind,size,code', ['b,4,x12', 'a,3,01067', 'a,3,1067']);
    const numbersOnly = write('codes-numbers', 'kind,size,code', ['a,3,01067', 'b,3,1067']);
    const [[x12, code, unknown], targets] = rowsOf(await testFeedsOf(runOf({ ...classification, file, testFile })));
    assert.deepEqual(
      [code?.slice(0, 2), x12?.slice(0, 2), unknown?.slice(0, 2)],
      [
        [1, 0],
        [0, 1],
        [0, 0],
      ],
    );
    assert.deepEqual(targets, [1, 0, 0]);
    const [numbers] = rowsOf(await testFeedsOf(runOf({ ...classification, file, testFile: numbersOnly })));
    assert.deepEqual(numbers, [code, unknown]);
  });

  it('have classes as they are written: in the order of their size if all are numbers', async () => {
    const kinds = ['10', '007', '7', '9007199254740993', '9007199254740992', '-1.5'];
    const file = write(
      'classes',
      'size,kind',
      [...kinds, ...kinds].map((kind, row) => `${row},${kind}`),
    );
    const testFile = write('classes-test', 'size,kind', ['1,007', '2,9007199254740993']);
    const rows = runOf({ ...classification, file, testFile });
    assert.deepEqual(rows.target, {
      kind: 'classes',
      classes: ['-1.5', '007', '7', '10', '9007199254740992', '9007199254740993'],
    });
    assert.deepEqual(rowsOf(await testFeedsOf(rows))[1], [1, 5]);
  });

  it('are refused at once if those of the test file do not fit', () => {
    const file = write('own', 'area,kind', ['1,a', '2,b', '3,a', '4,b', '5,a']);
    for (const [row, found] of [
      ['6,castle', 'one of the 2 classes of the training file in column `kind`, got `castle in line 2`'],
      ['6,', 'a value in column `kind`, the target, in each line, got `none in line 2`'],
      ['large,a', 'numbers in column `area`, got `large in line 2`'],
    ] as const) {
      const testFile = write('other', 'area,kind', [row]);
      assert.throws(() => runOf({ ...classification, file, testFile }), {
        name: 'DataSetError',
        message: `Cannot use data file ${testFile}: expected ${found}`,
      });
    }
  });

  it('are read again if a file has been replaced, also one that could not be used', async () => {
    const file = write('repaired', 'area,price', ['1,1', '2,2', '3,', '4,4', '5,5']);
    const open = () => runOf({ problem: 'regression', file, target: 'price' });
    assert.throws(open, { message: /in column `price`, the target, in each line, got `none in line 4`$/ });
    write('repaired', 'area,price', ['1,1', '2,2', '3,3', '4,4', '5,5']);
    const first = open();
    assert.equal(open(), first, 'known');
    write('repaired', 'area,price', ['10,1', '20,2', '30,3', '40,4', '50,5', '60,6']);
    const other = open();
    assert.notEqual(other.data.key, first.data.key);
    assert.ok(typeof other.data.load === 'function');
    assert.equal((await other.data.load())['inputs']?.values.length, 6);
  });
});
