import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { RoundRecord } from '../../../activities/runs/rounds.ts';
import { accountFor } from '../../../activities/runs/costs.ts';
import type { RoundEvent } from '../../../workflows/population/events.ts';
import type { Verdict } from '../../../workflows/algorithm/verdict.ts';

function trained(
  step: number,
  sizeBytes: number,
  members: readonly (number | 'diverged')[],
  evaluators: Readonly<Record<number, number>> = {},
): RoundEvent {
  const checkpoint = { key: '', sha256: '', sizeBytes, step };
  return {
    kind: 'trained',
    step,
    members: members.map((score, member) => ({ member, checkpoint, scores: [score] })),
    evaluators: Object.entries(evaluators).map(([slot, score]) => ({
      slot: Number(slot),
      checkpoint,
      scores: [score],
    })),
  };
}

function assigned(...slots: readonly number[]): RoundEvent {
  return {
    kind: 'assigned',
    assignments: slots.map((slot) => ({ slot, parent: slot, child: 0, hyperparameters: {} })),
  };
}

function judged(
  slot: number,
  outcome: Verdict['outcome'],
  reason: Verdict['reason'],
  overlap: Verdict['overlap'] = null,
): RoundEvent {
  return {
    kind: 'judged',
    evaluations: [
      {
        slot,
        parent: slot,
        child: 0,
        evaluationSteps: 10,
        verdict: { outcome, reason, overlap, gap: null, p: null, threshold: null },
      },
    ],
  };
}

function recorded(subPopulation: number, ...rounds: readonly (readonly RoundEvent[])[]): RoundRecord[] {
  return rounds.map((events, index) => ({ round: index + 1, subPopulation, events, cost: { trainerSeconds: 2 } }));
}

const promotion = {
  evaluator: 'P2/evaluator-0',
  parent: 0,
  member: 0,
  checkpoint: { key: '', sha256: '', sizeBytes: 5, step: 20 },
  curve: { sinceStep: 10, scores: [0.9] },
  history: [],
};

/** Three rounds of ten steps; two members and no evaluator, three members and three evaluators. */
const P1 = recorded(
  1,
  [{ kind: 'initialised', subPopulation: 1, evaluators: 0, members: [{}, {}] }, trained(10, 100, [0.1, 0.2])],
  [trained(20, 110, [0.3, 0.2]), { kind: 'promoted', promotions: [promotion] }],
  [trained(30, 120, ['diverged', 'diverged'])],
);
const P2 = recorded(
  2,
  [{ kind: 'initialised', subPopulation: 2, evaluators: 3, members: [{}, {}, {}] }, trained(10, 100, [0.1, 0.1, 0.1])],
  // Slot 0 succeeds, slot 1 is cut off by its parent's promotion, slot 2 goes on.
  [
    assigned(0, 1, 2),
    trained(20, 100, [0.1, 0.1, 0.1], { 0: 0.9, 1: 0.1, 2: 0.1 }),
    judged(0, 'success', 'success', { startA: 0, startB: 0, length: 1 }),
    judged(2, 'continue', 'undecided'),
    { kind: 'evaluations-ended', ended: [{ slot: 1, parent: 1, child: 0, reason: 'parent-promoted' }] },
  ],
  // Slot 0 is at a new evaluation, which the run's end cuts off; slot 2 gives up after two rounds.
  [assigned(0), trained(30, 100, [0.1, 0.1, 0.1], { 0: 0.5, 2: 0.1 }), judged(2, 'stop', 'no-overlap')],
);

describe("a run's costs", () => {
  it('agree with counting by hand', () => {
    const { costs } = accountFor([P1, P2]);
    assert.deepEqual(costs, {
      memberSteps: 3 * 10 * (2 + 3),
      evaluatorSteps: 30 + 20,
      trainerSeconds: 12,
      checkpoints: {
        written: 6 + 9 + 5,
        writtenBytes: 2 * (100 + 110 + 120) + 9 * 100 + 5 * 100,
        // All but the first round's; member 0 of P1 reads in round 3 what was promoted into it.
        read: 4 + 6 + 5,
        readBytes: 2 * 100 + (5 + 110) + 6 * 100 + 5 * 100,
      },
      evaluations: {
        'no-overlap': { count: 1, steps: 20, neverMet: 1 },
        'parent-promoted': { count: 1, steps: 10, neverMet: 1 },
        success: { count: 1, steps: 10, neverMet: 0 },
        unfinished: { count: 1, steps: 10, neverMet: 1 },
      },
      thrownAwayShare: 30 / 50,
      promotions: [1, 0],
    });
  });

  it('include the best newest score of P1 against the steps of all workers', () => {
    assert.deepEqual(accountFor([P1, P2]).curve, { workerSteps: [50, 130, 200], bestScores: [0.2, 0.9, null] });
  });

  it('have no share of evaluator steps if no evaluator trained', () => {
    const { costs } = accountFor([P1]);
    assert.deepEqual([costs.thrownAwayShare, costs.evaluatorSteps, costs.evaluations], [null, 0, {}]);
  });
});
