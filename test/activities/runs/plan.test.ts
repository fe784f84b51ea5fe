import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { ApplicationFailure } from '@temporalio/common';
import { ObjectStore } from '../../../activities/storage/object-store.ts';
import { costsOf, INVALID_SPECIFICATION, INVALID_WORKFLOW_ID, planRun } from '../../../activities/runs/plan.ts';
import type { LatestRound, RunPlan, TaskQuestion } from '../../../activities/contracts/run.ts';
import type { AnsweredRequest } from '../../../activities/contracts/task.ts';
import { findLatestRound } from '../../../activities/runs/latest-round.ts';
import { findQuestion, type RunInput } from '../../../activities/runs/draft.ts';
import { RoundRecords } from '../../../activities/runs/rounds.ts';
import type { Specification } from '../../../activities/specification/specification.ts';
import { RUN_FOLDER, runFolder } from '../../../activities/storage/layout.ts';
import { startObjectServer, type ObjectServer } from '../../object-server.ts';
import { answerOf, specificationOf } from '../../shipped-tasks.ts';
import { recordRun, saveRound } from './recorded-run.ts';

const h = { kind: 'float', scale: 'log', bounds: [1e-4, 1.1], initial: { distribution: 'uniform', range: [0.9, 1.1] } };
const toy = {
  task: { kind: 'toy', variant: 'plain' },
  steps: 1000,
  stepsPerRound: 20,
  evalEvery: 1,
  subPopulations: [{}, {}],
  hyperparameters: { h },
  storage: { bucket: 'planned' },
};

const ROOT = { runId: 'def-456', workflowType: 'firePbt' };

type Trainers = typeof answerOf;

/** Answers as trainers whose task has one more setting and one more hyperparameter, both with defaults. */
function withMoreDefaults(question: TaskQuestion | null): AnsweredRequest | null {
  const answered = answerOf(question);
  if (!answered || !('description' in answered.answer)) return answered;
  const { description } = answered.answer;
  const task = { ...description.task, warm: false };
  const dropout = { kind: 'number', name: 'dropout', description: 'new', minimum: 0, below: 1, default: 0 } as const;
  const hyperparameters = [...description.hyperparameters, dropout];
  return { ...answered, answer: { description: { ...description, task, hyperparameters } } };
}

/** Answers as trainers whose task no longer has the variant. */
function withoutVariant(question: TaskQuestion | null): AnsweredRequest | null {
  const complaints = [{ path: ['task', 'variant'], rule: 'another one' }];
  return question && { request: question.request, answer: { complaints } };
}

describe('the plan of a run', () => {
  let server: ObjectServer;
  let objects: ObjectStore;

  before(async () => {
    server = await startObjectServer();
    objects = new ObjectStore(server.options);
  });
  after(async () => {
    await objects.close();
    await server.stop();
  });

  /** Plans with what trainers answer. */
  async function planned(input: RunInput, root = ROOT, answer: Trainers = answerOf): Promise<RunPlan> {
    return planRun(objects, { ...input, answered: answer(await findQuestion(new RoundRecords(objects), input)) }, root);
  }

  /** Writes the result of a finished run, as far as a retrace reads it. */
  async function finish(workflowId: string, specification: Specification): Promise<void> {
    const [folder, key] = [`${workflowId}/r`, `${workflowId}/r/result/result.json`];
    const schedule = [{ worker: 'P1/member-1', origin: 'start', fromStep: 0, toStep: 1000, hyperparameters: { h: 1 } }];
    const result = {
      ...{ workflowId, algorithm: 'pbt', seed: 0, rounds: 10, steps: 1000, testScore: 0.8 },
      winner: { objective: 0.9, checkpoint: { sha256: '0' } },
      ...{ promotions: [0], verdicts: {}, decisionsSha256: null, schedule, specification },
      ...{ storage: { bucket: 'planned', folder }, resultKey: key },
    };
    await objects.put('planned', key, JSON.stringify(result));
  }

  test('creates the bucket, writes the specification with its defaults, and returns the costs', async () => {
    const plan = await planned({ specification: toy, workflowId: 'lab/run 1', firstExecutionRunId: 'abc-123' });
    assert.deepEqual(plan.storage, { bucket: 'planned', folder: 'lab%2Frun%201/abc-123' });
    const written: unknown = JSON.parse(
      Buffer.from(await objects.get('planned', `${plan.storage.folder}/specification.json`)).toString(),
    );
    assert.deepEqual(written, plan.specification);
    assert.deepEqual(plan.specification, specificationOf(toy));
    const { members, evaluators, rounds, workerSteps, trainActivities, checkpointsKept } = plan.costs;
    assert.deepEqual(
      [members, evaluators, rounds, workerSteps, trainActivities, checkpointsKept],
      [16, 6, 50, 22_000, 1_100, 89],
    );
  });

  test('refuses an invalid specification permanently, with all errors, and writes nothing', async () => {
    const request = {
      specification: { ...toy, steps: 0, storage: { bucket: 'never-made' }, seed: -1 },
      workflowId: 'w',
      firstExecutionRunId: 'r',
    };
    await assert.rejects(planned(request), (error: unknown) => {
      assert.ok(error instanceof ApplicationFailure);
      assert.equal(error.type, INVALID_SPECIFICATION);
      assert.equal(error.nonRetryable, true);
      const complaints = [
        'Expected `seed` to be an integer from 0 to 4294967295, got `-1`',
        'Expected `steps` to be an integer from 1 to 1000000000, got `0`',
      ];
      assert.deepEqual(error.details, [complaints]);
      assert.equal(error.message, `Cannot use the specification: 2 errors\n${complaints.join('\n')}`);
      return true;
    });
    await assert.rejects(objects.list('never-made', ''), /there is no such bucket/);
  });

  test('of a retrace names the trainers of the retraced run, if none stand beside it', async () => {
    for (const trainers of ['walkers', undefined]) {
      const [workflowId, firstExecutionRunId] = [trainers ?? 'usual', 'r'];
      const found = await planned({ specification: { ...toy, trainers }, workflowId, firstExecutionRunId });
      await finish(workflowId, found.specification);
      const retracing = { run: `${workflowId}/r`, storage: toy.storage };
      const request = { specification: retracing, workflowId: `${workflowId}-retraced`, firstExecutionRunId };
      const own = { ...ROOT, workflowType: 'retrace' };
      const question = await findQuestion(new RoundRecords(objects), request);
      assert.equal(question?.trainers, trainers ?? null, 'it asks them about its task');
      assert.equal((await planned(request, own)).specification.trainers, trainers);
      const others = { ...request, specification: { ...retracing, trainers: 'others' } };
      assert.equal((await planned(others, own)).specification.trainers, 'others');
    }
  });

  test('refuses a workflow id that is too long for its children, and accepts the longest possible', async () => {
    const request = { specification: toy, firstExecutionRunId: 'r' };
    await planned({ ...request, workflowId: `${'ü'.repeat(492)}x` });
    await assert.rejects(planned({ ...request, workflowId: 'ü'.repeat(493) }), {
      type: INVALID_WORKFLOW_ID,
      nonRetryable: true,
      message:
        'Expected the workflow id to be at most 985 bytes, so that those of its children have at most 1000, got 986',
    });
  });

  describe('after a reset to the first task', () => {
    const again = { ...ROOT, runId: 'reset' };
    const deleteRun = async (folder: string): Promise<void> =>
      objects.delete(
        'planned',
        (await objects.list('planned', `${folder}/`)).map(({ key }) => key),
      );
    const plan = (workflowId: string, specification: unknown, root = ROOT, answer?: Trainers): Promise<RunPlan> =>
      planned({ specification, workflowId, firstExecutionRunId: 'r' }, root, answer);

    test('is the same if the run to resume was deleted in the meantime', async () => {
      const going = { from: 'earlier/r', steps: 2000, storage: toy.storage };
      await plan('earlier', toy);
      const planned = await plan('later', going);
      await deleteRun('earlier/r');
      assert.deepEqual(await plan('later', going, again), { ...planned, generation: 'reset' });
      assert.equal(planned.specification.steps, 2000);
    });

    test(
      'comes to the same where the run that is retraced was deleted meanwhile, and so does going on from ' +
        'the retrace',
      async () => {
        const retracing = { run: 'found/r', storage: toy.storage };
        const { specification } = await plan('found', toy);
        await finish('found', specification);
        const planned = await plan('retrace', retracing, { ...ROOT, workflowType: 'retrace' });
        assert.deepEqual(planned.retraced, { folder: 'found/r', seed: 0, objective: 0.9, testScore: 0.8 });
        await deleteRun('found/r');
        assert.deepEqual(await plan('retrace', retracing, { ...again, workflowType: 'retrace' }), {
          ...planned,
          generation: 'reset',
        });

        const going = { from: 'retrace/r', storage: toy.storage };
        const later = await plan('later-retrace', going);
        await deleteRun('retrace/r');
        assert.deepEqual(await plan('later-retrace', going, again), { ...later, generation: 'reset' });
        assert.deepEqual(later.retraced, planned.retraced);
      },
    );

    describe('once a round is recorded', () => {
      const short = { ...toy, steps: 40 };
      const newestRound = ({ storage }: RunPlan): Promise<LatestRound> =>
        findLatestRound({ findDamage: async () => null }, new RoundRecords(objects), { storage, subPopulations: 2 });

      async function recorded(workflowId: string): Promise<RunPlan> {
        const made = await plan(workflowId, short);
        const { requests } = await recordRun(made.specification, made.storage);
        for (const request of requests[0] ?? []) await saveRound(new RoundRecords(objects), request);
        return made;
      }

      test('is the same if the trainers’ task has gained defaults, and no round is lost', async () => {
        const made = await recorded('gained');
        assert.deepEqual(await plan('gained', short, again, withMoreDefaults), { ...made, generation: 'reset' });
        assert.deepEqual([(await newestRound(made)).round, (await newestRound(made)).refused], [1, []]);
      });

      test('is refused if the trainers no longer accept the specification, and no round is lost', async () => {
        const made = await recorded('refused');
        const complaint = 'Expected `task.variant` to be another one, got `"plain"`';
        await assert.rejects(plan('refused', short, again, withoutVariant), {
          type: INVALID_SPECIFICATION,
          nonRetryable: true,
          details: [[complaint]],
          message:
            "Cannot resume by refused/r/specification.json, which the run's records follow: it is refused. Start " +
            "trainers that accept it, such as those that it was planned with, and reset the run's root to its first " +
            `task\n${complaint}`,
        });
        assert.equal((await newestRound(made)).round, 1);
      });

      test('is refused if the specification is lost and the trainers’ task has gained defaults', async () => {
        const made = await recorded('lost');
        await objects.delete('planned', ['lost/r/specification.json']);
        await assert.rejects(plan('lost', short, again, withMoreDefaults), {
          type: 'RecordRefused',
          nonRetryable: true,
          message:
            'Cannot use record lost/r/specification.json: it is missing. Restore the object if it was changed, and ' +
            "reset the run's root to its first task: the workflow's input and the defaults of today give another " +
            'specification, which no recorded round fits',
        });
        assert.deepEqual((await plan('lost', short, again)).specification, made.specification);
        assert.equal((await newestRound(made)).round, 1);
      });
    });

    test('is refused if neither run is recorded', async () => {
      const refused = (rule: string): object => ({
        type: INVALID_SPECIFICATION,
        message: `Cannot use the specification: one error\nExpected ${rule} in bucket planned, got \`"nobody/r"\``,
      });
      await assert.rejects(
        plan('newcomer', { from: 'nobody/r', storage: toy.storage }, again),
        refused('`from` to be the folder of a run'),
      );
      await assert.rejects(
        plan('newcomer', { run: 'nobody/r', storage: toy.storage }, { ...again, workflowType: 'retrace' }),
        refused('`run` to be the folder of a finished run'),
      );
    });
  });
});

describe('the folder of a run', () => {
  test('has two path segments, whatever the ids', () => {
    for (const id of [
      'run',
      '.',
      '..',
      '...',
      '../../etc/passwd',
      'a/b',
      '/',
      '\\',
      'ä 日本',
      'x'.repeat(1000),
      '日'.repeat(333),
      '%2E',
      'a\u0000b',
      '-',
      '~',
    ]) {
      const folder = runFolder(id, id);
      assert.match(folder, /^[A-Za-z0-9._~%-]{1,200}\/[A-Za-z0-9._~%-]{1,200}$/, id);
      for (const name of folder.split('/')) assert.ok(name !== '.' && name !== '..');
      assert.match(folder, RUN_FOLDER);
      assert.doesNotMatch(folder, /%(?![0-9A-F]{2})/);
    }
  });

  test('keeps ordinary ids readable and different ids distinct', () => {
    assert.equal(runFolder('my-run_2.0', '0198'), 'my-run_2.0/0198');
    const ids = ['a/b', 'a%2Fb', 'a_b', 'a b', 'A/b', 'x'.repeat(300), 'x'.repeat(301), '.', '%2E', '..', '%2E%2E'];
    assert.equal(new Set(ids.map((id) => runFolder(id, 'r'))).size, ids.length);
  });
});

describe('the costs of a run', () => {
  test('are those of 8, 22, 36 and 50 workers for one to four sub-populations', () => {
    const workers = [1, 2, 3, 4].map((n) => {
      const { members, evaluators } = costsOf(specificationOf({ ...toy, subPopulations: new Array(n).fill({}) }));
      return members + evaluators;
    });
    assert.deepEqual(workers, [8, 22, 36, 50]);
  });
});
