/** Which code decided which rounds. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { changeOfCode, describeCodes, KEPT_CODES, mergeCodes } from '../../../workflows/population/decision-code.ts';
import { applyEvents, emptyPopulation } from '../../../workflows/population/reducer.ts';
import type { RoundEvent } from '../../../workflows/population/events.ts';
import type { DecisionCode } from '../../../workflows/population/state.ts';

const from = (code: string, fromRound: number): DecisionCode => ({ code, fromRound });
const A = from('1.0.0+aa', 1);
const B = from('1.1.0+bb', 5);
const A_AGAIN = from('1.0.0+aa', 7);

describe('the decision code of a run', () => {
  for (const [title, before, code, expected] of [
    ['is named in the first round', [], 'aa', [{ kind: 'decided-by', code: 'aa', fromRound: 9 }]],
    ['is not named again', [from('aa', 1)], 'aa', []],
    ['is named if it is another', [from('aa', 1)], 'bb', [{ kind: 'decided-by', code: 'bb', fromRound: 9 }]],
    [
      'is named if it returns',
      [from('aa', 1), from('bb', 5)],
      'aa',
      [{ kind: 'decided-by', code: 'aa', fromRound: 9 }],
    ],
  ] as const)
    it(title, () => assert.deepEqual(changeOfCode(before, code, 9), expected));

  for (const [title, subPopulations, expected] of [
    ['is one if all sub-populations have the same', [[A], [A], [A]], [A]],
    [
      'changes when the first sub-population changes',
      [
        [A, B],
        [A, from(B.code, 4)],
      ],
      [A, from(B.code, 4)],
    ],
    [
      'changes back',
      [
        [A, B, A_AGAIN],
        [A, B, from(A.code, 8)],
      ],
      [A, B, A_AGAIN],
    ],
    ['is two if two orchestrators share the work', [[A], [from(B.code, 1)]], [A, from(B.code, 1)]],
    ['is unknown before the first round', [[], []], []],
  ] as const)
    it(`${title} (of a run)`, () => assert.deepEqual(mergeCodes(subPopulations), expected));

  it('is mentioned only if the run had another code before', () => {
    assert.equal(describeCodes([]), null);
    assert.equal(describeCodes([A]), null);
    assert.equal(describeCodes([A, B]), 'Decided by more than one code: 1.0.0+aa from round 1, 1.1.0+bb from round 5');
  });

  it('is kept in the state with its newest changes', () => {
    const named = ({ code, fromRound }: DecisionCode): RoundEvent => ({ kind: 'decided-by', code, fromRound });
    const initialised = { kind: 'initialised', subPopulation: 1, evaluators: 0, members: [{ h: 1 }] } as const;
    assert.deepEqual(applyEvents(emptyPopulation(), [named(A), initialised]).decidedBy, [A]);
    const changes = Array.from({ length: KEPT_CODES + 3 }, (_, index) => from(`code ${index}`, index + 1));
    assert.deepEqual(applyEvents(emptyPopulation(), changes.map(named)).decidedBy, changes.slice(-KEPT_CODES));
  });
});
