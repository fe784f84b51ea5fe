import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Score } from '../../../workflows/algorithm/index.ts';
import { applyEvents, emptyPopulation } from '../../../workflows/population/reducer.ts';
import type { EvaluationState, MemberState, PopulationState } from '../../../workflows/population/state.ts';
import { exploitAndExplore, followSchedule, initialise } from '../../../workflows/population/round.ts';
import { judgeEvaluators } from '../../../workflows/population/judging.ts';
import type { Specification } from '../../../activities/specification/specification.ts';
import type { CheckpointReference } from '../../../activities/contracts/checkpoint.ts';
import { simulate } from '../../../workflows/population/simulation.ts';
import { toySpecification, toyTraining } from '../stand-ins.ts';

/** Steps trained in all the states below, three rounds of 20. */
const STEP = 60;
/** Reaches 1 with its second point; the eight from there on win against WEAK: p = 1/256, and get 8 further. */
const EVALUATOR: readonly Score[] = [0.5, 2, 3, 4, 5, 6, 7, 8, 9];
const WEAK: readonly Score[] = [1, 1, 1, 1, 1, 1, 1, 1];
/** Above all of EVALUATOR: nothing to compare yet. */
const STRONG: readonly Score[] = [20, 20, 20, 20, 20, 20, 20, 20];

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

describe('an evaluator that succeeds', () => {
  const state = population(
    2,
    [member(), member()],
    [evaluation({ parent: 1, child: 0, curve: curve(EVALUATOR), history: [segment('P2/evaluator-0')] })],
  );
  const below = population(1, [member({ curve: curve(WEAK) }), member({ curve: curve(STRONG) })]);

  test('gives its weights to its child', () => {
    const { event, promotions, below: after } = judgeEvaluators(specification({}), state, below);
    assert.deepEqual(
      event.evaluations.map(({ slot, parent, child, evaluationSteps, verdict }) => [
        slot,
        parent,
        child,
        evaluationSteps,
        verdict.reason,
        verdict.gap,
        verdict.p,
      ]),
      [[0, 1, 0, 20, 'success', 8, 1 / 256]],
    );
    assert.deepEqual(
      promotions.map(({ evaluator, parent, member: child, history }) => ({ evaluator, parent, child, history })),
      [{ evaluator: 'P2/evaluator-0', parent: 1, child: 0, history: [segment('P2/evaluator-0')] }],
    );
    assert.deepEqual(after.members[0]?.curve.scores, EVALUATOR);
  });

  test('is judged but promotes no member if the specification switches promotions off', () => {
    const judged = judgeEvaluators(specification({}), state, below);
    const { event, promotions, below: after } = judgeEvaluators(specification({ promotes: false }), state, below);
    assert.deepEqual(event, judged.event);
    assert.deepEqual(promotions, []);
    assert.deepEqual(after, below);
    assert.deepEqual(applyEvents(state, [event]).evaluations, [null]);
    assert.deepEqual(applyEvents(state, [event]).verdicts, { success: 1 });
  });
});

describe('a child that exploit has replaced', () => {
  const state = (scores: readonly Score[] = EVALUATOR): PopulationState =>
    population(2, [member(), member()], [evaluation({ parent: 1, child: 0, curve: curve(scores) })]);
  /** Member 0 copies member 2. */
  const below = (source: readonly Score[]): PopulationState =>
    applyEvents(
      population(1, [member({ curve: curve([0]) }), member({ curve: curve([3]) }), member({ curve: curve(source) })]),
      [{ kind: 'exploited', fitness: [0, 3, 9], copies: [{ member: 0, source: 2, hyperparameters: { h: 0.5 } }] }],
    );

  test('ends its evaluation', () => {
    for (const evaluationSwitches of [{}, { childReplaced: 'end' }] as const) {
      const { event } = judgeEvaluators(specification(evaluationSwitches), state(), below(WEAK));
      assert.deepEqual(verdicts(event.evaluations), ['against 0: stop, child-exploited']);
    }
  });

  test(
    'is followed, where the specification says so, to the member that it copied, and the evaluation’s child is ' +
      'that one from then on',
    () => {
      const { event, promotions } = judgeEvaluators(specification({ childReplaced: 'follow' }), state(), below(STRONG));
      assert.deepEqual(verdicts(event.evaluations), ['against 2: continue, undecided']);
      assert.deepEqual(promotions, []);
      const after = applyEvents(state(), [event]);
      assert.deepEqual(after.evaluations[0], { ...state().evaluations[0], child: 2 });
      // Next round nothing was replaced: it is still judged against that member, not followed to whom that one once
      // copied.
      const calm = applyEvents(below(STRONG), [{ kind: 'exploited', fitness: [0, 3, 9], copies: [] }]);
      assert.deepEqual(
        verdicts(judgeEvaluators(specification({ childReplaced: 'follow' }), after, calm).event.evaluations),
        ['against 2: continue, undecided'],
      );
      assert.deepEqual(
        verdicts(judgeEvaluators(specification({ childReplaced: 'follow' }), state(), calm).event.evaluations),
        ['against 0: continue, undecided'],
        'a copy of long ago is no replacement',
      );
    },
  );

  test('is followed, and a promotion goes to the member that it copied', () => {
    const { event, promotions } = judgeEvaluators(specification({ childReplaced: 'follow' }), state(), below(WEAK));
    assert.deepEqual(verdicts(event.evaluations), ['against 2: success, success']);
    assert.deepEqual(
      promotions.map((one) => one.member),
      [2],
    );
    assert.deepEqual(applyEvents(state(), [event]).evaluations, [null]);
  });

  test('is followed only until the parent is replaced', () => {
    const replaced = applyEvents(state(), [
      { kind: 'exploited', fitness: [9, 0], copies: [{ member: 1, source: 0, hyperparameters: { h: 1 } }] },
    ]);
    assert.deepEqual(
      verdicts(judgeEvaluators(specification({ childReplaced: 'follow' }), replaced, below(STRONG)).event.evaluations),
      ['against 2: stop, parent-exploited'],
    );
  });
});

describe('an evaluator against anyone', () => {
  const two = population(
    2,
    [member(), member()],
    [0, 1].map((parent) => evaluation({ parent, child: 0, curve: curve(EVALUATOR) })),
  );
  const one: PopulationState = { ...two, evaluations: two.evaluations.slice(0, 1) };
  const weak = (fitness: number | null, changes: Partial<MemberState> = {}): MemberState =>
    member({ curve: curve(WEAK), fitness, ...changes });
  const strong = member({ curve: curve(STRONG), fitness: 20 });

  test('succeeds against the fittest member that it beats, and promotes it', () => {
    const { event, promotions, below } = judgeEvaluators(
      specification({ against: 'anyone' }),
      one,
      population(1, [strong, weak(5), strong, weak(7), weak(null)]),
    );
    assert.deepEqual(verdicts(event.evaluations), ['against 3: success, success']);
    assert.deepEqual(
      promotions.map(({ member: child, parent }) => [child, parent]),
      [[3, 0]],
    );
    assert.deepEqual(
      below.members.map(({ curve: { scores } }) => scores.length),
      [8, 8, 8, 9, 8],
    );
    assert.deepEqual(applyEvents(one, [event]).evaluations, [null]);
  });

  test('chooses the lower number among equally fit members, and a member without fitness last', () => {
    const promoted = (...members: readonly MemberState[]): number[] =>
      judgeEvaluators(specification({ against: 'anyone' }), one, population(1, [strong, ...members])).promotions.map(
        (promotion) => promotion.member,
      );
    assert.deepEqual(promoted(weak(null), weak(7), weak(7)), [2]);
    assert.deepEqual(promoted(weak(null), weak(null)), [1]);
    assert.deepEqual(promoted(strong), []);
  });

  test('prefers its own child, and promotes no other member twice in one pass', () => {
    const spec = specification({ against: 'anyone' });
    assert.deepEqual(
      judgeEvaluators(spec, one, population(1, [weak(1), weak(9)])).promotions.map((promotion) => promotion.member),
      [0],
    );
    assert.deepEqual(
      judgeEvaluators(spec, two, population(1, [strong, weak(5), weak(7)])).promotions.map(
        (promotion) => promotion.member,
      ),
      [2, 1],
    );
    const { event } = judgeEvaluators(spec, two, population(1, [strong, weak(5)]));
    assert.deepEqual(verdicts(event.evaluations), ['against 1: success, success', 'against 0: continue, undecided']);
  });

  test('does not succeed against a member that is stopped, diverged or was just replaced', () => {
    const below = population(1, [
      strong,
      weak(9, { stopped: true }),
      weak(8, { justExplored: true }),
      weak(7, { curve: curve([...WEAK, 'diverged']) }),
    ]);
    const { event, promotions } = judgeEvaluators(specification({ against: 'anyone' }), one, below);
    assert.deepEqual(verdicts(event.evaluations), ['against 0: continue, undecided']);
    assert.deepEqual(promotions, []);
  });

  test('succeeds only against its child by default', () => {
    for (const evaluationSwitches of [{}, { against: 'child' }] as const) {
      assert.deepEqual(
        verdicts(
          judgeEvaluators(specification(evaluationSwitches), one, population(1, [strong, weak(5)])).event.evaluations,
        ),
        ['against 0: continue, undecided'],
      );
    }
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

test('a run decides the same without switches and with each switch as in the paper', async () => {
  const asThePaper = {
    patience: 0,
    childReplaced: 'end',
    against: 'child',
    stopping: 'binomial-test',
    shifts: true,
    ranking: 'improvement',
    promotes: true,
  } as const;
  const plain = toySpecification({ steps: 400 });
  const [without, withAll] = [
    await simulate(plain, toyTraining),
    await simulate({ ...plain, evaluation: { ...plain.evaluation, ...asThePaper } }, toyTraining),
  ];
  assert.deepEqual(withAll.decisions, without.decisions);
  assert.ok((without.populations[0]?.promotions ?? 0) > 0, 'something was promoted');
});

test('each switch of the evaluation changes the decisions of a run', async () => {
  const plain = toySpecification({ steps: 600 });
  const without = JSON.stringify((await simulate(plain, toyTraining)).decisions);
  for (const evaluationSwitches of [
    { patience: 40 },
    { childReplaced: 'follow' },
    { against: 'anyone' },
    { stopping: 'fixed-length' },
    { shifts: false },
    { ranking: 'score' },
    { promotes: false },
  ] as const) {
    const { decisions } = await simulate(
      { ...plain, evaluation: { ...plain.evaluation, ...evaluationSwitches } },
      toyTraining,
    );
    assert.ok(JSON.stringify(decisions) !== without, Object.keys(evaluationSwitches).join());
  }
});

function specification(evaluationSwitches: Partial<Specification['evaluation']>): Specification {
  const plain = toySpecification({ smoothing: 'none' });
  return { ...plain, evaluation: { ...plain.evaluation, ...evaluationSwitches } };
}

/** Who is ranked how, and who copies whom, in round 3. */
function exploited(
  evaluationSwitches: Partial<Specification['evaluation']>,
  state: PopulationState,
): { fitness: readonly (number | null)[]; copies: readonly string[] } {
  const event = exploitAndExplore(specification(evaluationSwitches), 3, state);
  assert.ok(event);
  return { fitness: event.fitness, copies: event.copies.map((copy) => `${copy.member} from ${copy.source}`) };
}

function verdicts(evaluations: ReturnType<typeof judgeEvaluators>['event']['evaluations']): string[] {
  return evaluations.map(({ child, verdict: { outcome, reason } }) => `against ${child}: ${outcome}, ${reason}`);
}

function population(
  subPopulation: number,
  members: readonly MemberState[],
  evaluations: readonly (EvaluationState | null)[] = [],
): PopulationState {
  return { ...emptyPopulation(), subPopulation, step: STEP, members, evaluations };
}

function member(changes: Partial<MemberState> = {}): MemberState {
  return {
    checkpoint: checkpoint('member'),
    hyperparameters: { h: 1 },
    curve: curve([1, 1]),
    history: [],
    origin: 'continued',
    fitness: null,
    justExplored: false,
    copiedFrom: null,
    idleSinceStep: 0,
    exploitedLast: false,
    stopped: false,
    setByHandAtStep: null,
    ...changes,
  };
}

function evaluation(changes: Partial<EvaluationState>): EvaluationState {
  return {
    parent: 0,
    child: 0,
    assignedAtStep: 40,
    hyperparameters: { h: 1 },
    checkpoint: checkpoint('evaluator'),
    curve: curve([1, 1]),
    history: [],
    origin: 'continued',
    ...changes,
  };
}

function curve(scores: readonly Score[]): MemberState['curve'] {
  return { sinceStep: 0, scores };
}

function checkpoint(key: string): CheckpointReference {
  return { key, sha256: key, sizeBytes: 1, step: STEP };
}

function segment(worker: string): EvaluationState['history'][number] {
  return { worker, origin: 'evaluation', fromStep: 0, toStep: STEP, hyperparameters: { h: 1 } };
}
