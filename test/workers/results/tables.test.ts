import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { differenceText, statisticText } from '../../../workers/results/measures.ts';
import { parseTable } from '../../../workers/results/stored-table.ts';
import { costTable, evaluationTable, pairTable, promotionTable, scoreTable } from '../../../workers/results/tables.ts';
import { comparison } from './fixture.ts';

const SMALL = parseTable('small', JSON.stringify(comparison()), 'small.json');

/** The cells of the row that begins with the name. */
function row(table: string, name: string): string[] {
  const line = table.split('\n').find((one) => one.startsWith(`| ${name} |`));
  return line?.split(' | ').map((cell) => cell.replace(/^\| | \|$/g, '')) ?? assert.fail(`${name} is not in\n${table}`);
}

describe('the tables of the results page', () => {
  it('give the statistics of each arm as calculated by hand', () => {
    // 0.87, 0.88, 0.86: deviations 0, 0.01, −0.01; the middle half of three is the middle one and a quarter of either
    // neighbour.
    assert.deepEqual(row(scoreTable(SMALL), 'FIRE').slice(0, 7), [
      'FIRE',
      '3',
      '22',
      '600',
      '0.8700 ± 0.0100',
      '0.8700',
      '0.8700',
    ]);
    assert.deepEqual(row(scoreTable(SMALL), 'FIRE').slice(8), ['0.8800', '0.8680', '+0.20']);
    // 0.86, 0.861, 0.865: mean 0.862, squares 4, 1 and 9 of 1e-6 over two; (0.25 · 0.86 + 0.861 + 0.25 · 0.865) / 1.5 =
    // 0.8615.
    const { sqrt } = Math;
    assert.deepEqual(row(scoreTable(SMALL), 'PBT').slice(4, 7), [
      `0.8620 ± ${sqrt(14e-6 / 2).toFixed(4)}`,
      '0.8610',
      '0.8615',
    ]);
    assert.deepEqual(row(scoreTable(SMALL), 'PBT').slice(9), ['–', '–']);
    assert.equal(row(scoreTable(SMALL), 'hand-made')[1], '2');
  });

  it('have intervals that lie around the mean and within the values', () => {
    for (const [arm, least, most, mean] of [
      ['FIRE', 0.86, 0.88, 0.87],
      ['PBT', 0.86, 0.865, 0.862],
    ] as const) {
      const [low = NaN, high = NaN] = row(scoreTable(SMALL), arm)[7]!.split(' … ').map(Number);
      assert.ok(least <= low && low < mean && mean < high && high <= most, `${low} … ${high}`);
    }
  });

  it('compare the first arm with each other arm at equal seeds, in points', () => {
    // 0.01, 0.015, −0.001: mean 0.008, deviations 2, 7 and −9 of 1e-3; of the eight sign patterns four sum to 0.024 or
    // more.
    const [pairs, ahead, mean, interval, effect, p, smallest] = row(pairTable(SMALL), 'PBT').slice(1);
    assert.deepEqual([pairs, ahead, mean, p, smallest], ['3', '2', '+0.80', '0.5', '0.25']);
    assert.equal(effect, (0.008 / Math.sqrt(((4 + 49 + 81) * 1e-6) / 2)).toFixed(2));
    assert.match(interval!, /^−0\.10 … \+1\.50$/);
    // Seed 2 has no partner: −0.002 and 0.009.
    assert.deepEqual(row(pairTable(SMALL), 'hand-made').slice(1, 4), ['2', '1', '+0.35']);
  });

  it('give differences of toy scores unchanged, not in points', () => {
    const toys = parseTable(
      'toys',
      JSON.stringify({ ...comparison(), input: { arms: { FIRE: { task: { kind: 'toy' } } } } }),
      'toys.json',
    );
    assert.equal(differenceText(toys, 'FIRE', 'PBT', 'testScore', 'mean'), '+0.0080');
    assert.doesNotMatch(scoreTable(toys) + pairTable(toys), /points/);
  });

  it('give costs as means, and evaluations by reason with success first', () => {
    assert.deepEqual(row(costTable(SMALL), 'FIRE'), [
      'FIRE',
      '12,600',
      '3,000',
      '1 min 41 s',
      '1 MB',
      '2.5 MB',
      '80 %',
    ]);
    assert.deepEqual(row(costTable(SMALL), 'PBT').slice(1), ['13,200', '0', '1 min 41 s', '1 MB', '2.5 MB', '–']);
    const [header] = evaluationTable(SMALL).split('\n');
    const columns = ['success', 'binomial-test', 'child-exploited'].map(
      (reason) => `${reason}: evaluations (without overlap), steps`,
    );
    assert.equal(header, `| arm | ${columns.join(' | ')} |`);
    assert.deepEqual(row(evaluationTable(SMALL), 'FIRE').slice(1), ['9 (0), 1,800', '12 (0), 5,400', '9 (6), 1,800']);
  });

  it('give promotions by sub-population and run', () => {
    const [header] = promotionTable(SMALL).split('\n');
    assert.equal(header, '| arm | seeds | P2 to P1 |');
    assert.deepEqual(row(promotionTable(SMALL), 'FIRE').slice(1), ['0, 1, 2', '2 · 3 · 4']);
    assert.deepEqual(row(promotionTable(SMALL), 'PBT').slice(1), ['0, 1, 2', '–']);
    const three = parseTable(
      'three',
      JSON.stringify(comparison((run) => (run.arm === 'FIRE' ? { ...run, promotions: [1200, run.seed, 0] } : run))),
      'three.json',
    );
    assert.deepEqual(row(promotionTable(three), 'FIRE').slice(2), ['1,200 · 1,200 · 1,200', '0 · 1 · 2']);
  });

  it('count diverged runs and exclude them from all statistics', () => {
    const some = parseTable(
      'some',
      JSON.stringify(
        comparison((run) => (run.arm === 'PBT' && run.seed === 0 ? { ...run, testScore: 'diverged' } : run)),
      ),
      'some.json',
    );
    assert.equal(row(scoreTable(some), 'PBT')[1], '3 (1 diverged)');
    assert.equal(statisticText(some, 'PBT', 'testScore', 'mean'), '0.8630');
    assert.equal(row(pairTable(some), 'PBT')[1], '2');
    const all = parseTable(
      'all',
      JSON.stringify(comparison((run) => (run.arm === 'PBT' ? { ...run, testScore: 'diverged' } : run))),
      'all.json',
    );
    assert.deepEqual(row(scoreTable(all), 'PBT').slice(4, 8), ['–', '–', '–', '–']);
    assert.deepEqual(row(pairTable(all), 'PBT').slice(1, 5), ['0', '–', '–', '–']);
  });
});

describe('a stored table', () => {
  it('counts its missing runs', () => {
    assert.equal(SMALL.missing, 1);
  });

  const parse = (change: object): unknown =>
    parseTable('odd', JSON.stringify({ ...comparison(), ...change }), 'odd.json');

  it('is refused with the first error and its place', () => {
    assert.throws(() => parseTable('odd', '{"format', 'odd.json'), {
      name: 'UserError',
      message: /^Expected odd\.json to be JSON: /,
    });
    assert.throws(() => parse({ format: 'fire-pbt-comparison/2' }), {
      message: /^Expected odd\.json to be a comparison \(fire-pbt-comparison\/1\): `format`: /,
    });
    assert.throws(() => parse({ runs: [] }), { message: /`runs`: / });
    assert.throws(() => parse(comparison((run) => ({ ...run, testScore: 'fine' }))), {
      message: /`runs\.0\.testScore`: /,
    });
    assert.throws(() => parse(comparison((run) => ({ ...run, seed: 7 }))), {
      message: 'Expected odd.json to have one run for each arm and seed, got two of FIRE, seed 7',
    });
    assert.throws(() => statisticText(SMALL, 'FROST', 'testScore', 'mean'), {
      message: 'Expected an arm of small (FIRE, PBT, hand-made), got `FROST`',
    });
  });
});
