/** The Markdown that the Web UI shows of a run and its sub-populations. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { RunProgress, SubPopulationSummary } from '../../../activities/contracts/messages.ts';
import type { JudgedEvaluation, RoundEvent } from '../../../workflows/population/events.ts';
import { applyEvents, emptyPopulation } from '../../../workflows/population/reducer.ts';
import { describeRun, describeSubPopulation, describeVerdict } from '../../../workflows/run/details.ts';
import { RUNNING, summaryOf } from './progress-fixture.ts';

/** The lines of a text, without the empty ones. */
const lines = (text: string): string[] => text.split('\n').filter((line) => line !== '');

describe('the details of a run', () => {
  const shown = (progress: Partial<RunProgress>): string[] => lines(describeRun('my-run', { ...RUNNING, ...progress }));
  const HEAD = '**my-run**: running, round 3 of 10 (30 %), best score 0.75';

  for (const [title, progress, expected] of [
    ['say how far it is', {}, [HEAD]],
    [
      'have no percentage of no rounds, and no score before the first',
      { status: 'planning', round: 0, rounds: 0, bestScore: null },
      ['**my-run**: planning, round 0 of 0 (0 %), best score –'],
    ],
    ['round the percentage down', { round: 2, rounds: 3 }, [HEAD.replace('3 of 10 (30 %)', '2 of 3 (66 %)')]],
    ['have a notice', { notice: 'Paused: lunch' }, [HEAD, 'Paused: lunch']],
    [
      'list every hold and every ignored signal',
      { holds: ['P1/member-0: boom', 'report: bang'], ignored: ['stopEarly: no reason'] },
      [HEAD, '**Holds** — P1/member-0: boom', '**Holds** — report: bang', 'Ignored signal stopEarly: no reason'],
    ],
  ] as const satisfies readonly (readonly [string, Partial<RunProgress>, readonly string[]])[])
    it(title, () => assert.deepEqual(shown(progress), expected));

  it('have a row per sub-population and a row per leader', () => {
    const p1: SubPopulationSummary = {
      ...summaryOf(1),
      bestScore: 0.75,
      promotions: 2,
      hyperparameters: { h: { min: 0.1, max: 1 }, activation: ['relu', 'tanh'] },
      leaders: [{ member: 'P1/member-3', score: 0.75, hyperparameters: { h: 0.5, activation: 'a|b' } }],
    };
    const p2 = { ...summaryOf(2), evaluators: 6, evaluatorsBusy: 4 };
    assert.deepEqual(shown({ subPopulations: [p1, p2] }), [
      HEAD,
      '| sub-population | members | evaluators busy | promotions | best score | hyperparameters |',
      '| --- | --- | --- | --- | --- | --- |',
      '| P1 | 8 | 0 of 0 | 2 | 0.75 | `{"h":{"min":0.1,"max":1},"activation":["relu","tanh"]}` |',
      '| P2 | 8 | 4 of 6 | 0 | – | `{}` |',
      '| leaderboard | newest score | hyperparameters |',
      '| --- | --- | --- |',
      '| P1/member-3 | 0.75 | `{"h":0.5,"activation":"a\\|b"}` |',
    ]);
  });
});

describe('the details of a sub-population', () => {
  const checkpoint = { key: 'k', sha256: 's', sizeBytes: 1, step: 10 };
  const EVENTS: readonly RoundEvent[] = [
    { kind: 'initialised', subPopulation: 2, evaluators: 0, members: [{ h: 1 }, { h: 2 }, { h: 3 }, { h: 4 }] },
    {
      kind: 'trained',
      step: 10,
      members: [
        { member: 0, checkpoint, scores: [0.9, 0.1] },
        { member: 1, checkpoint, scores: ['diverged'] },
        { member: 2, checkpoint, scores: [0.2] },
      ],
      evaluators: [],
    },
    { kind: 'commanded', id: 'c', command: { kind: 'stop-members', members: [2], reason: 'enough' } },
  ];

  it('order the members by their newest score, and mark those that were stopped', () => {
    const state = applyEvents(emptyPopulation(), EVENTS);
    assert.deepEqual(lines(describeSubPopulation('my-run', state, 3, 10, [])), [
      '**P2** of `my-run`, round 3 of 10; 0 promotions received',
      '| member | newest score | hyperparameters |',
      '| --- | --- | --- |',
      '| P2/member-2 (stopped) | 0.2 | `{"h":3}` |',
      '| P2/member-0 | 0.1 | `{"h":1}` |',
      '| P2/member-1 | diverged | `{"h":2}` |',
      '| P2/member-3 | – | `{"h":4}` |',
    ]);
  });

  it('say what holds and what the operator can do', () => {
    assert.deepEqual(lines(describeSubPopulation('my-run', emptyPopulation(), 3, 10, ['P2/member-0: boom'])), [
      '**P0** of `my-run`, round 3 of 10; 0 promotions received',
      '**Holds** — P2/member-0: boom. Repair the cause and `resume` the run. `stopEarly` ends a hold of training.',
    ]);
  });
});

describe('a verdict in words', () => {
  const JUDGED: JudgedEvaluation = {
    slot: 0,
    parent: 1,
    child: 5,
    evaluationSteps: 60,
    verdict: { outcome: 'continue', reason: 'undecided', overlap: null, gap: null, p: null, threshold: null },
  };

  it('leaves out numbers that it does not have', () => {
    assert.equal(
      describeVerdict(JUDGED, 4, 2),
      'round 4: continue (undecided: goes on) after 60 steps, P2/member-1 against P1/member-5: nothing to compare',
    );
  });

  it('has every number, with the digits that matter', () => {
    const overlap = { startA: 0, startB: 2, length: 12 };
    const verdict = { ...JUDGED.verdict, p: 0.00123456, threshold: 0.5, gap: -0.12345, overlap };
    assert.equal(
      describeVerdict({ ...JUDGED, verdict }, 4, 2),
      'round 4: continue (undecided: goes on) after 60 steps, P2/member-1 against P1/member-5: ' +
        '12 pairs of scores from the same level, best one 0.12 lower, p = 0.0012, stops above 0.5',
    );
  });
});
