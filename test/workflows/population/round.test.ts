import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Score } from '../../../workflows/algorithm/index.ts';
import { applyEvents, emptyPopulation } from '../../../workflows/population/reducer.ts';
import type { PopulationState } from '../../../workflows/population/state.ts';
import { exploitAndExplore, followSchedule, initialise } from '../../../workflows/population/round.ts';
import type { Specification } from '../../../activities/specification/specification.ts';
import { curve, evaluation, member, population, specification } from './states.ts';

describe('patience', () => {
  // By improvement: −12, −4, 4, 12, so member 0 goes and copies member 3.
  const state = (assignedAtStep: number, scores: readonly Score[] = [1, 1]): PopulationState =>
    population(
      2,
      [member({ curve: curve(scores) }), member(), member(), member()],
      [2, 4, 6, 8].map((best, parent) =>
        evaluation({ parent, assignedAtStep: parent === 0 ? assignedAtStep : 0, curve: curve([1, best]) }),
      ),
    );

  test('spares a member with a short evaluation', () => {
    assert.deepEqual(exploited({ patience: 40 }, state(40)), { fitness: [-12, -4, 4, 12], copies: [] });
    assert.deepEqual(exploited({ patience: 21 }, state(40)).copies, []);
  });

  test('spares no member with a long enough evaluation, and none if patience is 0', () => {
    assert.deepEqual(exploited({ patience: 40 }, state(20)).copies, ['0 from 3']);
    assert.deepEqual(exploited({ patience: 20 }, state(40)).copies, ['0 from 3']);
    assert.deepEqual(exploited({ patience: 0 }, state(40)).copies, ['0 from 3']);
    assert.deepEqual(exploited({}, state(40)).copies, ['0 from 3']);
  });

  test('spares no diverged member', () => {
    assert.deepEqual(exploited({ patience: 40 }, state(40, [1, 'diverged'])).copies, ['0 from 3']);
  });

  test('has no effect on P1, which has no evaluations', () => {
    assert.deepEqual(
      exploited(
        { patience: 1000 },
        population(
          1,
          [1, 2, 3, 4].map((score) => member({ curve: curve([score]) })),
        ),
      ).copies,
      ['0 from 3'],
    );
  });
});

describe('ranking by score', () => {
  const members = ([7, 2, 'diverged', 5, 9, 4, 6, 3] as const).map((score) => member({ curve: curve([1, score]) }));
  const evaluations = [
    evaluation({ parent: 1, curve: curve([1, 9]) }),
    evaluation({ parent: 4, curve: curve([1, 2]) }),
  ];

  test('ranks P2 like P1, with and without evaluations, and puts diverged members last', () => {
    const [p1, p2] = [
      exploited({}, population(1, members)),
      exploited({ ranking: 'score' }, population(2, members, evaluations)),
    ];
    assert.deepEqual(p2.fitness, [7, 2, null, 5, 9, 4, 6, 3]);
    assert.deepEqual(p2.fitness, p1.fitness);
    // The diverged member takes one of the two places; member 1 the other. The best are 4 and 0.
    for (const { copies } of [p1, p2]) assert.match(copies.join(), /^1 from [04],2 from [04]$/);
  });

  test('does not rank P2 by default', () => {
    assert.deepEqual(exploited({}, population(2, members, evaluations)).fitness, [
      null,
      7,
      null,
      null,
      -7,
      null,
      null,
      null,
    ]);
  });
});

describe('a schedule', () => {
  const spec: Specification = {
    ...specification({}),
    subPopulations: [{ members: 4, evaluators: 0 }],
    schedule: { h: { kind: 'step', milestones: [40, 80], factor: 0.5, warmUpSteps: 0 } },
  };
  const begun = applyEvents(emptyPopulation(), [initialise(spec, 1)]);
  const first = begun.members.map(({ hyperparameters }) => Number(hyperparameters['h']));

  test('becomes an event if it changes something, relative to each member’s first value', () => {
    assert.deepEqual(
      [1, 2].flatMap((round) => followSchedule(spec, round, begun)),
      [],
    );
    const [event] = followSchedule(spec, 3, begun);
    assert.deepEqual(event, {
      kind: 'scheduled',
      members: first.map((h, index) => ({ member: index, hyperparameters: { h: 0.5 * h } })),
    });
    assert.ok(event);
    assert.deepEqual(followSchedule(spec, 4, applyEvents(begun, [event])), [], 'and once');
    assert.deepEqual(
      applyEvents(begun, [event]).members.map(({ origin }) => origin),
      Array(4).fill('initialised'),
      'who has not trained yet begins with it',
    );
  });

  test('does not change members that are stopped or have hyperparameters set by hand', () => {
    const steered = applyEvents(begun, [
      { kind: 'commanded', id: 'a', command: { kind: 'stop-members', members: [1], reason: 'test' } },
      {
        kind: 'commanded',
        id: 'b',
        command: { kind: 'set-hyperparameters', member: 2, hyperparameters: { h: 0.3 }, reason: 'test' },
      },
    ]);
    assert.deepEqual(followSchedule(spec, 3, steered), [
      {
        kind: 'scheduled',
        members: [0, 3].map((index) => ({ member: index, hyperparameters: { h: 0.5 * (first[index] ?? NaN) } })),
      },
    ]);
  });

  test('applies to members that copy no other member, even if they have diverged', () => {
    const diverged = population(
      1,
      [[1], [5], ['diverged' as const], [3]].map((scores) => member({ curve: curve(scores) })),
    );
    assert.deepEqual(exploitAndExplore(spec, 3, diverged), { kind: 'exploited', fitness: [1, 5, null, 3], copies: [] });
  });

  test('has no effect on a run without one', () => {
    assert.deepEqual(followSchedule(specification({}), 3, begun), []);
  });
});

/** Who is ranked how, and who copies whom, in round 3. */
function exploited(
  evaluationSwitches: Partial<Specification['evaluation']>,
  state: PopulationState,
): { fitness: readonly (number | null)[]; copies: readonly string[] } {
  const event = exploitAndExplore(specification(evaluationSwitches), 3, state);
  assert.ok(event);
  return { fitness: event.fitness, copies: event.copies.map((copy) => `${copy.member} from ${copy.source}`) };
}
