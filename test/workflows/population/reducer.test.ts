/** The reducer of a sub-population's state, event by event. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { RoundEvent } from '../../../workflows/population/events.ts';
import { applyEvents, emptyPopulation } from '../../../workflows/population/reducer.ts';
import type { PopulationState } from '../../../workflows/population/state.ts';

const checkpoint = (key: string, step = 10) => ({ key, sha256: key, sizeBytes: 1, step });

const INITIALISED: RoundEvent = { kind: 'initialised', subPopulation: 2, evaluators: 1, members: [{ h: 1 }, { h: 2 }] };
const TRAINED: RoundEvent = {
  kind: 'trained',
  step: 10,
  members: [
    { member: 0, checkpoint: checkpoint('a'), scores: [0.1, 0.2] },
    { member: 1, checkpoint: checkpoint('b'), scores: [0.3, 0.4] },
  ],
  evaluators: [],
};
const ASSIGNED: RoundEvent = {
  kind: 'assigned',
  assignments: [{ slot: 0, parent: 1, child: 5, hyperparameters: { h: 9 } }],
};

const after = (...events: readonly RoundEvent[]): PopulationState =>
  applyEvents(emptyPopulation(), [INITIALISED, ...events]);

describe('the state of a sub-population', () => {
  it('starts with untrained members and idle evaluators', () => {
    const { subPopulation, step, members, evaluations } = after();
    assert.deepEqual([subPopulation, step, evaluations], [2, 0, [null]]);
    assert.deepEqual(
      members.map(({ checkpoint: trained, hyperparameters, origin }) => [trained, hyperparameters, origin]),
      [
        [null, { h: 1 }, 'initialised'],
        [null, { h: 2 }, 'initialised'],
      ],
    );
  });

  it('does not change the previous state', () => {
    const before = after(TRAINED);
    const copy = structuredClone(before);
    applyEvents(before, [ASSIGNED, { kind: 'extended', rounds: 7 }]);
    assert.deepEqual(before, copy);
  });

  it('extends curves and histories by training, in one segment until something changes', () => {
    const again = { ...TRAINED, step: 20 } as const;
    const [member] = after(TRAINED, again).members;
    assert.deepEqual(member?.curve, { sinceStep: 0, scores: [0.1, 0.2, 0.1, 0.2] });
    assert.deepEqual(member.history, [
      { worker: 'P2/member-0', origin: 'initialised', fromStep: 0, toStep: 20, hyperparameters: { h: 1 } },
    ]);
  });

  it('applies the changes of a schedule as a new segment', () => {
    const scheduled: RoundEvent = { kind: 'scheduled', members: [{ member: 0, hyperparameters: { h: 0.5 } }] };
    const [first, second] = after(TRAINED, scheduled).members;
    assert.deepEqual([first?.hyperparameters, first?.origin], [{ h: 0.5 }, 'scheduled']);
    assert.deepEqual([second?.hyperparameters, second?.origin], [{ h: 2 }, 'continued']);
  });

  it('starts an evaluation from the weights and the history of its parent, with an empty curve', () => {
    const { evaluations, members } = after(TRAINED, ASSIGNED);
    assert.deepEqual(evaluations[0], {
      parent: 1,
      child: 5,
      assignedAtStep: 10,
      hyperparameters: { h: 9 },
      checkpoint: checkpoint('b'),
      curve: { sinceStep: 10, scores: [] },
      history: members[1]?.history,
      origin: 'evaluation',
    });
  });

  it('refuses an evaluation of a member that has not trained, and training of an idle evaluator', () => {
    assert.throws(() => after(ASSIGNED), /Cannot evaluate P2\/member-1: it has not trained yet/);
    const trained = { ...TRAINED, evaluators: [{ slot: 0, checkpoint: checkpoint('e'), scores: [] }] } as const;
    assert.throws(() => after(trained), /Cannot record training of P2\/evaluator-0: it is idle/);
  });

  it('copies weights and history by exploit, and begins a new curve', () => {
    const exploited: RoundEvent = {
      kind: 'exploited',
      fitness: [0.2, null],
      copies: [{ member: 0, source: 1, hyperparameters: { h: 1.6 } }],
    };
    const [first, second] = after(TRAINED, exploited).members;
    assert.deepEqual(first?.checkpoint, checkpoint('b'));
    assert.deepEqual(first.curve, { sinceStep: 10, scores: [] });
    assert.deepEqual(first.history, second?.history);
    const { origin, justExplored, copiedFrom, exploitedLast, fitness } = first;
    assert.deepEqual([origin, justExplored, copiedFrom, exploitedLast, fitness], ['exploit', true, 1, true, 0.2]);
    assert.deepEqual([second?.fitness, second?.justExplored, second?.copiedFrom], [null, false, null]);
  });

  it('ends an evaluation by its verdict, counts the reason, and makes its parent the youngest', () => {
    const verdict = {
      outcome: 'stop',
      reason: 'no-overlap',
      p: null,
      threshold: null,
      gap: null,
      overlap: null,
    } as const;
    const judged: RoundEvent = {
      kind: 'judged',
      evaluations: [{ slot: 0, parent: 1, child: 5, evaluationSteps: 10, verdict }],
    };
    const { evaluations, verdicts, members } = after(TRAINED, ASSIGNED, { ...TRAINED, step: 20 }, judged);
    assert.deepEqual([evaluations, verdicts], [[null], { 'no-overlap': 1 }]);
    assert.equal(members[1]?.idleSinceStep, 20);
  });

  it('continues an undecided evaluation against the child of its judgement', () => {
    const verdict = { outcome: 'continue', reason: 'undecided', p: 1, threshold: 1, gap: 0, overlap: null } as const;
    const judged: RoundEvent = {
      kind: 'judged',
      evaluations: [{ slot: 0, parent: 1, child: 3, evaluationSteps: 10, verdict }],
    };
    const { evaluations, verdicts } = after(TRAINED, ASSIGNED, judged);
    assert.deepEqual([evaluations[0]?.child, verdicts], [3, {}]);
  });

  it('gives a promoted member weights, curve and history, and keeps its hyperparameters', () => {
    const curve = { sinceStep: 10, scores: [0.9] };
    const promotion = { evaluator: 'P3/evaluator-0', parent: 0, member: 0, checkpoint: checkpoint('p'), curve };
    const { members, promotions } = after(TRAINED, { kind: 'promoted', promotions: [{ ...promotion, history: [] }] });
    assert.deepEqual([members[0]?.checkpoint, members[0]?.curve], [checkpoint('p'), curve]);
    assert.deepEqual([members[0]?.hyperparameters, members[0]?.origin, promotions], [{ h: 1 }, 'promotion', 1]);
  });

  it('ends evaluations for other reasons', () => {
    const ended: RoundEvent = {
      kind: 'evaluations-ended',
      ended: [{ slot: 0, parent: 1, child: 5, reason: 'parent-promoted' }],
    };
    const { evaluations, verdicts } = after(TRAINED, ASSIGNED, ended);
    assert.deepEqual([evaluations, verdicts], [[null], { 'parent-promoted': 1 }]);
  });

  it('applies the operator’s commands and remembers them', () => {
    const stop = { kind: 'stop-members', members: [1], reason: 'hopeless' } as const;
    const set = { kind: 'set-hyperparameters', member: 0, hyperparameters: { h: 7 }, reason: 'try' } as const;
    const { members, followed } = after(
      TRAINED,
      { kind: 'commanded', id: 'x/1', command: stop },
      { kind: 'commanded', id: 'x/2', command: set },
      { kind: 'commanded', id: 'x/3', command: { kind: 'stop-evaluation', slot: 0, reason: 'enough' } },
    );
    assert.deepEqual([members[0]?.stopped, members[1]?.stopped, followed], [false, true, ['x/1', 'x/2', 'x/3']]);
    const { hyperparameters, origin, setByHandAtStep } = members[0] ?? {};
    assert.deepEqual([hyperparameters, origin, setByHandAtStep], [{ h: 7 }, 'set-by-hand', 10]);
  });

  it('records the length of the run and its end', () => {
    assert.deepEqual([after().extendedTo, after().ended], [null, null]);
    const { extendedTo, ended } = after(
      { kind: 'extended', rounds: 40 },
      { kind: 'ended', round: 3, reason: 'good enough' },
    );
    assert.deepEqual([extendedTo, ended], [40, { round: 3, reason: 'good enough' }]);
  });
});
