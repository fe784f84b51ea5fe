/** Who wins a run, and who is remembered as the best seen. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Score } from '../../../workflows/algorithm/index.ts';
import type { RoundEvent } from '../../../workflows/population/events.ts';
import { applyEvents, emptyPopulation } from '../../../workflows/population/reducer.ts';
import type { PopulationState } from '../../../workflows/population/state.ts';
import { pickWinner } from '../../../workflows/population/winner.ts';

const checkpoint = (key: string, step: number) => ({ key, sha256: key, sizeBytes: 1, step });

function initialised(subPopulation: number): RoundEvent {
  return { kind: 'initialised', subPopulation, evaluators: 0, members: [{ h: 1 }, { h: 2 }] };
}

/** A round of ten steps: the scores of each member, of which the last is the newest. */
function trained(round: number, ...scores: readonly (readonly Score[])[]): RoundEvent {
  const members = scores.map((one, member) => ({
    member,
    checkpoint: checkpoint(`${member}-after-${round}`, 10 * round),
    scores: one,
  }));
  return { kind: 'trained', step: 10 * round, members, evaluators: [] };
}

function after(...events: readonly RoundEvent[]): PopulationState {
  return applyEvents(emptyPopulation(), [initialised(1), ...events]);
}

/** The member that is remembered, and its checkpoint. */
function best({ best: standing }: PopulationState): string | undefined {
  return standing?.checkpoint.key;
}

describe('the best member seen', () => {
  it('is the one with the best score at the end of a round, as it stood then', () => {
    const state = after(trained(1, [0.9, 0.5], [0.4, 0.7]), trained(2, [0.6], [0.3]));
    assert.deepEqual(state.best, {
      member: 1,
      score: 0.7,
      checkpoint: checkpoint('1-after-1', 10),
      history: [{ worker: 'P1/member-1', origin: 'initialised', fromStep: 0, toStep: 10, hyperparameters: { h: 2 } }],
    });
  });

  it('is the earliest of equal ones, the first member of a round', () => {
    assert.equal(best(after(trained(1, [0.5], [0.5]), trained(2, [0.5], [0.5]))), '0-after-1');
  });

  it('stays when everybody is replaced or diverges', () => {
    const exploited: RoundEvent = {
      kind: 'exploited',
      fitness: [0.5, 0.2],
      copies: [{ member: 0, source: 1, hyperparameters: { h: 3 } }],
    };
    const state = after(trained(1, [0.5], [0.2]), exploited, trained(2, ['diverged'], ['diverged']));
    assert.equal(best(state), '0-after-1');
  });

  it('can be a promoted one', () => {
    const promoted: RoundEvent = {
      kind: 'promoted',
      promotions: [
        {
          evaluator: 'P2/evaluator-0',
          parent: 0,
          member: 1,
          checkpoint: checkpoint('promoted', 10),
          curve: { sinceStep: 0, scores: [0.8] },
          history: [],
        },
      ],
    };
    assert.equal(best(after(trained(1, [0.5], [0.2]), promoted)), 'promoted');
  });

  it('is nobody while nobody has a score, and in sub-populations above P1', () => {
    assert.equal(after().best, null);
    assert.equal(after(trained(1, ['diverged'], ['diverged'])).best, null);
    const above = applyEvents(emptyPopulation(), [initialised(2), trained(1, [0.5], [0.2])]);
    assert.equal(above.best, null);
  });
});

describe('the winner', () => {
  const keys = (state: PopulationState, rule: 'last-round' | 'best-seen') => {
    const { winner, other } = pickWinner(state, rule);
    return [winner?.checkpoint.key, other?.checkpoint.key];
  };

  it('is the best of the last round or the best seen, and the other one is named beside it', () => {
    const state = after(trained(1, [0.5], [0.7]), trained(2, [0.6], [0.3]));
    assert.deepEqual(keys(state, 'last-round'), ['0-after-2', '1-after-1']);
    assert.deepEqual(keys(state, 'best-seen'), ['1-after-1', '0-after-2']);
  });

  it('stands alone if both rules pick it', () => {
    const state = after(trained(1, [0.5], [0.7]), trained(2, [0.6], [0.8]));
    assert.deepEqual(keys(state, 'last-round'), ['1-after-2', undefined]);
    assert.deepEqual(keys(state, 'best-seen'), ['1-after-2', undefined]);
  });

  it('can be a best one seen after everybody has diverged, but none of the last round', () => {
    const state = after(trained(1, [0.5], [0.7]), trained(2, ['diverged'], ['diverged']));
    assert.deepEqual(keys(state, 'last-round'), [undefined, '1-after-1']);
    assert.deepEqual(keys(state, 'best-seen'), ['1-after-1', undefined]);
  });
});
