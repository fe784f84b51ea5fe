/** Who decides how long a run is. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { applyEvents, emptyPopulation } from '../../../workflows/population/reducer.ts';
import { decideLength, plannedRounds } from '../../../workflows/population/run-length.ts';
import { newsFor } from '../../../workflows/population/views.ts';

const P1 = applyEvents(emptyPopulation(), [
  { kind: 'initialised', subPopulation: 1, evaluators: 0, members: [{ h: 1 }, { h: 1 }] },
]);
const ALL_STOPPED = { members: P1.members.map((member) => ({ ...member, stopped: true })) };
const NOTHING = { stop: null, rounds: 10 };

describe('the length of a run', () => {
  it('is initially the one of the specification', () => {
    assert.equal(plannedRounds({ steps: 600, stepsPerRound: 20 }), 30);
  });

  const at = (round: number, subPopulations = 2) => ({ round, rounds: 10, subPopulations });
  const stopped = { kind: 'ended', round: 3, reason: 'enough' };
  const everyone = { kind: 'ended', round: 3, reason: 'every member of P1 was stopped' };
  for (const [title, decided, expected] of [
    ['nothing is wanted', decideLength(at(3), NOTHING, P1), null],
    ['the operator stops it', decideLength(at(3), { stop: 'enough', rounds: 10 }, P1), stopped],
    ['every member is stopped', decideLength(at(3), NOTHING, ALL_STOPPED), everyone],
    ['a stop comes in the last round', decideLength(at(10), { stop: 'enough', rounds: 10 }, P1), null],
    ['an extension is in time', decideLength(at(9), { stop: null, rounds: 12 }, P1), { kind: 'extended', rounds: 12 }],
    ['P3 may be in its last round', decideLength(at(9, 3), { stop: null, rounds: 12 }, P1), null],
    ['a stop is wanted beside an extension', decideLength(at(3), { stop: 'enough', rounds: 12 }, P1), stopped],
    ['it is to be shorter', decideLength(at(3), { stop: null, rounds: 5 }, P1), null],
  ] as const)
    it(`is decided if ${title}`, () => assert.deepEqual(decided, expected));

  it('is sent to P(i+1) with the news', () => {
    const events = [
      { kind: 'extended', rounds: 12 },
      { kind: 'assigned', assignments: [] },
      { kind: 'judged', evaluations: [] },
      { kind: 'ended', round: 3, reason: 'enough' },
    ] as const;
    assert.deepEqual(newsFor(events), [events[0], events[3]]);
    const checkpoint = { key: 'k', sha256: 's', sizeBytes: 1, step: 10 };
    const trained = { kind: 'trained', step: 10, members: [{ member: 0, checkpoint, scores: [1] }] } as const;
    const evaluators = [{ slot: 0, checkpoint, scores: [1] }];
    assert.deepEqual(newsFor([{ ...trained, evaluators }]), [{ ...trained, evaluators: [] }]);
  });
});
