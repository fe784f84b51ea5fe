import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Score } from '../../../workflows/algorithm/index.ts';
import { judgeEvaluators } from '../../../workflows/population/judging.ts';
import { applyEvents } from '../../../workflows/population/reducer.ts';
import type { EvaluationState, MemberState, PopulationState } from '../../../workflows/population/state.ts';
import { curve, evaluation, member, population, specification, STEP } from './states.ts';

/** Reaches 1 with its second point; the eight from there on win against WEAK: p = 1/256, and get 8 further. */
const EVALUATOR: readonly Score[] = [0.5, 2, 3, 4, 5, 6, 7, 8, 9];
const WEAK: readonly Score[] = [1, 1, 1, 1, 1, 1, 1, 1];
/** Above all of EVALUATOR: nothing to compare yet. */
const STRONG: readonly Score[] = [20, 20, 20, 20, 20, 20, 20, 20];

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
    'is followed to the member that it copied if the specification says so, and that member is the child from ' +
      'then on',
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

function verdicts(evaluations: ReturnType<typeof judgeEvaluators>['event']['evaluations']): string[] {
  return evaluations.map(({ child, verdict: { outcome, reason } }) => `against ${child}: ${outcome}, ${reason}`);
}

function segment(worker: string): EvaluationState['history'][number] {
  return { worker, origin: 'evaluation', fromStep: 0, toStep: STEP, hyperparameters: { h: 1 } };
}
