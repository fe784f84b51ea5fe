import { after, before, describe, it } from 'node:test';
import assert from 'node:assert/strict';
import { setTimeout as delay } from 'node:timers/promises';
import { WorkflowFailedError } from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
import type { ResultSummary } from '../../../activities/contracts/result.ts';
import type { RoundRecord } from '../../../activities/runs/rounds.ts';
import { decisionsKey } from '../../../activities/storage/layout.ts';
import type { TrainRequest } from '../../../activities/contracts/training.ts';
import { extendUpdate, pauseUpdate, resumeUpdate, stopEarlySignal } from '../../../workflows/messages.ts';
import type { RoundEvent } from '../../../workflows/population/events.ts';
import type { HistorySegment } from '../../../workflows/population/state.ts';
import { simulateTask } from '../../../workers/simulation/simulate.ts';
import { startObjectServer } from '../../object-server.ts';
import type { ObjectServer } from '../../object-server.ts';
import { SMALL } from '../../small-run.ts';
import { startStoredRuns } from '../stored-runs.ts';
import type { RunWorkflowType, StoredRuns } from '../stored-runs.ts';
import { specificationOf } from '../../shipped-tasks.ts';

/** Its winner is a member of P2 that was evaluated, promoted and copied. */
const FIRE = { ...SMALL, seed: 4 };
const RANDOM_SEARCH = {
  ...SMALL,
  subPopulations: [{ members: 5 }],
  schedule: { h: { kind: 'step', milestones: [40, 100], factor: 0.5, warmUpSteps: 40 } },
};
/** What RANDOM_SEARCH multiplies with in each of 8 rounds of 20 steps. */
const FACTORS = [0.5, 1, 0.5, 0.5, 0.5, 0.25, 0.25, 0.25];
/** Every rule of the paper that can be switched off, and every rule of ours. */
const SWITCHED = {
  ...SMALL,
  seed: 5,
  evaluation: {
    maxEvalSteps: 40,
    patience: 40,
    childReplaced: 'follow',
    against: 'anyone',
    stopping: 'fixed-length',
    shifts: false,
    ranking: 'score',
    promotes: true,
  },
  smoothing: 'none',
};

describe('baselines of FIRE PBT', { timeout: 300_000 }, () => {
  let objectServer: ObjectServer;
  let runs: StoredRuns;
  let found: ResultSummary;
  before(async () => {
    objectServer = await startObjectServer();
    runs = await startStoredRuns({ on: objectServer });
    found = await runs.result('fire', FIRE);
  });
  after(async () => {
    await runs.stop();
    await objectServer.stop();
  });

  it('random search: members follow the schedule from their own first values, and copy no other member', async () => {
    const result = await runs.result('random-search', RANDOM_SEARCH, 'randomSearch');
    assert.equal(result.algorithm, 'random-search');
    const first = Number(result.schedule[1]?.hyperparameters['h']);
    assert.deepEqual(
      result.schedule.map(({ worker, origin, fromStep, toStep, hyperparameters }) => [
        worker,
        origin,
        fromStep,
        toStep,
        hyperparameters['h'],
      ]),
      [
        [result.winner.member, 'initialised', 0, 20, 0.5 * first],
        [result.winner.member, 'scheduled', 20, 40, first],
        [result.winner.member, 'scheduled', 40, 100, 0.5 * first],
        [result.winner.member, 'scheduled', 100, 160, 0.25 * first],
      ],
    );
    for (let member = 0; member < 5; member += 1) {
      const own = requestsOf(result, member);
      const firstOfOwn = Number(own[1]?.hyperparameters['h']);
      assert.deepEqual(
        own.map(({ hyperparameters }) => hyperparameters['h']),
        FACTORS.map((factor) => factor * firstOfOwn),
      );
    }
    assert.ok(
      (await decisionsOf(result)).flat().every((event) => event.kind !== 'exploited' || event.copies.length === 0),
    );
    assert.equal(result.testScore, deceptive(result.schedule));
    await assertSimulated(result, RANDOM_SEARCH);
  });

  it('random search: diverged members are not replaced, and the best other member wins', async () => {
    const hyperparameters = {
      h: {
        kind: 'float',
        scale: 'linear',
        bounds: [0.5, 1e6],
        initial: { distribution: 'log-uniform', range: [0.5, 1e6] },
      },
    };
    const input = {
      ...RANDOM_SEARCH,
      task: { kind: 'toy', variant: 'plain' },
      hyperparameters,
      subPopulations: [{ members: 8 }],
      schedule: { h: { kind: 'constant' } },
    };
    const result = await runs.result('diverging', input, 'randomSearch');
    const {
      populations: [population],
    } = (await simulateTask(specificationOf(input))).run;
    const scores = population?.members.map(({ curve }) => curve.scores.at(-1)) ?? [];
    const diverged = scores.filter((score) => score === 'diverged').length;
    assert.ok(diverged > 0 && diverged < 8, `${diverged} of 8 diverged`);
    assert.equal(result.winner.objective, Math.max(...scores.filter((score) => typeof score === 'number')));
    const newest = (await decisionsOf(result)).flat().findLast((event) => event.kind === 'trained');
    assert.deepEqual(
      newest?.members.map((one) => one.scores.at(-1)),
      scores,
    );
    await assertSimulated(result, input);
  });

  it('retrace: one member trains a finished run’s schedule from step 0, through copies and promotions', async () => {
    assert.deepEqual(
      [...new Set(found.schedule.map(({ origin }) => origin))].sort(),
      ['evaluation', 'exploit', 'initialised', 'promotion'],
      'the schedule is one of several workers',
    );
    const retraced = await runs.result('retraced', { run: folderOf(found), seed: 7 }, 'retrace');
    assert.equal(retraced.algorithm, 'retrace');
    assert.deepEqual([retraced.seed, retraced.steps, retraced.winner.member], [7, 160, 'P1/member-0']);
    assert.deepEqual(
      requestsOf(retraced, 0).map(({ fromStep, toStep, seed, hyperparameters }) => ({
        fromStep,
        toStep,
        seed,
        hyperparameters,
      })),
      Array.from({ length: 8 }, (_, round) => ({
        fromStep: 20 * round,
        toStep: 20 * round + 20,
        seed: 7,
        hyperparameters: valuesAt(found.schedule, 20 * round),
      })),
    );
    assert.equal(retraced.testScore, deceptive(found.schedule));
    assert.deepEqual(retraced.retraced, {
      folder: folderOf(found),
      seed: 4,
      objective: found.winner.objective,
      testScore: found.testScore,
      gap: 0,
    });
    const written = JSON.parse(
      Buffer.from(await runs.objects.get(retraced.storage.bucket, retraced.resultKey)).toString(),
    ) as ResultSummary;
    assert.deepEqual(written.retraced, retraced.retraced);
  });

  it('retrace: a complete specification with the same schedule gives the same decisions', async () => {
    const [named, written] = await Promise.all([
      runs.result('by-name', { run: folderOf(found) }, 'retrace'),
      runs.result(
        'written-out',
        {
          ...FIRE,
          seed: 5,
          subPopulations: [{ members: 1 }],
          schedule: found.schedule.map(({ fromStep, toStep, hyperparameters }) => ({
            fromStep,
            toStep,
            hyperparameters,
          })),
        },
        'retrace',
      ),
    ]);
    assert.equal(named.seed, 5, 'one more than the run’s');
    assert.equal(named.decisionsSha256, written.decisionsSha256);
    assert.equal(named.winner.checkpoint.sha256, written.winner.checkpoint.sha256);
    assert.equal(written.retraced, undefined);
  });

  it('retrace: an unknown or unfinished run is refused, and so are other changes than the allowed ones', async () => {
    const unfinished = await runs.start('unfinished', { ...SMALL, steps: 4000 });
    await runs.reached('unfinished', ({ round }) => round >= 1);
    const refused: readonly (readonly [input: unknown, why: string])[] = [
      [
        { run: 'nobody/at-all' },
        'Expected `run` to be the folder of a finished run in bucket fire-pbt, got `"nobody/at-all"`',
      ],
      [
        { run: `unfinished/${unfinished.firstExecutionRunId}` },
        'Expected `run` to be the folder of a finished run in bucket fire-pbt',
      ],
      [
        { run: folderOf(found), storage: { bucket: 'elsewhere' } },
        'Expected `run` to be the folder of a finished run in bucket elsewhere',
      ],
      [{ run: folderOf(found), storage: { bucket: '../escape' } }, 'Expected `storage.bucket` to be a bucket name'],
      [
        { run: 'fire' },
        "Expected `run` to be a finished run's folder, `<workflow id>/<first run id>`, as its result tells it, " +
          'got `"fire"`',
      ],
      [{ run: '../../etc' }, "Expected `run` to be a finished run's folder"],
      [
        { run: null },
        "Expected `run` to be a finished run's folder, `<workflow id>/<first run id>`, as its result tells it, " +
          'got `null`',
      ],
      [
        { run: folderOf(found), steps: 320 },
        'Expected `steps` to be absent (beside `run` there may be seed, storage, threads, trainers), got `320`',
      ],
      [{ run: folderOf(found), seed: -1 }, 'Expected `seed` to be an integer from 0 to 4294967295, got `-1`'],
    ];
    await Promise.all(refused.map(([input, why], index) => assertRefused(`refused-${index}`, input, 'retrace', why)));
    await unfinished.terminate();
  });

  it('each workflow type refuses other specifications, and names the type that accepts them', async () => {
    const pbt = { ...SMALL, subPopulations: [{ members: 4 }] };
    const trace = {
      ...SMALL,
      subPopulations: [{ members: 1 }],
      schedule: [{ fromStep: 0, toStep: 160, hyperparameters: { h: 1 } }],
    };
    const refused: readonly (readonly [workflowType: RunWorkflowType, input: unknown, why: string])[] = [
      [
        'pbt',
        SMALL,
        'Expected `subPopulations` to be one sub-population for workflow type pbt (workflow type firePbt runs ' +
          'this specification), got `2 sub-populations`',
      ],
      [
        'pbt',
        RANDOM_SEARCH,
        'Expected `schedule` to be absent for workflow type pbt (workflow type randomSearch runs this specification)',
      ],
      [
        'firePbt',
        RANDOM_SEARCH,
        'Expected `schedule` to be absent for workflow type firePbt (workflow type randomSearch runs this ' +
          'specification)',
      ],
      [
        'firePbt',
        trace,
        'Expected `schedule` to be absent for workflow type firePbt (workflow type retrace runs this specification)',
      ],
      [
        'firePbt',
        { run: folderOf(found) },
        'Expected `run` to be absent for workflow type firePbt (workflow type retrace takes it)',
      ],
      [
        'randomSearch',
        SMALL,
        'Expected `schedule` to be an object of shapes by hyperparameter for workflow type randomSearch ' +
          '(workflow type firePbt runs this specification), got `undefined`',
      ],
      [
        'randomSearch',
        pbt,
        'Expected `schedule` to be an object of shapes by hyperparameter for workflow type randomSearch ' +
          '(workflow type pbt runs this specification), got `undefined`',
      ],
      [
        'randomSearch',
        trace,
        'Expected `schedule` to be an object of shapes by hyperparameter for workflow type randomSearch ' +
          '(workflow type retrace runs this specification)',
      ],
      [
        'retrace',
        SMALL,
        "Expected `schedule` to be an array of segments, or left out beside a finished run's folder as `run`, " +
          'for workflow type retrace (workflow type firePbt runs this specification), got `undefined`',
      ],
      ['retrace', RANDOM_SEARCH, 'for workflow type retrace (workflow type randomSearch runs this specification)'],
    ];
    await Promise.all(
      refused.map(([workflowType, input, why], index) =>
        assertRefused(`wrong-type-${index}`, input, workflowType, why),
      ),
    );
  });

  it('PBT decides the same as workflow type pbt and as firePbt with one sub-population', async () => {
    const input = { ...SMALL, subPopulations: [{ members: 4 }] };
    const [asPbt, asFirePbt] = await Promise.all([
      runs.result('as-pbt', input, 'pbt'),
      runs.result('as-fire-pbt', input),
    ]);
    assert.equal(asPbt.algorithm, 'pbt');
    assert.equal(asPbt.decisionsSha256, asFirePbt.decisionsSha256);
    await assertSimulated(asPbt, input);
  });

  it('a random search can be paused, resumed and extended, and its schedule continues', async () => {
    const input = { ...RANDOM_SEARCH, subPopulations: [{ members: 2 }] };
    const handle = await runs.start('extended', { ...input, steps: 300 }, 'randomSearch');
    await runs.reached('extended', ({ round }) => round >= 1);
    assert.match(await handle.executeUpdate(pauseUpdate, { args: [{ reason: 'lunch' }] }), /^Paused/);
    assert.match(
      await handle.executeUpdate(extendUpdate, { args: [{ steps: 340 }] }),
      /^Extended: once it is resumed, the run goes on to 340 steps, round 17/,
    );
    assert.match(await handle.executeUpdate(resumeUpdate), /^Resumed/);
    const { rounds, schedule, decisionsSha256 } = await handle.result();
    assert.equal(rounds, 17);
    assert.deepEqual(
      schedule.map(({ toStep }) => toStep),
      [20, 40, 100, 340],
    );
    const longFromTheStart = await runs.result('long', { ...input, steps: 340 }, 'randomSearch');
    assert.equal(decisionsSha256, longFromTheStart.decisionsSha256);
  });

  it('a random search that is stopped early has a winner, whose schedule can be retraced', async () => {
    const handle = await runs.start('stopped', { ...RANDOM_SEARCH, steps: 4000 }, 'randomSearch');
    await runs.reached('stopped', ({ round }) => round >= 3);
    await handle.signal(stopEarlySignal, { reason: 'good enough' });
    const stopped = await handle.result();
    assert.equal(stopped.stoppedEarly?.reason, 'good enough');
    assert.ok(stopped.rounds >= 3 && stopped.rounds < 200);
    const scores = (await decisionsOf(stopped))
      .flat()
      .findLast((event) => event.kind === 'trained')
      ?.members.map(({ scores: measured }) => Number(measured.at(-1)));
    assert.equal(stopped.winner.objective, Math.max(...(scores ?? [])));
    const { steps, retraced } = await runs.result('stopped-retraced', { run: folderOf(stopped) }, 'retrace');
    assert.deepEqual([steps, retraced?.gap], [stopped.steps, 0]);
  });

  it('a new run resumes a stopped retrace, and its result has the gap', async () => {
    const whole = (await runs.client.workflow.getHandle('retraced').result()) as ResultSummary;
    let open = (): void => undefined;
    const gate = new Promise<void>((resolve) => (open = resolve));
    // The sub-population may hear of the stop a round later than the root.
    runs.script.beforeTraining = async ({ fromStep }) =>
      fromStep === 60 ? gate : fromStep > 60 ? delay(1_000) : undefined;
    const handle = await runs.start('retraced-halfway', { run: folderOf(found), seed: 7 }, 'retrace');
    await runs.reached('retraced-halfway', ({ round }) => round >= 3);
    await handle.signal(stopEarlySignal, { reason: 'need the machine' });
    await runs.reached('retraced-halfway', ({ status }) => status === 'stopping');
    open();
    const halfway = await handle.result();
    delete runs.script.beforeTraining;
    assert.ok(halfway.rounds >= 4 && halfway.rounds < 8, `stopped after round ${halfway.rounds} of 8`);
    const result = await runs.result('retraced-on', { from: folderOf(halfway) }, 'retrace');
    assert.equal(
      Math.min(...requestsOf(result, 0).map(({ fromStep }) => fromStep)),
      20 * (halfway.rounds - 1),
      'the round in which it was stopped made no decisions, and is trained again',
    );
    assert.deepEqual(
      [result.decisionsSha256, result.winner.checkpoint.sha256, result.retraced],
      [whole.decisionsSha256, whole.winner.checkpoint.sha256, whole.retraced],
    );
  });

  it('firePbt resumes a random search, as npm start does, and it stays a random search', async () => {
    const whole = await runs.result('gone-on-whole', { ...RANDOM_SEARCH, steps: 200 }, 'randomSearch');
    const part = await runs.result('gone-on-part', { ...RANDOM_SEARCH, steps: 160 }, 'randomSearch');
    const result = await runs.result('gone-on', { from: part.storage.folder, steps: 200 });
    assert.equal(result.algorithm, 'random-search');
    assert.deepEqual(
      [result.decisionsSha256, result.winner.checkpoint.sha256],
      [whole.decisionsSha256, whole.winner.checkpoint.sha256],
    );
  });

  it('with all switches on, the workflows decide what the simulation decides', async () => {
    const result = await runs.result('switched', SWITCHED);
    assert.ok((result.promotions[0] ?? 0) > 0 && (result.verdicts['fixed-length'] ?? 0) > 0);
    await assertSimulated(result, SWITCHED);
  });

  it('all workflow types decide the same if they continue as new every 40 events', async () => {
    const cut = await startStoredRuns({
      on: objectServer,
      dynamicConfig: ['limit.historyCount.suggestContinueAsNew=40'],
    });
    try {
      const again = [
        ['random-search', RANDOM_SEARCH, 'randomSearch'],
        ['retraced', { run: folderOf(found), seed: 7 }, 'retrace'],
        ['switched', SWITCHED, 'firePbt'],
      ] as const;
      const compared = again.map(async ([workflowId, input, workflowType]) => {
        const whole = (await runs.client.workflow.getHandle(workflowId).result()) as ResultSummary;
        const result = await cut.result(workflowId, input, workflowType);
        assert.deepEqual(
          [result.decisionsSha256, result.winner.checkpoint.sha256],
          [whole.decisionsSha256, whole.winner.checkpoint.sha256],
          workflowId,
        );
        const { historyLength } = await cut.client.workflow.getHandle(`${workflowId}/P1`).describe();
        assert.ok(historyLength < 130, `the history of P1 of ${workflowId} was cut: ${historyLength} events are left`);
      });
      await Promise.all(compared);
    } finally {
      await cut.stop();
    }
  });

  async function assertRefused(
    workflowId: string,
    input: unknown,
    workflowType: RunWorkflowType,
    why: string,
  ): Promise<void> {
    await assert.rejects(runs.result(workflowId, input, workflowType), (error) => {
      assert.ok(error instanceof WorkflowFailedError && error.cause instanceof ApplicationFailure, String(error));
      assert.equal(error.cause.type, 'InvalidSpecification');
      assert.ok(error.cause.message.includes(why), `${error.cause.message}\nshould include\n${why}`);
      return true;
    });
  }

  /** What a member of P1 was trained with, round by round; a try that was repeated counts once. */
  function requestsOf({ storage }: ResultSummary, member: number): TrainRequest[] {
    const own = runs.trained.filter(
      (request) => request.storage.folder === storage.folder && request.worker.index === member,
    );
    return [...new Map(own.map((request) => [request.fromStep, request])).values()].sort(
      (a, b) => a.fromStep - b.fromStep,
    );
  }

  /** The events of each round, sub-populations one after the other, P1 first. */
  async function decisionsOf({ storage, rounds, promotions }: ResultSummary): Promise<RoundEvent[][]> {
    const levels = promotions.map((_, index) => index + 1);
    return Promise.all(
      Array.from({ length: rounds }, async (_, index) => {
        const records = await Promise.all(
          levels.map(
            async (level) =>
              JSON.parse(
                Buffer.from(await runs.objects.get(storage.bucket, decisionsKey(storage, index + 1, level))).toString(),
              ) as RoundRecord,
          ),
        );
        return records.flatMap(({ events }) => events);
      }),
    );
  }

  async function assertSimulated(result: ResultSummary, input: unknown): Promise<void> {
    const { run, winner, report } = await simulateTask(specificationOf(input));
    for (const [index, events] of (await decisionsOf(result)).entries())
      assert.deepEqual(withoutPlaces(events), withoutPlaces(run.decisions[index]?.flat()), `round ${index + 1}`);
    assert.equal(result.rounds, run.decisions.length);
    assert.deepEqual([result.winner.objective, result.testScore], [winner?.score, report.testScore]);
  }
});

/** Events without what names a place or the code rather than a decision. */
function withoutPlaces(events: readonly RoundEvent[] | undefined): unknown {
  const decisions = events?.filter(({ kind }) => kind !== 'decided-by');
  return JSON.parse(
    JSON.stringify(decisions ?? null, (name, value: unknown) => (name === 'checkpoint' ? null : value)),
  );
}

function folderOf({ storage }: ResultSummary): string {
  return storage.folder;
}

function valuesAt(schedule: readonly HistorySegment[], step: number): HistorySegment['hyperparameters'] | undefined {
  return schedule.find(({ fromStep, toStep }) => fromStep <= step && step < toStep)?.hyperparameters;
}

/**
 * Score of the deceptive toy, trained from step 0 under a schedule in rounds of 20 steps: its closed form
 * (activities/tasks/toy.ts tells it).
 */
function deceptive(schedule: readonly HistorySegment[]): number {
  let [theta, deviation] = [0.9, 0];
  const steps = schedule.at(-1)?.toStep ?? 0;
  for (let step = 0; step < steps; step += 1) {
    const h = Number(valuesAt(schedule, step)?.['h']);
    if (step % 20 === 0) deviation += Math.abs(h - (1 - step / 20 / 50));
    theta -= 0.002 * Math.max(2 - h - 0.2 * deviation, 0) * theta;
  }
  return 1.2 - theta * theta;
}
