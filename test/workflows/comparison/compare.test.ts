import { after, before, describe, it } from 'node:test';
import assert from 'node:assert/strict';
import { WorkflowFailedError } from '@temporalio/client';
import type { WorkflowHandle } from '@temporalio/client';
import { ApplicationFailure, CancelledFailure } from '@temporalio/common';
import type {
  ComparisonInput,
  ComparisonRow,
  ComparisonRun,
  ComparisonSummary,
} from '../../../activities/contracts/comparison.ts';
import { comparisonText } from '../../../activities/comparison/table.ts';
import type { TrainRequest } from '../../../activities/contracts/training.ts';
import type { compare } from '../../../workflows/comparison/compare.ts';
import { comparisonQuery, progressQuery, stopEarlySignal } from '../../../workflows/messages.ts';
import { comparedRunId, retraceId, trainerTaskQueue } from '../../../workflows/population/names.ts';
import type { ComparisonProgress } from '../../../activities/contracts/messages.ts';
import { assertFits } from '../../activities/runs/published-schema.ts';
import { startObjectServer } from '../../object-server.ts';
import type { ObjectServer } from '../../object-server.ts';
import { SMALL } from '../../small-run.ts';
import { QUEUE, startStoredRuns } from '../stored-runs.ts';
import type { StoredRuns } from '../stored-runs.ts';

const TINY = { ...SMALL, steps: 60, subPopulations: [{ members: 3 }, { members: 3, evaluators: 2 }] };
const INPUT = {
  arms: {
    FIRE: TINY,
    PBT: { ...TINY, subPopulations: [{ members: 4 }] },
    plain: { ...TINY, task: { kind: 'toy', variant: 'plain' }, subPopulations: [{ members: 3 }] },
  },
  seeds: [7],
} satisfies ComparisonInput;
/** A round of three is recorded when a run begins to train from here. */
const HALF = 20;

interface Table {
  readonly format: string;
  readonly input: ComparisonInput;
  readonly runs: readonly ComparisonRun[];
  readonly summary: ComparisonSummary;
}

describe('a comparison', { timeout: 300_000 }, () => {
  let server: ObjectServer;
  let runs: StoredRuns;
  let undisturbed: ComparisonProgress;
  before(async () => {
    server = await startObjectServer();
    runs = await startStoredRuns({ on: server });
    undisturbed = await result('undisturbed');
  });
  after(async () => {
    await runs.stop();
    await server.stop();
  });

  async function start(workflowId: string, input: unknown = INPUT, on = runs): Promise<WorkflowHandle<typeof compare>> {
    return on.client.workflow.start<typeof compare>('compare', { taskQueue: QUEUE, workflowId, args: [input] });
  }

  async function result(workflowId: string, on = runs): Promise<ComparisonProgress> {
    return (await start(workflowId, INPUT, on)).result();
  }

  async function failure(handle: WorkflowHandle<typeof compare>): Promise<ApplicationFailure> {
    const error = await handle.result().then(
      () => assert.fail('it did not fail'),
      (reason: unknown) => reason,
    );
    assert.ok(error instanceof WorkflowFailedError && error.cause instanceof ApplicationFailure, String(error));
    return error.cause;
  }

  async function table(workflowId: string): Promise<{ readonly text: string; readonly json: Table }> {
    const text = Buffer.from(await runs.objects.get('fire-pbt', `${workflowId}/comparison.json`)).toString();
    return { text, json: JSON.parse(text) as Table };
  }

  /**
   * Does something, once, when the arm's run begins to train its second round: whether that run, unlike one that goes
   * on from it, is to come no further.
   */
  function halfway(workflowId: string, arms: Readonly<Record<string, () => Promise<'no-further' | 'further'>>>): void {
    const acting = new Map<string, { readonly folder: string; readonly acted: Promise<'no-further' | 'further'> }>();
    runs.script.beforeTraining = async (request) => {
      const arm = armOf(request, workflowId) ?? '';
      const act = arms[arm];
      if (request.fromStep !== HALF || !act) return;
      const { folder } = request.storage;
      const { acted, folder: first } = acting.get(arm) ?? { folder, acted: act() };
      acting.set(arm, { folder: first, acted });
      if (first === folder && (await acted) === 'no-further') throw new Error('The test lets it come no further');
    };
  }

  function armOf({ storage }: TrainRequest, workflowId: string): string | undefined {
    const [id, arm] = decodeURIComponent(storage.folder).split('/');
    return id === workflowId ? arm : undefined;
  }

  /**
   * First steps of what was trained for an arm since, in the folder of its row: what an earlier start had in flight
   * lies elsewhere.
   */
  function trainedFrom(progress: ComparisonProgress, arm: string, since: number): number[] {
    const folder = progress.rows.find((row) => row.arm === arm)?.folder;
    return runs.trained
      .slice(since)
      .filter(({ storage }) => storage.folder === folder)
      .map(({ fromStep }) => fromStep);
  }

  function decided({ rows }: ComparisonProgress): unknown[] {
    return rows.map(({ arm, seed, decisionsSha256, checkpointSha256, testScore }: ComparisonRow) => ({
      arm,
      seed,
      decisionsSha256,
      checkpointSha256,
      testScore,
    }));
  }

  function assertWentOn(progress: ComparisonProgress, since: number): void {
    assert.deepEqual(decided(progress), decided(undisturbed));
    assert.deepEqual(trainedFrom(progress, 'FIRE', since), [], 'a finished run is not trained again');
    const again = trainedFrom(progress, 'PBT', since);
    assert.equal(Math.min(...again), HALF, 'a run that was half done goes on from its rounds');
    assert.equal(again.length, 2 * 4);
  }

  it('writes a table that follows from its runs, byte for byte', async () => {
    const { text, json } = await table('undisturbed');
    assert.equal(comparisonText(json.input, json.runs), text);
    assertFits('comparison', [json]);
    assert.deepEqual(
      json.runs.map(({ arm, algorithm, workers, steps, folder }) => ({ arm, algorithm, workers, steps, folder })),
      undisturbed.rows.map(({ arm, folder }, index) => ({
        arm,
        algorithm: index === 0 ? 'fire-pbt' : 'pbt',
        workers: [
          { members: 6, evaluators: 2 },
          { members: 4, evaluators: 0 },
          { members: 3, evaluators: 0 },
        ][index],
        steps: 60,
        folder,
      })),
    );
    const [fire, pbt] = json.runs;
    assert.deepEqual(
      [fire?.costs.memberSteps, pbt?.costs.memberSteps, pbt?.costs.checkpoints.written, pbt?.costs.checkpoints.read],
      [6 * 60, 4 * 60, 4 * 3, 4 * 2],
    );
    assert.deepEqual([pbt?.curve.workerSteps, pbt?.curve.bestScores.at(-1)], [[80, 160, 240], pbt?.objective]);
    const { success: _, ...stops } = fire?.verdicts ?? {};
    for (const [reason, count] of Object.entries(stops)) assert.equal(fire?.costs.evaluations[reason]?.count, count);
  });

  it('answers with rows, summary and the address of the table, and compares only arms of one task', async () => {
    const { json } = await table('undisturbed');
    assert.deepEqual(undisturbed.summary, json.summary);
    assert.deepEqual(undisturbed.table, { bucket: 'fire-pbt', key: 'undisturbed/comparison.json' });
    assert.deepEqual(await runs.client.workflow.getHandle('undisturbed').query(comparisonQuery), undisturbed);
    assert.deepEqual(
      json.summary.differences.map(({ arm, against, testScore }) => ({
        arm,
        against,
        pairs: testScore.differences?.pairs,
      })),
      [{ arm: 'PBT', against: 'FIRE', pairs: 1 }],
    );
  });

  it('resumes the unfinished runs, and only those, if it was killed and is started again', async () => {
    const handle = await start('killed');
    let since = 0;
    const killed = new Promise<void>((resolve) => {
      halfway('killed', {
        PBT: async () => {
          await handle.terminate('test');
          since = runs.trained.length;
          resolve();
          return 'no-further';
        },
      });
    });
    await killed;
    const left = (await table('killed')).json;
    assert.deepEqual(
      left.runs.map(({ arm }) => arm),
      ['FIRE'],
      'it leaves what it has',
    );
    const progress = await result('killed');
    assertWentOn(progress, since);
    assert.equal(progress.rows[0]?.folder, left.runs[0]?.folder);
  });

  it('resumes after a reset to its first task', async () => {
    const handle = await start('reset');
    let since = 0;
    const reset = new Promise<string>((resolve) => {
      halfway('reset', {
        PBT: async () => {
          const { stderr, code } = await runs.temporal(
            'workflow',
            'reset',
            '--workflow-id',
            'reset',
            '--type',
            'FirstWorkflowTask',
            '--reason',
            'test',
          );
          since = runs.trained.length;
          resolve(code === 0 ? '' : stderr);
          return 'no-further';
        },
      });
    });
    assert.equal(await reset, '');
    assertWentOn(await runs.client.workflow.getHandle<typeof compare>(handle.workflowId).result(), since);
  });

  it('resumes a retrace from its rounds if it was killed during the retrace, with the trainers named now', async () => {
    const input = { arms: { PBT: INPUT.arms.PBT }, seeds: [7], retrace: true };
    const whole = await (await start('retracing', input)).result();
    const handle = await start('retracing-killed', input);
    let since = 0;
    const killed = new Promise<void>((resolve) => {
      runs.script.beforeTraining = async ({ storage, fromStep }) => {
        if (
          !decodeURIComponent(storage.folder).startsWith('retracing-killed/PBT/seed-7/retrace/') ||
          fromStep !== HALF ||
          since > 0
        )
          return;
        await handle.terminate('test');
        since = runs.trained.length;
        resolve();
        throw new Error('The test lets it come no further');
      };
    });
    await killed;
    const trainers = trainerTaskQueue(QUEUE);
    const named = { ...input, arms: { PBT: { ...INPUT.arms.PBT, trainers } } };
    const progress = await (await start('retracing-killed', named)).result();
    const retrace = runs.client.workflow.getHandle(retraceId(comparedRunId('retracing-killed', 'PBT', 7)));
    assert.equal((await retrace.query(progressQuery)).plan?.specification.trainers, trainers);
    delete runs.script.beforeTraining;
    const again = runs.trained.slice(since).filter(({ fromStep }) => fromStep < HALF);
    assert.deepEqual(again, [], 'no recorded round is trained again, of the run or of its retrace');
    const retraces = await Promise.all(
      [table('retracing'), table('retracing-killed')].map(async (read) => (await read).json.runs[0]?.retrace),
    );
    assert.deepEqual(
      retraces.map((one) => [one?.seed, one?.testScore, one?.gap]),
      [retraces[0], retraces[0]].map((one) => [one?.seed, one?.testScore, one?.gap]),
    );
    assert.deepEqual(decided(progress), decided(whole));
  });

  it('tells that it ignores signals; cancels all its runs when it is cancelled, and terminates none', async () => {
    const workflowId = 'cancelled';
    const handle = await start(workflowId, { ...INPUT, atOnce: 3 });
    let arms = 0;
    const allInFlight = new Promise<void>((resolve) => {
      const arrived = async (): Promise<'no-further'> => {
        if ((arms += 1) === 3) resolve();
        return Promise.resolve('no-further');
      };
      halfway(workflowId, { FIRE: arrived, PBT: arrived, plain: arrived });
    });
    await allInFlight;
    assert.deepEqual(
      (await handle.query(comparisonQuery)).running,
      ['FIRE', 'PBT', 'plain'].map((arm) => `${workflowId}/${arm}/seed-7`),
    );
    await handle.signal('stopEarly', { reason: 'sent to the comparison' });
    assert.deepEqual((await handle.query(comparisonQuery)).ignored, [
      'stopEarly: a comparison takes no signals, send it to one of its runs',
    ]);
    await handle.cancel();
    await assert.rejects(
      handle.result(),
      (error) => error instanceof WorkflowFailedError && error.cause instanceof CancelledFailure,
    );
    const children = [
      'FIRE/seed-7',
      'FIRE/seed-7/P1',
      'FIRE/seed-7/P2',
      'FIRE/seed-7/P2/evaluator-1',
      'PBT/seed-7',
      'PBT/seed-7/P1',
      'plain/seed-7',
      'plain/seed-7/P1',
    ];
    for (const child of children)
      assert.equal(
        (await runs.client.workflow.getHandle(`${workflowId}/${child}`).describe()).status.name,
        'CANCELLED',
        child,
      );
    delete runs.script.beforeTraining;
  });

  it('finishes the other runs and names those that fail, and resumes these if it is started again', async () => {
    const { client } = runs;
    halfway('failing', {
      FIRE: async () => {
        await client.workflow.getHandle('failing/FIRE/seed-7/P1').terminate('test');
        return 'no-further';
      },
      PBT: async () => {
        await client.workflow.getHandle('failing/PBT/seed-7').signal(stopEarlySignal, { reason: 'a mistake' });
        await runs.reached('failing/PBT/seed-7', ({ status }) => status === 'stopping');
        return 'further';
      },
    });
    const { type, message } = await failure(await start('failing'));
    assert.equal(type, 'RunsFailed');
    const lines = message.split('\n');
    assert.equal(
      lines[0],
      'Cannot finish comparison failing: 2 of 3 runs failed. The results of the others are in ' +
        's3://fire-pbt/failing/comparison.json. Repair the cause, then start the comparison again under the same ' +
        'workflow id: finished runs are not trained again, and the others resume from their last recorded round.',
    );
    assert.match(lines[1] ?? '', /^FIRE, seed 7: P1 of run failing\/FIRE\/seed-7 ended unexpectedly: /);
    assert.equal(lines[2], 'PBT, seed 7: it was stopped early in round 2: a mistake (StoppedEarly)');
    assert.deepEqual(
      (await table('failing')).json.runs.map(({ arm }) => arm),
      ['plain'],
    );
    const since = runs.trained.length;
    const progress = await result('failing');
    assert.deepEqual(decided(progress), decided(undisturbed));
    assert.deepEqual(trainedFrom(progress, 'plain', since), []);
    assert.deepEqual(
      [Math.min(...trainedFrom(progress, 'FIRE', since)), Math.min(...trainedFrom(progress, 'PBT', since))],
      [HALF, HALF],
    );
  });

  it('trains again only the runs whose specification changed', async () => {
    const since = runs.trained.length;
    const { arms } = INPUT;
    const changed = await (
      await start('undisturbed', {
        ...INPUT,
        arms: {
          ...arms,
          plain: { ...arms.plain, steps: 40, storage: { keepRounds: 3 } },
          PBT: { ...arms.PBT, storage: { keepRounds: 3 } },
        },
      })
    ).result();
    assert.deepEqual(changed.rows.slice(0, 2), undisturbed.rows.slice(0, 2));
    assert.deepEqual([changed.rows[2]?.steps, runs.trained.length - since], [40, 3 * 2]);
  });

  it('is refused with all errors, and trains nothing', async () => {
    const since = runs.trained.length;
    const { type, details } = await failure(
      await start('malformed', { arms: { FIRE: { ...TINY, steps: 30 }, '..': TINY }, seeds: [1, 1], retraces: true }),
    );
    assert.equal(type, 'InvalidComparison');
    assert.deepEqual(details, [
      [
        'Expected `arms.FIRE.steps` to be a multiple of `stepsPerRound` (20), got `30`',
        'Expected `retraces` to be absent (known keys: arms, seeds, atOnce, retrace), got `true`',
        'Expected `arms[".."]` to be named with 1 to 60 letters, digits, dots, dashes or underscores, ' +
          'neither dots nor digits alone, got `..`',
        'Expected `seeds[1]` to be different from those before it, got `1`',
      ],
    ]);
    assert.equal(runs.trained.length, since);
  });

  it('trains nothing if it is done, even on a new Temporal server', async () => {
    const elsewhere = await startStoredRuns({ on: server });
    try {
      assert.deepEqual(decided(await result('killed', elsewhere)), decided(undisturbed));
      assert.deepEqual(elsewhere.trained, []);
    } finally {
      await elsewhere.stop();
    }
  });
});
