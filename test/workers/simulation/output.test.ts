import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import type { ComparisonTable } from '../../../activities/contracts/comparison.ts';
import { readSimulatedRuns, requireWritable, writeTable } from '../../../workers/simulation/output.ts';

const RESULTS = join(import.meta.dirname, '../../../docs/results');
const STORED = join(RESULTS, 'toy-ablations.json');
const { input, runs } = tableIn(STORED);

describe('the table of a simulation', () => {
  const directory = mkdtempSync(join(tmpdir(), 'fire-pbt-simulation-'));
  const output = join(directory, 'table.json');
  after(() => rmSync(directory, { recursive: true }));

  it('has the stored runs whose arms are specified as before', () => {
    assert.deepEqual(readSimulatedRuns(join(directory, 'none.json'), input), []);
    assert.deepEqual(readSimulatedRuns(STORED, input), runs);
    const [changed = '', ...same] = Object.keys(input.arms);
    const arms = { ...input.arms, [changed]: {} };
    assert.deepEqual(
      readSimulatedRuns(STORED, { arms }),
      runs.filter(({ arm }) => same.includes(arm)),
    );
  });

  it('is resumed from every simulated table of the results', () => {
    const resumed = readdirSync(RESULTS)
      .filter((name) => name.endsWith('.json'))
      .map((name) => join(RESULTS, name))
      .filter((file) => tableIn(file).runs.every(({ folder }) => folder === 'simulated'))
      .map((file) => readSimulatedRuns(file, tableIn(file).input).length);
    assert.ok(resumed.length > 5 && resumed.every((count) => count > 0), String(resumed));
  });

  it('replaces neither the runs of a stack nor a file that is no table', () => {
    const [first, second] = runs;
    const real = { ...second, arm: 'FIRE', seed: 3, folder: 'found/01a2' };
    const refused = [
      [
        { input, runs: [first, real] },
        /^Expected \S+ to have simulated runs only, got FIRE, seed 3, of the run in found/,
      ],
      [{ input, runs: [{ ...first, costs: null }] }, /^Expected \S+ to be the table of a comparison: expected `runs/],
      [[], /^Expected \S+ to be the table of a comparison: expected `the object` to be an object, got `\[\]`\. Choose/],
      [
        '{"input":',
        /^Expected \S+ to be the table of a comparison: expected JSON, got something else\. Choose another/,
      ],
    ] as const;
    for (const [content, message] of refused) {
      writeFileSync(output, typeof content === 'string' ? content : JSON.stringify(content));
      assert.throws(() => readSimulatedRuns(output, input), { name: 'UserError', message });
    }
    assert.throws(() => readSimulatedRuns(directory, input), {
      name: 'UserError',
      message: /^Cannot read \S+: EISDIR/,
    });
  });

  it('stays as it was until the new one is complete', () => {
    writeTable(output, 'old');
    symlinkSync('/dev/full', `${output}.partial`);
    assert.throws(() => writeTable(output, 'new'), {
      name: 'UserError',
      message: /^Cannot write \S+table\.json: ENOSPC/,
    });
    assert.equal(readFileSync(output, 'utf8'), 'old');
    symlinkSync(output, join(directory, 'link.json'));
    writeTable(join(directory, 'link.json'), 'new');
    assert.equal(readFileSync(output, 'utf8'), 'new', 'the file behind a link');
    assert.deepEqual(readdirSync(directory).sort(), ['link.json', 'table.json']);
  });

  it('is known to have a place before anything trains', () => {
    requireWritable(join(directory, 'new', 'folder', 'table.json'));
    assert.deepEqual(readdirSync(join(directory, 'new', 'folder')), []);
    requireWritable(output);
    assert.equal(readFileSync(output, 'utf8'), 'new');
    assert.throws(() => requireWritable('/proc/table.json'), { name: 'UserError', message: /^Cannot write \/proc\/t/ });
  });
});

function tableIn(file: string): ComparisonTable {
  return JSON.parse(readFileSync(file, 'utf8')) as ComparisonTable;
}
