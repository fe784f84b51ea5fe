import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import type { ComparisonTable } from '../../../activities/contracts/comparison.ts';
import { SMALLEST } from '../../small-run.ts';
import { runCommand, type Ended } from '../command.ts';

const COMPARISON = { arms: { FIRE: SMALLEST, PBT: { ...SMALLEST, subPopulations: [{ members: 2 }] } }, seeds: [0] };

describe('npm run simulate', () => {
  const directory = mkdtempSync(join(tmpdir(), 'fire-pbt-simulate-'));
  const output = join(directory, 'table.json');
  after(() => rmSync(directory, { recursive: true }));

  async function simulate(comparison: unknown, file = output): Promise<Ended> {
    const inputFile = join(directory, 'input.json');
    writeFileSync(inputFile, JSON.stringify(comparison));
    return runCommand('simulate.ts', ['--input-file', inputFile, '--output', file, '--processes', '1']);
  }

  it('simulates the runs that the table lacks', async () => {
    const { PBT } = COMPARISON.arms;
    const first = await simulate({ ...COMPARISON, arms: { PBT } });
    assert.match(first.output, /^1 of 1 runs done: PBT, seed 0: \d\.\d+\n$/, first.errors);
    const second = await simulate(COMPARISON);
    assert.match(second.output, /^2 of 2 runs done: FIRE, seed 0: \d\.\d+\n$/, second.errors);
    const { runs } = JSON.parse(readFileSync(output, 'utf8')) as ComparisonTable;
    assert.deepEqual(
      runs.map(({ arm, folder }) => [arm, folder]),
      [
        ['FIRE', 'simulated'],
        ['PBT', 'simulated'],
      ],
    );
  });

  it('says before it trains anything what it cannot do', async () => {
    const real = join(directory, 'real.json');
    const stored = { input: COMPARISON, runs: [{ arm: 'PBT', seed: 0, folder: 'found/01a2' }] };
    writeFileSync(real, JSON.stringify(stored));
    const cases: [Ended, RegExp][] = [
      [
        await simulate({ ...COMPARISON, retrace: true }),
        /^Expected `retrace` in \S+input\.json to be false or absent, /,
      ],
      [await simulate(COMPARISON, real), /^Expected \S+real\.json to be the table of a comparison: expected `runs/],
      [await simulate(COMPARISON, '/proc/table.json'), /^Cannot write \/proc\/table\.json: ENOENT.*\n$/],
    ];
    for (const [{ code, output: said, errors }, message] of cases) {
      assert.match(errors, message);
      assert.deepEqual([code, said, errors.split('\n').length], [1, '', 2]);
    }
  });
});
