import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { beyondBudget, historyBudget } from '../../../activities/specification/history-budget.ts';
import { TEMPORAL_LIMITS } from '../../../activities/specification/temporal-limits.ts';
import type { HistoryBudget } from '../../../activities/specification/history-budget.ts';
import { mostRounds } from '../../../activities/specification/budget.ts';
import type { Specification } from '../../../activities/specification/specification.ts';
import { LIMITS_PATH, withCurrentTable } from '../../../workers/commands/write-limits.ts';
import { reportsOf, roundsPerReport } from '../../../workflows/population/reporting.ts';
import { simulate } from '../../../workflows/population/simulation.ts';
import { toyTraining } from '../../workflows/stand-ins.ts';
import { images, toy, withToy } from './malformed-specifications.ts';
import { specificationOf } from '../../shipped-tasks.ts';

const learning = specificationOf(images);

function rounds(count: number, specification: Specification = learning): HistoryBudget {
  return historyBudget({ ...specification, steps: count * specification.stepsPerRound });
}

describe('the budget of histories', () => {
  test('counts the root’s events of a reported round: signal, activity, workflow tasks, search attribute', () => {
    assert.equal(rounds(1).root.perRound.events, 1 + 3 + 3 + 3 + 1);
    assert.equal(rounds(101).root.longest.events - rounds(1).root.longest.events, 1100);
  });

  test('counts a round of a sub-population event by event', () => {
    const [lowest, highest] = rounds(30).subPopulations;
    const [activity, sent, received] = [6, 5, 4];
    assert.equal(
      lowest?.perRound.events,
      8 * activity + sent + received + sent + activity,
      'members, news, promotions, the report, the record',
    );
    assert.equal(
      highest?.perRound.events,
      8 * activity + 6 * (sent + received) + received + sent + activity,
      'members, evaluators, news, promotions, the record',
    );
    assert.equal(rounds(30).evaluator?.perRound.events, received + activity + sent);
  });

  test('is the same for each round, except for numbers with more digits', () => {
    const perRound = (count: number): number => Number(rounds(count).evaluator?.perRound.bytes);
    assert.ok(perRound(3_000) - perRound(1) < 100);
  });

  test('grows with everything that makes a run larger', () => {
    const total = ({ root, subPopulations, payloads }: HistoryBudget): number =>
      root.longest.bytes +
      subPopulations[0]!.longest.bytes +
      payloads.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
    const base = total(historyBudget(learning));
    const [, second] = learning.subPopulations;
    for (const larger of [
      { steps: learning.steps * 2 },
      { evalEvery: 10 },
      { subPopulations: [...learning.subPopulations, second!] },
      { subPopulations: [learning.subPopulations[0]!, { members: 9, evaluators: 7 }] },
      { storage: { bucket: 'a'.repeat(60), keepRounds: 2 } },
    ]) {
      assert.ok(total(historyBudget({ ...learning, ...larger })) > base, JSON.stringify(larger));
    }
    assert.ok(total(historyBudget(learning, 'y'.repeat(200))) > base);
  });

  test('is at least the size of the largest payloads of a real run', async () => {
    const specification = specificationOf(withToy({ steps: 600 }));
    const { decisions, populations } = await simulate(specification, toyTraining);
    const sizes = new Map(historyBudget(specification).payloads.map(({ what, sizeBytes }) => [what, sizeBytes]));
    for (const level of [1, 2]) {
      const recorded = Math.max(...decisions.map((levels) => JSON.stringify(levels[level - 1]).length));
      assert.ok(recorded < Number(sizes.get(`the record of a round of P${level}`)), `P${level}: ${recorded}`);
    }
    const schedule = Math.max(
      ...populations.flatMap(({ members }) => members.map(({ history }) => JSON.stringify(history).length)),
    );
    assert.ok(schedule < Number(sizes.get('the winner with its schedule')));
  });

  test('allows realistic runs, and names what exceeds it', () => {
    for (const specification of [
      toy,
      images,
      { ...images, steps: 20_000, subPopulations: [{}, {}, {}, {}] },
      { ...images, subPopulations: [{ members: 100 }, { members: 100 }] },
    ]) {
      assert.deepEqual(beyondBudget(historyBudget(specificationOf(specification))), []);
    }
    const [first] = beyondBudget(rounds(20_000, { ...learning, subPopulations: [{ members: 2, evaluators: 0 }] }));
    assert.match(
      first?.reason ?? '',
      new RegExp(`^the winner with its schedule may have \\d+ bytes, of ${TEMPORAL_LIMITS.payloadBytes} at most$`),
    );
  });

  test('allows no history that a worker cannot replay within the time of a workflow task', () => {
    const smallest = { ...learning, subPopulations: [{ members: 2, evaluators: 0 }] };
    for (const count of [500, 501, 1_000, 15_000]) {
      const { root } = rounds(count, smallest);
      assert.ok(root.longest.events < 5_700, `${count} rounds: ${root.longest.events} events`);
    }
    assert.deepEqual(
      [1, 500, 501, 1_000, 1_001].map((count) => [roundsPerReport(count), reportsOf(count)]),
      [
        [1, 1],
        [1, 500],
        [2, 251],
        [2, 500],
        [3, 334],
      ],
    );
  });

  test('gives the number of rounds to which a run can be extended', () => {
    for (const specification of [learning, specificationOf(toy)]) {
      const most = mostRounds(specification);
      const lasting = (count: number): unknown => ({ ...specification, steps: count * specification.stepsPerRound });
      assert.equal(specificationOf(lasting(most)).steps, most * specification.stepsPerRound);
      assert.throws(() => specificationOf(lasting(most + 1)));
    }
  });

  test('agrees with the docs', () => {
    const document = readFileSync(LIMITS_PATH, 'utf8');
    assert.equal(document, withCurrentTable(document), 'run `node --import tsx workers/commands/write-limits.ts`');
  });
});
