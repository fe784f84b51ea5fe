/**
 * What is found in the files of a table when a run is planned.
 */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { gzipSync } from 'node:zlib';
import type { TaskSpecification } from '../../../../activities/contracts/task.ts';
import { registryWith } from '../../../../activities/tasks/shipped.ts';
import { tellComplaints } from '../../../../activities/tasks/registry.ts';
import { describe as describeTask } from '../../../../activities/training/describe.ts';
import { dataFolder } from '../datasets/data-files.ts';

const HEADER = '"id","area","price"\n';

describe('the files of a table, before a run is planned', () => {
  const folder = dataFolder();
  const file = folder.write('houses.csv', `${HEADER}1,2,3\n`);
  const task = { kind: 'tabular', problem: 'regression', file, target: 'price', ignore: ['id'] };
  const complaintsOf = async (given: TaskSpecification) => {
    const complaints = await registryWith().check(given, '');
    return complaints.map((complaint) => tellComplaints({ task: given }, [complaint]));
  };

  it('have no error if all is well, however long and however compressed', async () => {
    const rows = Array.from({ length: 200_000 }, (_, row) => `${row},${(row * 7919) % 1000},é`).join('\n');
    const long = folder.write('long.csv', `${HEADER}${rows}`);
    const compressed = folder.write('long.csv.gz', gzipSync(`${HEADER}${rows}`, { level: 1 }));
    const testFile = folder.write('test.csv', 'price,area\n1,2\n');
    for (const one of [file, long, compressed])
      assert.deepEqual(await complaintsOf({ ...task, file: one, testFile }), [], one);
    assert.deepEqual(await complaintsOf({ ...task, header: false, target: 'column-3', ignore: [] }), []);
  });

  it('are not refused for a first line that goes on behind what is looked at', async () => {
    const names = Array.from({ length: 100_000 }, (_, index) => `column of number ${index}`).join(',');
    assert.deepEqual(await complaintsOf({ ...task, file: folder.write('wide.csv', `${names},id,price\n`) }), []);
  });

  for (const [what, change, messages] of [
    [
      'a missing file',
      { file: '/none.csv' },
      [/^Expected `task.file` to be a CSV file that can be used, .*no such file/],
    ],
    [
      'a folder',
      { testFile: folder.path },
      [/^Expected `task.testFile` to be a CSV file that can be used, .*a folder/],
    ],
    [
      'names of no columns',
      { target: 'cost', ignore: ['id', 'name'], categories: ['kind'] },
      [
        /^Expected `task.target` to be the name of a column of `task.file` \(id, area, price\), got `cost`$/,
        /^Expected `task.ignore\[1\]` to be .*, got `name`$/,
        /^Expected `task.categories\[0\]` to be .*, got `kind`$/,
      ],
    ],
    [
      'a test file without a column',
      { testFile: folder.write('narrow.csv', 'price,id\n1,2\n') },
      [/^Expected `task.testFile` to be a file with the columns of `task.file`, area too, got `price, id`$/],
    ],
    [
      'a first line that is none',
      { file: folder.write('twice.csv', 'a,b,a\n') },
      [/twice.csv: expected another name for each column, got "a twice"`$/],
    ],
  ] as const) {
    it(`are refused for ${what}`, async () => {
      const complaints = await complaintsOf({ ...task, ...change });
      assert.equal(complaints.length, messages.length, complaints.join('\n'));
      messages.forEach((message, index) => assert.match(complaints[index] ?? '', message));
    });
  }

  it('are looked at when a trainer describes the task', async () => {
    const request = { task: { ...task, target: 'cost' }, threads: 1 };
    await assert.rejects(describeTask(request, 1, registryWith(), ''), {
      type: 'InvalidTask',
      nonRetryable: true,
      message: 'Expected `task.target` to be the name of a column of `task.file` (id, area, price), got `cost`',
    });
  });
});
