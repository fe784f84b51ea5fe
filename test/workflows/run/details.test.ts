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
  const HEAD = '**my-run**: running, round 3 of 10 (30 %), best score 0.7500';

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
      hyperparameters: { h: { min: 0.1, max: 1 }, activation: ['relu', 'tanh'], momentum: { min: 0.9, max: 0.9 } },
      leaders: [{ member: 'P1/member-3', score: 0.75, hyperparameters: { h: 0.5, activation: 'a|b' } }],
    };
    const hyperparameters = { h: { min: 0.25, max: 0.25 }, activation: ['relu'], momentum: { min: 0.9, max: 0.9 } };
    const p2 = { ...summaryOf(2), evaluators: 6, evaluatorsBusy: 4, hyperparameters };
    assert.deepEqual(shown({ subPopulations: [p1, p2] }), [
      HEAD,
      '| sub-population | members | evaluators busy | promotions | best score | activation | h |',
      '| --- | --- | --- | --- | --- | --- | --- |',
      '| P1 | 8 | – | 2 | 0.7500 | relu, tanh | 0.1 … 1 |',
      '| P2 | 8 | 4 of 6 | 0 | – | relu | 0.25 |',
      'The same for all: momentum 0.9',
      '| leaderboard | newest score | activation | h |',
      '| --- | --- | --- | --- |',
      '| P1/member-3 | 0.7500 | a\\|b | 0.5 |',
    ]);
  });

  it('do not say after the last round that evaluators are busy, and have the test score', () => {
    const p2 = { ...summaryOf(2), evaluators: 6, evaluatorsBusy: 4 };
    assert.deepEqual(shown({ status: 'finished', testScore: 0.71234, subPopulations: [p2] }), [
      '**my-run**: finished, round 3 of 10 (30 %), best score 0.7500, test score 0.7123',
      '| sub-population | members | evaluators | promotions | best score |',
      '| --- | --- | --- | --- | --- |',
      '| P2 | 8 | 6 | 0 | – |',
    ]);
  });
});

describe('the details of a sub-population', () => {
  const POSITION = { subPopulation: 2, round: 3, rounds: 10 };
  const checkpoint = { key: 'k', sha256: 's', sizeBytes: 1, step: 10 };
  const EVENTS: readonly RoundEvent[] = [
    { kind: 'initialised', subPopulation: 2, evaluators: 0, members: [1, 2, 3, 4].map((h) => ({ h, momentum: 0.9 })) },
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
    assert.deepEqual(lines(describeSubPopulation('my-run', state, POSITION, { holds: [], pause: null })), [
      '**P2** of `my-run`, round 3 of 10; 0 promotions received',
      '| member | newest score | h |',
      '| --- | --- | --- |',
      '| P2/member-2 (stopped) | 0.2000 | 3 |',
      '| P2/member-0 | 0.1000 | 1 |',
      '| P2/member-1 | diverged | 2 |',
      '| P2/member-3 | – | 4 |',
      'The same for all: momentum 0.9',
    ]);
  });

  it('say why it does not go on and what the operator can do', () => {
    const standstill = { holds: ['P2/member-0: boom'], pause: 'lunch' };
    assert.deepEqual(lines(describeSubPopulation('my-run', emptyPopulation(), POSITION, standstill)), [
      '**P2** of `my-run`, round 3 of 10; 0 promotions received',
      '**Paused** — lunch. `resume` the run to go on.',
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
