import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { beyondComparisonBudget, comparisonDemand, COMPARISON_LIMITS } from '../../../activities/comparison/budget.ts';
import { descriptionsPerSummary, SUMMARIES } from '../../../workflows/population/summarising.ts';
import { describeShipped, specificationOf } from '../../shipped-tasks.ts';
import { SMALL } from '../../small-run.ts';

/** Events that a worker replays within the ten seconds of a workflow task. */
const REPLAYED_EVENTS = 10_000;

function comparison(arms: number, seeds: number, retrace: boolean, rounds = 5) {
  const specification = specificationOf({ ...SMALL, evalEvery: 20, steps: rounds * 20 });
  return {
    arms: Object.fromEntries(Array.from({ length: arms }, (_, arm) => [`arm-${arm}`, specification])),
    seeds: Array.from({ length: seeds }, (_, seed) => seed),
    retrace,
  };
}

describe('the history of a comparison', () => {
  for (const [arms, retrace] of [
    [1, false],
    [50, false],
    [1, true],
    [45, true],
  ] as const)
    it(`can be replayed with ${arms} arms and as many seeds as are accepted${retrace ? ', all retraced' : ''}`, () => {
      const seeds = COMPARISON_LIMITS.runs / arms / (retrace ? 2 : 1);
      const demand = comparisonDemand(comparison(arms, seeds, retrace), describeShipped);
      assert.ok(demand.events <= REPLAYED_EVENTS, `${demand.events} events`);
      assert.equal(beyondComparisonBudget(comparison(arms, seeds, retrace), describeShipped), undefined);
    });

  it('grows with runs and retraces alone, not with their square', () => {
    const bytes = (seeds: number, retrace: boolean): number =>
      comparisonDemand(comparison(10, seeds, retrace), describeShipped).bytes;
    for (const retrace of [false, true])
      assert.equal(bytes(20, retrace) - bytes(10, retrace), bytes(10, retrace) - bytes(0, retrace));
  });

  it('is refused if long schedules could fill it, with the number of seeds that would fit', () => {
    const complaint = beyondComparisonBudget(comparison(2, 100, true, 2000), describeShipped) ?? '';
    const most = Number(/1 to (\d+) seeds/.exec(complaint)?.[1]);
    assert.equal(
      complaint,
      `Expected \`seeds\` to be an array of 1 to ${most} seeds: with more, the history of the comparison may exceed ` +
        '48234496 bytes, got `100 seeds`',
    );
    assert.equal(beyondComparisonBudget(comparison(2, most, true, 2000), describeShipped), undefined);
    assert.notEqual(beyondComparisonBudget(comparison(2, most + 1, true, 2000), describeShipped), undefined);
  });

  it('is refused if one seed alone could fill it', () => {
    assert.equal(
      beyondComparisonBudget(comparison(50, 1, true, 4000), describeShipped),
      'Expected `arms` to be fewer or smaller: with more, the history of the comparison may exceed 48234496 bytes, ' +
        'got `50 arms`',
    );
  });
});

describe('the summary of a comparison', () => {
  it('is read after every description in a small one, and at most twenty times in any', () => {
    for (const descriptions of [1, SUMMARIES, SUMMARIES + 1, 100, COMPARISON_LIMITS.runs])
      assert.ok(descriptions / descriptionsPerSummary(descriptions) <= SUMMARIES);
    assert.deepEqual([1, 20, 21, 450].map(descriptionsPerSummary), [1, 1, 2, 23]);
  });
});
