/** What others are told of a sub-population. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { lineageOf } from '../../../workflows/population/lineage.ts';
import { applyEvents, emptyPopulation } from '../../../workflows/population/reducer.ts';
import { summarise, viewEvaluators, viewMembers } from '../../../workflows/population/views.ts';

const checkpoint = { key: 'k', sha256: 's', sizeBytes: 1, step: 10 };
const STATE = applyEvents(emptyPopulation(), [
  {
    kind: 'initialised',
    subPopulation: 2,
    evaluators: 2,
    members: [
      { rate: 1, kind: 'b' },
      { rate: 3, kind: 'a' },
      { rate: 2, kind: 'b' },
    ],
  },
  {
    kind: 'trained',
    step: 10,
    members: [
      { member: 0, checkpoint, scores: [0.1, 0.5] },
      { member: 1, checkpoint, scores: [0.9, 'diverged'] },
      { member: 2, checkpoint, scores: [0.2, 0.7] },
    ],
    evaluators: [],
  },
  { kind: 'assigned', assignments: [{ slot: 1, parent: 2, child: 4, hyperparameters: { rate: 8, kind: 'a' } }] },
  { kind: 'commanded', id: '1', command: { kind: 'stop-members', members: [0], reason: 'r' } },
]);

describe('the views of a sub-population', () => {
  it('list ranges, choices, leaders and stopped members', () => {
    const summary = summarise(STATE, 1, 1);
    assert.deepEqual(summary.hyperparameters, { kind: ['a', 'b'], rate: { min: 1, max: 3 } });
    assert.deepEqual(
      summary.leaders.map(({ member, score }) => [member, score]),
      [
        ['P2/member-2', 0.7],
        ['P2/member-0', 0.5],
      ],
    );
    const { bestScore, stopped, members, evaluators, evaluatorsBusy } = summary;
    assert.deepEqual([bestScore, stopped, members, evaluators, evaluatorsBusy], [0.7, [0], 3, 2, 1]);
  });

  it('show members with their newest score', () => {
    assert.deepEqual(
      viewMembers(STATE).map(({ member, newestScore, stopped }) => [member, newestScore, stopped]),
      [
        ['P2/member-0', 0.5, true],
        ['P2/member-1', 'diverged', false],
        ['P2/member-2', 0.7, false],
      ],
    );
  });

  it('name the parent and the child of each evaluator', () => {
    const [idle, busy] = viewEvaluators(STATE, []);
    assert.deepEqual(idle, { evaluator: 'P2/evaluator-0', evaluation: null, lastVerdict: null });
    assert.deepEqual([busy?.evaluation?.parent, busy?.evaluation?.child], ['P2/member-2', 'P1/member-4']);
  });

  it('join the segments of one worker into one ancestor', () => {
    const segment = (worker: string, origin: 'initialised' | 'scheduled' | 'exploit', fromStep: number) => {
      return { worker, origin, fromStep, toStep: fromStep + 10, hyperparameters: {} };
    };
    const history = [
      segment('P1/member-0', 'initialised', 0),
      segment('P1/member-0', 'scheduled', 10),
      segment('P1/member-1', 'exploit', 20),
    ];
    assert.deepEqual(lineageOf(history), [
      { worker: 'P1/member-0', origin: 'initialised', fromStep: 0, toStep: 20 },
      { worker: 'P1/member-1', origin: 'exploit', fromStep: 20, toStep: 30 },
    ]);
    assert.deepEqual(lineageOf([]), []);
  });
});
