/** What the root of a run knows, and what it shows of that. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { RoundCompleted, RunProgress, SubPopulationSummary } from '../../../activities/contracts/messages.ts';
import type { RunPlan } from '../../../activities/contracts/run.ts';
import { RunView } from '../../../workflows/run/run-view.ts';
import type { Phase, Wanted } from '../../../workflows/run/run-view.ts';
import { NO_COSTS, toySpecification } from '../stand-ins.ts';
import { summaryOf } from './progress-fixture.ts';

/** Of 10 rounds. */
const PLAN: RunPlan = {
  generation: 'this',
  specification: toySpecification(),
  storage: { bucket: 'test', folder: 'my-run/first' },
  refused: [],
  task: { label: 'toy/deceptive', score: 'score' },
  warnings: [],
  costs: { ...NO_COSTS, members: 16, evaluators: 6, rounds: 10 },
  maxRounds: 1_000,
};
const CHILDREN = { levels: [], evaluators: [] };
const RUNNING: Phase = { kind: 'running', plan: PLAN, children: CHILDREN };

function roundCompleted(round: number, ...summaries: readonly Partial<SubPopulationSummary>[]): RoundCompleted {
  return {
    generation: 'this',
    round,
    sender: 'P1',
    rounds: 10,
    summaries: summaries.map((one, index) => ({ ...summaryOf(index + 1), ...one })),
  };
}

/** A view in a phase, with what it publishes. */
function viewIn(...phases: readonly Phase[]) {
  const shown: RunProgress[] = [];
  const warnings: string[] = [];
  const view = new RunView({
    show: (progress) => shown.push(progress),
    warn: (message) => warnings.push(message),
  });
  for (const phase of phases) view.enter(phase);
  return { view, shown, warnings };
}

const FINISHED: Phase = { kind: 'finished', plan: PLAN, testScore: 0.5 };
const PREPARED: Phase = { kind: 'preparing', plan: PLAN };
const running = () => viewIn(PREPARED, RUNNING);

describe('the status of a run', () => {
  for (const [phases, wanted, holds, status] of [
    [[], {}, false, 'planning'],
    [[PREPARED], {}, false, 'planning'],
    [[PREPARED, { kind: 'starting', plan: PLAN }], { stop: 'enough' }, false, 'planning'],
    [[PREPARED, RUNNING], {}, false, 'running'],
    [[PREPARED, RUNNING], { pause: 'lunch' }, false, 'paused'],
    [[PREPARED, RUNNING], { pause: 'lunch', stop: 'enough' }, false, 'stopping'],
    [[PREPARED, RUNNING], { pause: 'lunch', stop: 'enough' }, true, 'holding'],
    [[PREPARED, RUNNING, { kind: 'finishing', plan: PLAN }], { stop: 'enough' }, false, 'finishing'],
    [[PREPARED, RUNNING, FINISHED], {}, false, 'finished'],
  ] as const satisfies readonly (readonly [readonly Phase[], Partial<Wanted>, boolean, RunProgress['status']])[]) {
    const phase = phases.at(-1)?.kind ?? 'planning';
    const having = [...Object.keys(wanted), ...(holds ? ['a hold'] : [])].join(' and ');
    it(`is ${status} while it is ${phase}${having === '' ? '' : ` with ${having}`}`, () => {
      const { view } = viewIn(...phases);
      Object.assign(view.wanted, wanted);
      if (holds) view.noteHolds({ generation: 'this', round: 1, sender: 'P1', reasons: ['boom'], more: 0 });
      assert.equal(view.progress().status, status);
    });
  }

  it('is holding if its report holds', () => {
    const { view } = viewIn(PREPARED, RUNNING, { kind: 'finishing', plan: PLAN });
    view.ownHold = 'report: boom';
    assert.equal(view.progress().status, 'holding');
    assert.deepEqual(view.progress().holds, ['report: boom']);
  });
});

describe('the view of a run', () => {
  it('has a test score once it has finished', () => {
    assert.equal(running().view.progress().testScore, null);
    assert.equal(viewIn(PREPARED, RUNNING, FINISHED).view.progress().testScore, 0.5);
  });

  it('has the planned rounds once it is planned, unless more are wanted already', () => {
    assert.equal(viewIn().view.progress().rounds, 0);
    assert.equal(viewIn(PREPARED).view.progress().rounds, 10);
    const { view } = viewIn();
    view.wanted.rounds = 20;
    view.enter(PREPARED);
    assert.equal(view.progress().rounds, 20);
  });

  it('shows itself when it enters a phase that people see', () => {
    const { shown } = viewIn(PREPARED, { kind: 'starting', plan: PLAN }, RUNNING, FINISHED);
    assert.deepEqual(
      shown.map(({ status }) => status),
      ['running', 'finished'],
    );
  });

  it('takes the newest round of its generation', () => {
    const { view, shown } = running();
    view.completeRound({ ...roundCompleted(4, { bestScore: 0.5 }), rounds: 12 });
    view.completeRound({ ...roundCompleted(9, { bestScore: 0.9 }), generation: 'other' });
    view.completeRound(roundCompleted(3, { bestScore: 0.3 }));
    const { round, rounds, bestScore } = view.progress();
    assert.deepEqual([round, rounds, bestScore, view.reports], [4, 12, 0.5, 1]);
    assert.equal(shown.length, 2, 'it was shown once when it began to run, once for the round');
  });

  it('knows no generation before it is planned, and takes no round', () => {
    const { view } = viewIn();
    view.completeRound(roundCompleted(1));
    assert.deepEqual([view.generation, view.plan, view.completedRound], ['', null, 0]);
  });

  it('has the leaders of all sub-populations, and every member that was stopped once', () => {
    const leader = { member: 'P2/member-1', score: 0.5, hyperparameters: {} };
    const { view } = running();
    view.addStopped(['P1/member-2']);
    view.completeRound(roundCompleted(1, { stopped: [2, 3] }, { stopped: [0], leaders: [leader] }));
    assert.deepEqual(view.leaderboard(), [leader]);
    const stopped = ['P1/member-2', 'P1/member-3', 'P2/member-0', 'P2/member-1'].filter((one) => view.isStopped(one));
    assert.deepEqual(stopped, ['P1/member-2', 'P1/member-3', 'P2/member-0']);
  });

  it('has the newest holds of each part', () => {
    const { view, shown } = running();
    const hold = (sender: string, ...reasons: readonly string[]): void =>
      view.noteHolds({ generation: 'this', round: 1, sender, reasons, more: 0 });
    hold('P1', 'a', 'b');
    hold('P2', 'c');
    hold('P1');
    assert.deepEqual(view.holds, ['c']);
    assert.deepEqual(shown.at(-1)?.holds, ['c']);
  });

  it('counts the holds that it was not told', () => {
    const { view } = running();
    view.noteHolds({ generation: 'this', round: 1, sender: 'P1', reasons: ['a', 'b'], more: 490 });
    view.noteHolds({ generation: 'this', round: 1, sender: 'P2', reasons: ['c'], more: 0 });
    assert.deepEqual(view.holds, ['a', 'b', '… and 490 more of P1', 'c']);
    assert.equal(view.heldWorkers, 493);
  });

  it('warns once of each record that is refused, and shows the newest twenty', () => {
    const { view, warnings } = running();
    const refused = Array.from({ length: 21 }, (_, round) => `rounds/${round}/P1.json: it is missing`);
    view.refuseRecords(refused);
    view.refuseRecords(refused.slice(20));
    const messages = refused.map((one) => `Refused record ${one}`);
    assert.deepEqual(warnings, messages);
    assert.deepEqual(view.progress().warnings, messages.slice(1));
  });

  it('warns of each ignored signal and shows the newest five', () => {
    const { view, warnings } = running();
    for (let number = 1; number <= 6; number += 1) view.ignore('stopEarly', `reason ${number}`);
    assert.equal(warnings.length, 6);
    assert.equal(warnings[0], 'Ignored signal stopEarly: reason 1');
    assert.deepEqual(
      view.progress().ignored,
      [6, 5, 4, 3, 2].map((number) => `stopEarly: reason ${number}`),
    );
  });
});

describe('the notice of a run', () => {
  const OLD = { code: '0.2.0+aa', fromRound: 1 };
  const NEW = { code: '0.3.0+bb', fromRound: 5 };
  const SENTENCE = 'Decided by more than one code: 0.2.0+aa from round 1, 0.3.0+bb from round 5';

  for (const [wanted, notice] of [
    [{}, null],
    [{ pause: 'lunch' }, 'Paused: lunch'],
    [{ pause: 'lunch', stop: 'enough' }, 'Stops early: enough'],
  ] as const)
    it(`is ${notice ?? 'absent'} with ${Object.keys(wanted).join(' and ') || 'nothing'} wanted`, () => {
      const { view } = running();
      Object.assign(view.wanted, wanted);
      assert.equal(view.progress().notice, notice);
    });

  it('names the codes if a second one decides, with one warning', () => {
    const { view, warnings } = running();
    view.completeRound(roundCompleted(4, { decidedBy: [OLD] }, { decidedBy: [OLD] }));
    assert.deepEqual([view.progress().notice, warnings], [null, []]);
    view.completeRound(roundCompleted(5, { decidedBy: [OLD, NEW] }, { decidedBy: [OLD] }));
    assert.deepEqual([view.progress().notice, warnings], [SENTENCE, [SENTENCE]]);
    view.completeRound(roundCompleted(6, { decidedBy: [OLD, NEW] }, { decidedBy: [OLD, { ...NEW, fromRound: 6 }] }));
    assert.deepEqual([view.progress().notice, warnings], [SENTENCE, [SENTENCE]]);
    view.wanted.pause = 'lunch';
    assert.equal(view.progress().notice, `Paused: lunch; ${SENTENCE}`);
  });
});
