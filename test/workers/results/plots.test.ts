import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { describePlot, drawPlot, parsePlotKind } from '../../../workers/results/plots.ts';
import { parseTable } from '../../../workers/results/stored-table.ts';
import { comparison } from './fixture.ts';

const SMALL = parseTable('small', JSON.stringify(comparison()), 'small.json');
const KINDS = ['schedules', 'scores', 'costs', 'evaluations'] as const;

describe('the plots of the results page', () => {
  it('are equal bytes each time and in any order, small, without external files or a background', async () => {
    const first = await Promise.all(KINDS.map((kind) => drawPlot(kind, SMALL)));
    for (const [index, kind] of [...KINDS.entries()].reverse()) {
      const again = await drawPlot(kind, SMALL);
      assert.equal(again, first[index], kind);
      assert.ok(again.startsWith('<svg ') && again.length < 40_000, `${kind}: ${again.length}`);
      assert.doesNotMatch(again, /<image|<script|href="http|fill="(white|#fff|black|#000)"|\d\.\d{4,}/);
    }
  });

  it('show the hand-made schedules in the panel of every other arm', async () => {
    const svg = await drawPlot('schedules', SMALL);
    for (const text of ['FIRE', 'PBT', 'hand-made', 'learning rate', 'steps', '0.001', '0.1'])
      assert.ok(svg.includes(`>${text}</text>`), text);
    // Two panels with three lines of their own and two hand-made ones each.
    assert.equal([...svg.matchAll(/<path d="[^"]*" stroke="#[0-9a-f]{6}" stroke-width="1.5"/g)].length, 10);
    assert.equal([...svg.matchAll(/<path d="[^"]*" stroke="#8c8c8c" stroke-width="1.5"/g)].length, 4);
    assert.match(describePlot('schedules', SMALL), /^learning rate against steps: .* with those of hand-made in grey$/);
  });

  it('say which data a table lacks', async () => {
    const parse = (table: object): typeof SMALL => parseTable('bare', JSON.stringify(table), 'bare.json');
    const bare = parse(
      comparison((run) => ({
        ...run,
        schedule: [],
        curve: { workerSteps: [], bestScores: [] },
        testScore: 'diverged',
        costs: { ...run.costs, evaluatorSteps: 0, evaluations: {} },
      })),
    );
    await assert.rejects(drawPlot('schedules', bare), {
      name: 'UserError',
      message: 'bare has no schedule with a changing number',
    });
    await assert.rejects(drawPlot('scores', bare), { message: 'bare has no curve with a score' });
    await assert.rejects(drawPlot('costs', bare), { message: 'bare has no test score that is a number' });
    await assert.rejects(drawPlot('evaluations', bare), { message: 'bare has no evaluators' });
    assert.throws(() => parsePlotKind('pie'), {
      message: 'Expected a plot (schedules, scores, costs, evaluations), got `pie`',
    });
  });
});
