import { after, before, describe, it } from 'node:test';
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { WorkflowFailedError } from '@temporalio/client';
import { ApplicationFailure, defineSearchAttributeKey } from '@temporalio/common';
import { CheckpointStore } from '../../../activities/storage/checkpoints.ts';
import { ObjectStore } from '../../../activities/storage/object-store.ts';
import { createOrchestrationActivities } from '../../../activities/orchestration.ts';
import { INVALID_SPECIFICATION, INVALID_WORKFLOW_ID } from '../../../activities/runs/plan.ts';
import { runFolder } from '../../../activities/storage/layout.ts';
import { InvalidSpecification } from '../../../activities/specification/parsing.ts';
import { describe as describeTask } from '../../../activities/training/describe.ts';
import { inParallel } from '../../../workflows/population/in-parallel.ts';
import { firePbt } from '../../../workflows/run/fire-pbt.ts';
import { MALFORMED, withToy } from '../../activities/specification/malformed-specifications.ts';
import { startObjectServer } from '../../object-server.ts';
import type { ObjectServer } from '../../object-server.ts';
import { temporal } from '../../temporal-server.ts';
import type { CommandOutcome } from '../../temporal-server.ts';
import { createStandIns, toySpecification } from '../stand-ins.ts';
import type { StandIns } from '../stand-ins.ts';
import { startHarness } from '../run-harness.ts';
import type { Harness } from '../run-harness.ts';
import { describeShipped, specificationOf } from '../../shipped-tasks.ts';

/** Runs at once. */
const AT_ONCE = 16;
/** Payloads above this are the server's to refuse. */
const PAYLOAD_BYTES = 2 * 1024 * 1024;
const TYPED_BY_HAND = ['{"steps": NaN}', '{"steps": 1000', 'steps: 1000', "{'steps': 1000}", '{"steps": 0x10}', ''];
const HOSTILE_IDS = [
  '../../etc',
  'a/../b',
  '/etc/passwd',
  '.',
  '..',
  '~',
  '$(touch x)',
  'a\\b',
  '日本語/ü/🙂',
  '\u202eesrever',
  'a\u0000b',
  'a\r\nb\u001b[31m',
  'x'.repeat(900),
  '🙂'.repeat(200),
];

describe('a run with malicious input', { timeout: 240_000 }, () => {
  let harness: Harness;
  let server: ObjectServer;
  let objects: ObjectStore;
  before(async () => {
    [harness, server] = await Promise.all([startHarness(), startObjectServer()]);
    objects = new ObjectStore(server.options);
  });
  after(async () => {
    await objects.close();
    await Promise.all([harness.stop(), server.stop()]);
  });

  /** What ships, but for training. */
  function activitiesWith(train: StandIns['train']): StandIns & { readonly planned: string[] } {
    const real = createOrchestrationActivities({ objects, client: harness.client });
    const planned: string[] = [];
    return {
      ...createStandIns(),
      ...real,
      planned,
      planRun: async (request) => {
        planned.push(request.workflowId);
        return real.planRun(request);
      },
      describe: (request) =>
        describeTask(request, request.threads, { describe: describeShipped, check: () => Promise.resolve([]) }, ''),
      train,
    };
  }

  async function failureOf(workflowId: string, taskQueue: string, specification: unknown): Promise<ApplicationFailure> {
    const error: unknown = await harness.client.workflow
      .execute(firePbt, { taskQueue, workflowId, args: [specification] })
      .then(
        () => assert.fail(`${workflowId} was not refused`),
        (reason: unknown) => reason,
      );
    assert.ok(
      error instanceof WorkflowFailedError && error.cause instanceof ApplicationFailure,
      `${workflowId}: ${String(error)}`,
    );
    return error.cause;
  }

  it('is refused permanently before anything trains, with path and reason, and writes nothing', async () => {
    const activities = activitiesWith(async () => assert.fail('somebody trained'));
    const taskQueue = randomUUID();
    await harness.withWorkers(taskQueue, activities, () =>
      inParallel(AT_ONCE, MALFORMED, async ([what, specification], index) => {
        const workflowId = `malformed-${index}`;
        const text = JSON.stringify(specification) ?? 'null';
        if (Buffer.byteLength(text) > PAYLOAD_BYTES) {
          await assert.rejects(
            harness.client.workflow.start(firePbt, { taskQueue, workflowId, args: [specification] }),
            (error: Error) => /Blob data size exceeds limit/.test(`${error.message} ${String(error.cause)}`),
            what,
          );
          return;
        }
        // JSON knows neither NaN nor undefined: what is left of them is malformed too.
        const expected = refusalOf(specification === undefined ? undefined : JSON.parse(text));
        const { type, nonRetryable, message, details } = await failureOf(workflowId, taskQueue, specification);
        assert.deepEqual(
          { type, nonRetryable, message, details },
          {
            type: INVALID_SPECIFICATION,
            nonRetryable: true,
            message: expected.message,
            details: [expected.complaints],
          },
          what,
        );
      }),
    );
    const { typedSearchAttributes } = await harness.client.workflow.getHandle('malformed-0').describe();
    assert.equal(typedSearchAttributes.get(defineSearchAttributeKey('FirePbtStatus', 'KEYWORD')), 'failed');
    assert.equal(new Set(activities.planned).size, activities.planned.length, 'each was looked at once');
    assert.deepEqual(activities.trained, []);
    assert.deepEqual(await readdir(server.folder), []);
  });

  it('writes only inside its folder of the bucket, whatever its workflow id', async () => {
    const checkpoints = new CheckpointStore(objects);
    const activities = activitiesWith(async ({ storage, worker, fromStep, toStep, evalEvery, hyperparameters }) => ({
      checkpoint: await checkpoints.put(storage, Buffer.from(`${worker.index} at ${toStep}`), toStep),
      scores: Array.from({ length: (toStep - fromStep) / evalEvery }, () => worker.index),
      effectiveHyperparameters: hyperparameters,
      trainerSeconds: 0,
    }));
    const taskQueue = randomUUID();
    const specification = toySpecification({
      steps: 20,
      evalEvery: 20,
      subPopulations: [{ members: 2, evaluators: 0 }],
      storage: { bucket: 'inside', keepRounds: 2 },
    });
    const prefixes = await harness.withWorkers(taskQueue, activities, () =>
      inParallel(AT_ONCE, HOSTILE_IDS, async (workflowId) => {
        const handle = await harness.client.workflow.start(firePbt, { taskQueue, workflowId, args: [specification] });
        const { storage } = await handle.result();
        assert.deepEqual(storage, { bucket: 'inside', folder: runFolder(workflowId, handle.firstExecutionRunId) });
        return `${storage.folder}/`;
      }),
    );
    assert.equal(new Set(prefixes).size, HOSTILE_IDS.length);
    assert.deepEqual(await readdir(server.folder), ['inside']);
    const written = await readdir(join(server.folder, 'inside'), { recursive: true, withFileTypes: true });
    const files = written
      .filter((entry) => !entry.isDirectory())
      .map(({ parentPath, name }) => join(parentPath, name).slice(join(server.folder, 'inside/').length));
    for (const prefix of prefixes) assert.ok(files.includes(`${prefix}result/result.json`), prefix);
    assert.deepEqual(
      files.filter((file) => !prefixes.some((prefix) => file.startsWith(prefix))),
      [],
    );
  });

  it('is refused if its workflow id is too long for those of its children', async () => {
    const taskQueue = randomUUID();
    await harness.withWorkers(
      taskQueue,
      activitiesWith(async () => assert.fail('somebody trained')),
      async () => {
        const { type, nonRetryable } = await failureOf('x'.repeat(1000), taskQueue, withToy({}));
        assert.deepEqual([type, nonRetryable], [INVALID_WORKFLOW_ID, true]);
      },
    );
  });

  describe('malicious input from the command line', () => {
    let folder: string;
    before(async () => {
      folder = await mkdtemp(join(tmpdir(), 'fire-pbt-inputs-'));
    });
    after(() => rm(folder, { recursive: true, force: true }));

    for (const input of TYPED_BY_HAND) {
      it(`is refused by the CLI if \`${input}\` is no JSON`, async () => {
        const { code, stderr } = await start(randomUUID(), '--input', input);
        assert.equal(code, 1);
        assert.match(stderr, /^Error: input #1 is not valid JSON/);
      });
    }

    for (const [megabytes, refusal] of [
      [3, /Blob data size exceeds limit/],
      [10, /received message after decompression larger than max 4194304/],
    ] as const) {
      it(`is refused by the server if the specification has ${megabytes} MB`, async () => {
        const workflowId = randomUUID();
        const file = join(folder, `${megabytes}.json`);
        await writeFile(file, JSON.stringify(withToy({ $schema: 'x'.repeat(megabytes * 1024 * 1024) })));
        const { code, stderr } = await start(workflowId, '--input-file', file);
        assert.equal(code, 1);
        assert.match(stderr, refusal);
        await assert.rejects(harness.client.workflow.getHandle(workflowId).describe(), /not found/i);
      });
    }

    it('is refused by the server if the workflow id is longer than the server accepts', async () => {
      const { code, stderr } = await start('x'.repeat(1001), '--input', '{}');
      assert.equal(code, 1);
      assert.match(stderr, /WorkflowId exceeds maximum allowed length/);
    });

    it('is refused by the run if a number is not finite', async () => {
      const taskQueue = randomUUID();
      const workflowId = randomUUID();
      await harness.withWorkers(
        taskQueue,
        activitiesWith(async () => assert.fail('somebody trained')),
        async () => {
          const text = JSON.stringify(withToy({})).replace('"steps":1000', '"steps":1e999');
          assert.equal((await start(workflowId, '--input', text, '--task-queue', taskQueue)).code, 0);
          await assert.rejects(harness.client.workflow.getHandle(workflowId).result(), (error: WorkflowFailedError) =>
            /Expected `steps` to be an integer from 1 to 1000000000, got `/.test(String(error.cause?.message)),
          );
        },
      );
    });

    async function start(workflowId: string, ...options: readonly string[]): Promise<CommandOutcome> {
      const queue = options.includes('--task-queue') ? [] : ['--task-queue', 'nobody'];
      const command = ['workflow', 'start', '--type', 'firePbt', '--workflow-id', workflowId];
      return temporal(harness.address, ...command, ...queue, ...options);
    }
  });
});

function refusalOf(specification: unknown): InvalidSpecification {
  try {
    specificationOf(specification);
  } catch (error) {
    assert.ok(error instanceof InvalidSpecification);
    return error;
  }
  return assert.fail('was not refused');
}
