/** Objects of finished runs and of comparisons that another run or comparison reads, damaged. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { findRetrace, findRun } from '../../../activities/comparison/finding.ts';
import { summarise, tabulate } from '../../../activities/comparison/table.ts';
import type { RunFolder } from '../../../activities/contracts/checkpoint.ts';
import type { FoundRun } from '../../../activities/contracts/comparison.ts';
import type { RunPlan } from '../../../activities/contracts/run.ts';
import { findQuestion } from '../../../activities/runs/draft.ts';
import { planRun } from '../../../activities/runs/plan.ts';
import { writeResult } from '../../../activities/runs/result.ts';
import { RoundRecords } from '../../../activities/runs/rounds.ts';
import { NoSchedule, readSchedule } from '../../../activities/runs/schedule.ts';
import type { Specification } from '../../../activities/specification/specification.ts';
import {
  comparedRunKey,
  comparisonInputKey,
  resultKey,
  retracedKey,
  specificationKey,
} from '../../../activities/storage/layout.ts';
import { ObjectStore } from '../../../activities/storage/object-store.ts';
import { startObjectServer, type ObjectServer } from '../../object-server.ts';
import { answerOf } from '../../shipped-tasks.ts';
import { toySpecification } from '../../workflows/stand-ins.ts';
import { recordRun, saveRound } from './recorded-run.ts';

const BUCKET = 'damaged';
const ROUNDS = 2;
const specification = toySpecification({ steps: 40, storage: { bucket: BUCKET, keepRounds: 2 } });
const LOCATION = { bucket: BUCKET, folder: 'compared' };

/** What may be under a key in place of what was written there, and what is then said of it. */
const DAMAGES = [
  { damage: 'truncated', text: (before: string) => before.slice(0, before.length / 2), problem: 'expected JSON, got ' },
  { damage: 'no object', text: () => '[1]', problem: 'expected `the object` to be an object, got `[1]`' },
  { damage: 'of something else', text: () => '{"seed": "x"}', problem: 'expected `' },
] as const;

describe('an object of another run', () => {
  let server: ObjectServer;
  let objects: ObjectStore;
  let records: RoundRecords;
  let finished: RunFolder;

  before(async () => {
    server = await startObjectServer();
    objects = new ObjectStore(server.options);
    records = new RoundRecords(objects);
    const { storage, specification: full, task } = await plan('finished', specification, 'firePbt');
    finished = storage;
    const simulated = await recordRun(full, storage);
    for (const request of simulated.requests.flat()) await saveRound(records, request);
    const [{ checkpoint = null, history = [] } = {}] = simulated.populations[0]?.members ?? [];
    assert.ok(checkpoint);
    const winner = { member: 0, score: 1, checkpoint, history };
    const report = { testScore: 1, files: [] };
    const request = {
      storage,
      workflowId: 'finished',
      specification: full,
      winner,
      other: null,
      report,
      score: task.score,
    };
    await writeResult(objects, records, { ...request, rounds: ROUNDS, undeleted: 0 });
    await put(comparisonInputKey(LOCATION), JSON.stringify({ arms: { arm: specification }, seeds: [1, 2] }));
    await tabulate(objects, records, tabulation());
  });
  after(async () => {
    await objects.close();
    await server.stop();
  });

  for (const { damage, text, problem } of DAMAGES) {
    test(`a result, ${damage}: named by whoever needs it, with what to do`, async () => {
      const key = resultKey(finished);
      await damaged(key, text, async () => {
        const refusal = { type: 'RecordRefused', nonRetryable: true };
        const expected = `^Cannot use record ${key}: ${escaped(problem)}`;
        await assert.rejects(plan('retrace', { run: finished.folder, storage: { bucket: BUCKET } }, 'retrace'), {
          ...refusal,
          message: new RegExp(
            `${expected}.*\\. Restore the object, or give its schedule in a specification of its own$`,
          ),
        });
        await assert.rejects(tabulate(objects, records, tabulation()), {
          ...refusal,
          message: new RegExp(`${expected}.*\\. Start the comparison again under its workflow id: it makes anew `),
        });
        await assert.rejects(readSchedule(objects, finished), NoSchedule);
        assert.deepEqual(await findSpecified(specification), { state: 'absent' });
        assert.deepEqual(await findRetrace(objects, records, 'finished', finished, 7), { state: 'absent' });
      });
      assert.equal((await findSpecified(specification)).state, 'finished');
    });

    test(`what a comparison wrote, ${damage}: named, with what to do`, async () => {
      const compared = comparedRunKey(LOCATION, { arm: 'arm', seed: 2 });
      await objects.put(BUCKET, compared, await objects.get(BUCKET, comparedRunKey(LOCATION, { arm: 'arm', seed: 1 })));
      const both = { ...tabulation(), done: '11' };
      for (const key of [comparisonInputKey(LOCATION), compared])
        await damaged(key, text, () =>
          assert.rejects(tabulate(objects, records, both), {
            type: 'RecordRefused',
            nonRetryable: true,
            message: new RegExp(`^Cannot use record ${key}: ${escaped(problem)}.*\\. Start the comparison again `),
          }),
        );
      await tabulate(objects, records, both);
      assert.equal((await summarise(records, LOCATION)).arms[0]?.runs, 2);
    });

    test(`what a retrace records, ${damage}: named by a run from it, and no comparison uses it`, async () => {
      const retracing = { run: finished.folder, seed: 7, storage: { bucket: BUCKET } };
      const { storage } = await plan(`retrace-${damage}`, retracing, 'retrace');
      await damaged(retracedKey(storage), text, async () => {
        await assert.rejects(plan('later', { from: storage.folder, storage: { bucket: BUCKET } }, 'firePbt'), {
          type: 'RecordRefused',
          nonRetryable: true,
          message: new RegExp(`^Cannot use record ${escaped(retracedKey(storage))}: ${escaped(problem)}`),
        });
        const found = await findRetrace(objects, records, `retrace-${damage}`, finished, 7);
        assert.deepEqual(found, { state: 'absent' });
      });
    });

    test(`a specification, ${damage}: refused by a run from it, and no comparison uses it`, async () => {
      const { storage } = await plan(`never-trained-${damage}`, specification, 'firePbt');
      await damaged(specificationKey(storage), text, async () => {
        await assert.rejects(plan('later', { from: storage.folder, storage: { bucket: BUCKET } }, 'firePbt'), {
          nonRetryable: true,
          type: damage === 'of something else' ? 'InvalidSpecification' : 'RecordRefused',
        });
        const found = await findRun(objects, records, `never-trained-${damage}`, specification, specification);
        assert.deepEqual(found, { state: 'absent' });
      });
    });
  }

  test('a run is found again if the trainers’ task has gained defaults since, unless others are wanted', async () => {
    const { task, hyperparameters } = specification;
    const later = {
      ...specification,
      task: { ...task, warm: false },
      hyperparameters: { ...hyperparameters, dropout: 0 },
    };
    assert.equal((await findSpecified(later, specification)).state, 'finished');
    for (const given of [
      { ...specification, task: later.task },
      { ...specification, hyperparameters: later.hyperparameters },
    ])
      assert.equal((await findSpecified(later, given)).state, 'absent');
    assert.equal((await findSpecified({ ...later, seed: 1 }, specification)).state, 'absent');
  });

  test('a result that is damaged once a retrace is planned does not matter to it', async () => {
    const retracing = { run: finished.folder, seed: 7, storage: { bucket: BUCKET } };
    const planned = await plan('retrace', retracing, 'retrace');
    for (const { text } of DAMAGES)
      await damaged(resultKey(finished), text, async () => {
        assert.deepEqual(await plan('retrace', retracing, 'retrace'), planned);
      });
  });

  function findSpecified(wanted: Specification, given: unknown = wanted): Promise<FoundRun> {
    return findRun(objects, records, 'finished', wanted, given);
  }

  function tabulation(): Parameters<typeof tabulate>[2] {
    return { location: LOCATION, run: { arm: 'arm', seed: 1, ...finished }, done: '10' };
  }

  async function plan(workflowId: string, given: unknown, workflowType: string): Promise<RunPlan> {
    const request = { specification: given, workflowId, firstExecutionRunId: 'first' };
    const answered = answerOf(await findQuestion(records, request));
    return planRun(objects, { ...request, answered }, { runId: 'generation-1', workflowType });
  }

  async function put(key: string, text: string): Promise<void> {
    await objects.put(BUCKET, key, text);
  }

  /** Damages an object meanwhile. */
  async function damaged(key: string, text: (before: string) => string, work: () => Promise<void>): Promise<void> {
    const before = await objects.get(BUCKET, key);
    await put(key, text(Buffer.from(before).toString()));
    await work();
    await objects.put(BUCKET, key, before);
  }
});

function escaped(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`);
}
