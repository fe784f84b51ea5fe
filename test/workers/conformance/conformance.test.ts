/**
 * The conformance suite on trainers that keep the contract, and on trainers that break it on purpose.
 */
import assert from 'node:assert/strict';
import { createHash, randomUUID } from 'node:crypto';
import { after, before, describe, it } from 'node:test';
import { Context } from '@temporalio/activity';
import { Client, Connection } from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
import { DefaultLogger, NativeConnection, Runtime, Worker } from '@temporalio/worker';
import type { TrainingActivities, TrainOutcome, TrainRequest } from '../../../activities/contracts/training.ts';
import { checkpointKey, partialKey, resultFileKey } from '../../../activities/storage/layout.ts';
import { ObjectStore } from '../../../activities/storage/object-store.ts';
import { decodeSafetensors, encodeSafetensors } from '../../../activities/storage/safetensors.ts';
import { computeHere } from '../../../activities/training/compute-here.ts';
import { createTrainingActivities } from '../../../activities/training/train.ts';
import { Subject } from '../../../workers/conformance/subject.ts';
import { CHECKS, tryAll, type Finding } from '../../../workers/conformance/suite.ts';
import { TrainerUnderTest } from '../../../workers/conformance/trainer-under-test.ts';
import { startObjectServer, type ObjectServer } from '../../object-server.ts';
import { whileWorking } from '../../running-workers.ts';
import { runCommand } from '../command.ts';
import { startTemporalServer, type TestServer } from '../../temporal-server.ts';

const TASK = { kind: 'toy', variant: 'plain' };
const STORAGE_BUCKET = 'conformance';

/** How a trainer breaks the contract: what its activities are instead, and the checks that must find it. */
interface Broken {
  readonly what: string;
  readonly breaks: (honest: TrainingActivities, objects: ObjectStore) => Partial<TrainingActivities>;
  readonly found: readonly string[];
}

const STORES = 'trains a round, and stores a checkpoint in the folder whose bytes are as its reference says';
const CONTINUES = 'continues from a checkpoint, twice the same, and otherwise from another checkpoint';

const BROKEN: readonly Broken[] = [
  {
    what: 'accepts any setting',
    breaks: (honest) => ({ describe: (request) => honest.describe({ ...request, task: TASK }) }),
    found: ['refuses a setting that it does not know, and names its path', 'refuses a task that it does not have'],
  },
  {
    what: 'refuses in a way that is retried',
    breaks: (honest) => ({
      describe: async (request) =>
        honest.describe(request).catch((error: unknown) => {
          throw ApplicationFailure.create({
            type: 'InvalidTask',
            nonRetryable: false,
            details: (error as ApplicationFailure).details ?? [],
          });
        }),
    }),
    found: ['refuses a setting that it does not know, and names its path'],
  },
  {
    what: 'describes no hyperparameters as the contract has them',
    breaks: (honest) => ({
      describe: async (request) => ({ ...(await honest.describe(request)), hyperparameters: [{ name: 'h' }] as never }),
    }),
    found: ['describes the task: settings in full, a label, hyperparameters, the name of its score'],
  },
  {
    what: 'describes after eight seconds without a heartbeat',
    breaks: (honest) => ({
      describe: async (request) => {
        await new Promise((resolve) => setTimeout(resolve, 8_000));
        return honest.describe(request);
      },
    }),
    found: ['describes the task: settings in full, a label, hyperparameters, the name of its score'],
  },
  {
    what: 'draws from another source of random numbers in each attempt',
    breaks: (honest, objects) => ({
      train: async (request) =>
        store(objects, request, Buffer.from(`{}${randomUUID()}`), await honest.train({ ...request, checkpoint: null })),
    }),
    found: ['trains the same for the same request: the same checkpoint and scores'],
  },
  {
    what: 'answers with one score too few',
    breaks: (honest) => ({
      train: async (request) => {
        const outcome = await honest.train(request);
        return { ...outcome, scores: outcome.scores.slice(1) };
      },
    }),
    found: [STORES],
  },
  {
    what: 'answers before it has stored the checkpoint',
    breaks: (honest) => ({
      train: async (request) => {
        const outcome = await honest.train(request);
        return { ...outcome, checkpoint: { ...outcome.checkpoint, key: `${outcome.checkpoint.key}-later` } };
      },
    }),
    found: [STORES],
  },
  {
    what: 'trains with values of its own and says that it used the others',
    breaks: (honest) => ({
      train: async (request) => ({
        ...(await honest.train({ ...request, hyperparameters: { h: 0.5 } })),
        effectiveHyperparameters: request.hyperparameters,
      }),
    }),
    found: [
      'uses the hyperparameters that it is asked for, and says so',
      'refuses hyperparameters that are unknown, missing or out of range',
    ],
  },
  {
    what: 'begins afresh if it cannot read a checkpoint',
    breaks: (honest) => ({
      train: async (request) => honest.train(request).catch(() => honest.train({ ...request, checkpoint: null })),
    }),
    found: ['refuses a checkpoint whose bytes were changed', 'refuses a checkpoint of something else'],
  },
  {
    what: 'reads the checkpoint, then begins afresh in every round',
    breaks: (honest) => ({
      train: async (request) => {
        const outcome = await honest.train(request);
        return request.checkpoint === null ? outcome : honest.train({ ...request, checkpoint: null });
      },
    }),
    found: [CONTINUES],
  },
  {
    what: 'answers with a partial checkpoint, which the run deletes',
    breaks: (honest, objects) => ({
      train: async (request) => {
        const outcome = await honest.train(request);
        const { bucket } = request.storage;
        const key = partialKey(request.storage, request.toStep, outcome.checkpoint.sha256);
        await objects.put(bucket, key, await objects.get(bucket, outcome.checkpoint.key));
        return { ...outcome, checkpoint: { ...outcome.checkpoint, key } };
      },
    }),
    found: [STORES, CONTINUES],
  },
  {
    what: 'writes no step into the metadata of its checkpoints',
    breaks: (honest, objects) => ({
      train: async (request) => {
        const outcome = await honest.train(request);
        const trained = decodeSafetensors(await objects.get(request.storage.bucket, outcome.checkpoint.key));
        const { format = '', task = '' } = trained.metadata;
        return store(objects, request, Buffer.from(encodeSafetensors(trained.tensors, { format, task })), outcome);
      },
    }),
    found: [STORES, CONTINUES],
  },
  {
    what: 'sends no heartbeats and does not hear of its cancellation',
    breaks: (honest) => ({
      train: async (request) =>
        request.toStep > 1_000_000
          ? new Promise<never>((_, reject) => setTimeout(reject, 5_000, new Error('too late')))
          : honest.train(request),
    }),
    found: ['sends heartbeats that tell the step, and ends soon after the round is cancelled'],
  },
  {
    what: 'counts steps from its own attempt, so that a round that was paused is trained too long',
    breaks: (honest) => ({
      train: async (request) => {
        const { attempt } = Context.current().info;
        return attempt === 1 ? honest.train(request) : honest.train({ ...request, hyperparameters: { h: attempt } });
      },
    }),
    found: ['trains the same if its round is paused and goes on later'],
  },
  {
    what: 'reports files that are not there',
    breaks: (honest) => ({
      report: async (request) => ({
        ...(await honest.report(request)),
        files: [resultFileKey(request.storage, 'weights.bin')],
      }),
    }),
    found: ['reports on a checkpoint: a test score, and files under result/'],
  },
  {
    what: 'answers NaN in its own way',
    breaks: (honest) => ({
      report: async (request) => ({ ...(await honest.report(request)), testScore: 'NaN' as never }),
    }),
    found: ['reports on a checkpoint: a test score, and files under result/'],
  },
];

// Refusals are what the suite asks for; the SDK would log each with its stack.
Runtime.install({ logger: new DefaultLogger('ERROR') });

describe('the conformance suite', () => {
  let temporal: TestServer;
  let server: ObjectServer;
  let objects: ObjectStore;
  let native: NativeConnection;
  let connection: Connection;
  before(async () => {
    [temporal, server] = await Promise.all([startTemporalServer(), startObjectServer()]);
    objects = new ObjectStore(server.options);
    await objects.ensureBucket(STORAGE_BUCKET);
    native = await NativeConnection.connect({ address: temporal.address });
    connection = await Connection.connect({ address: temporal.address });
  });
  after(async () => {
    await connection.close();
    await native.close();
    await objects.close();
    await Promise.all([temporal.stop(), server.stop()]);
  });

  /** Tries checks on a trainer in this process. */
  async function findingsOf(changes: Partial<TrainingActivities>, titles?: readonly string[]): Promise<Finding[]> {
    const taskQueue = randomUUID();
    const activities = { ...honestActivities(objects), ...changes };
    const worker = await Worker.create({
      connection: native,
      taskQueue,
      activities,
      maxConcurrentActivityTaskExecutions: 1,
      maxHeartbeatThrottleInterval: '500ms',
      defaultHeartbeatThrottleInterval: '500ms',
      shutdownGraceTime: '100ms',
    });
    return whileWorking([worker], async () => {
      const client = new Client({ connection });
      const trainer = await TrainerUnderTest.start({ client, connection: native, namespace: 'default' }, taskQueue);
      const storage = { bucket: STORAGE_BUCKET, folder: `conformance/${taskQueue}` };
      const options = { trainer, objects, storage, task: TASK, threads: 1, steps: 100, hyperparameters: { h: 1 } };
      const checks = CHECKS.filter(({ title }, index) => index === 0 || titles === undefined || titles.includes(title));
      try {
        return [...(await tryAll(new Subject({ ...options, longSeconds: 5, kill: undefined }), () => {}, checks))];
      } finally {
        await trainer.stop();
      }
    });
  }

  it('passes for the trainer that ships', async () => {
    const findings = await findingsOf({});
    assert.deepEqual(
      findings.filter(({ verdict }) => verdict !== 'holds').map(({ verdict, reason }) => [verdict, reason]),
      [['not tried', '`--kill COMMAND` names no command that kills it']],
    );
    assert.equal(findings.length, CHECKS.length);
  });

  it('passes for a trainer with a hyperparameter that need not be given', async () => {
    const honest = honestActivities(objects);
    const optional = { kind: 'number', name: 'k', description: '', above: 0, optional: true } as const;
    const changes: Partial<TrainingActivities> = {
      describe: async (request) => {
        const described = await honest.describe(request);
        return { ...described, hyperparameters: [optional, ...described.hyperparameters] };
      },
      train: async (request) => {
        const { k, ...hyperparameters } = request.hyperparameters;
        if (k !== undefined && !(Number(k) > 0))
          throw ApplicationFailure.create({ type: 'InvalidHyperparameters', nonRetryable: true });
        return honest.train({ ...request, hyperparameters });
      },
    };
    const findings = await findingsOf(changes, ['refuses hyperparameters that are unknown, missing or out of range']);
    assert.deepEqual(
      findings.map(({ verdict, reason }) => [verdict, reason]),
      [
        ['holds', null],
        ['holds', null],
      ],
    );
  });

  for (const { what, breaks, found } of BROKEN)
    it(`fails for a trainer that ${what}`, async () => {
      const findings = await findingsOf(breaks(honestActivities(objects), objects), found);
      const violated = findings.filter(({ verdict }) => verdict === 'violated').map(({ title }) => title);
      assert.deepEqual(violated, found, JSON.stringify(findings, null, 2));
    });

  it('says which task queue nobody serves', async () => {
    const { code, output } = await run('--task-queue', 'nobody', '--task', JSON.stringify(TASK));
    assert.equal(code, 1, output);
    assert.match(output, /^Nobody serves task queue nobody: start a trainer/m);
    assert.doesNotMatch(output, /\n\s+at /);
  });

  it('refuses what is no task', async () => {
    const { code, output } = await run('--task', '{"variant": "plain"}');
    assert.deepEqual([code, output.trim()], [1, 'Expected `--task` to have a kind, got `{"variant": "plain"}`']);
  });

  async function run(...options: string[]): Promise<{ code: number | null; output: string }> {
    const environment = { ...server.environment, TEMPORAL_ADDRESS: temporal.address };
    const { code, output, errors } = await runCommand('conformance.ts', options, environment);
    return { code, output: output + errors };
  }
});

function honestActivities(objects: ObjectStore): TrainingActivities {
  return createTrainingActivities(computeHere({ objects, threads: 1 }));
}

/** Stores other bytes than those that were trained, and answers with them. */
async function store(
  objects: ObjectStore,
  { storage }: TrainRequest,
  bytes: Buffer,
  outcome: TrainOutcome,
): Promise<TrainOutcome> {
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  const key = checkpointKey(storage, sha256);
  await objects.put(storage.bucket, key, bytes);
  return { ...outcome, checkpoint: { ...outcome.checkpoint, key, sha256, sizeBytes: bytes.byteLength } };
}
