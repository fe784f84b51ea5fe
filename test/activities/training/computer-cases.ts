/**
 * What holds for every computer, in this process or in one of its own: the cases that both are tested by.
 */
import assert from 'node:assert/strict';
import { after, before, it } from 'node:test';
import { ApplicationFailure } from '@temporalio/common';
import type {
  Computer,
  Interruption,
  Observer,
  Progress,
  TrainOrder,
  Trained,
} from '../../../activities/training/computer.ts';
import { digestOf } from '../../../activities/training/partials.ts';
import { ObjectStore } from '../../../activities/storage/object-store.ts';
import { startObjectServer, type ObjectServer } from '../../object-server.ts';
import { STORAGE } from './training-harness.ts';

export interface StartedComputer {
  readonly computer: Computer;
  readonly stop: () => Promise<void>;
}

const REQUEST: TrainOrder['request'] = {
  storage: STORAGE,
  task: { kind: 'toy', variant: 'deceptive' },
  seed: 7,
  threads: 1,
  worker: { subPopulation: 1, kind: 'member', index: 3 },
  checkpoint: null,
  fromStep: 0,
  toStep: 20,
  evalEvery: 5,
  hyperparameters: { h: 0.7 },
};

/** Returns an order of 20 steps of the toy, measured every five. */
export function orderOf(request: Partial<TrainOrder['request']> = {}, order: Partial<TrainOrder> = {}): TrainOrder {
  return {
    request: { ...REQUEST, ...request },
    worker: 'P1/member-3',
    partial: null,
    deaths: 0,
    heartbeatTimeoutMs: 20_000,
    ...order,
  };
}

/** Returns an observer that notes what it is told, and interrupts the work when `when` says so. */
export function observing(when: (progress: Progress) => Interruption | undefined = () => undefined) {
  const told: Progress[] = [];
  const interruption = new AbortController();
  const observer: Observer = {
    progressed: (progress) => {
      told.push(progress);
      const interrupted = when(progress);
      if (interrupted) interruption.abort(interrupted);
    },
    interruption: interruption.signal,
  };
  return { told, observer, interrupt: (reason: Interruption) => interruption.abort(reason) };
}

/** Returns the outcome of a round that was trained to its end. */
export async function trained(
  computer: Computer,
  order = orderOf(),
  observer = observing().observer,
): Promise<Trained> {
  const outcome = await computer.train(order, observer);
  assert.ok(!('interrupted' in outcome), 'nothing interrupts it');
  return outcome;
}

/** Declares the cases; `start` gets an object server with the bucket of the requests. */
export function describeComputer(
  start: (server: ObjectServer, objects: ObjectStore) => Promise<StartedComputer>,
): void {
  let server: ObjectServer;
  let objects: ObjectStore;
  let started: StartedComputer;
  before(async () => {
    server = await startObjectServer();
    objects = new ObjectStore(server.options);
    await objects.ensureBucket(STORAGE.bucket);
    started = await start(server, objects);
  });
  after(async () => {
    await started.stop();
    await objects.close();
    await server.stop();
  });

  it('trains a round, and gives the same checkpoint again', async () => {
    const first = await trained(started.computer);
    assert.equal(first.scores.length, 4);
    assert.equal(first.checkpoint.step, 20);
    assert.deepEqual(first.effectiveHyperparameters, { h: 0.7 });
    assert.deepEqual(await trained(started.computer), first);
  });

  it('continues from a checkpoint, and from a partial one with its scores', async () => {
    const { checkpoint, scores } = await trained(started.computer);
    const order = orderOf({ checkpoint, fromStep: 20, toStep: 40 });
    const undisturbed = await trained(started.computer, order);
    const half = await trained(started.computer, orderOf({ checkpoint, fromStep: 20, toStep: 30 }));
    const partial = {
      checkpoint: half.checkpoint,
      scores: half.scores,
      requestSha256: digestOf(order.request),
      superseded: [],
    };
    assert.deepEqual(await trained(started.computer, { ...order, partial }), undisturbed);
    assert.notDeepEqual(undisturbed.scores, scores);
  });

  it('tells what it does and how far it is', async () => {
    const { told, observer } = observing();
    await trained(started.computer, orderOf(), observer);
    // Measurements that are known to be short are not told.
    const doings = told.map(({ doing }) => doing).filter((doing) => doing !== 'measuring');
    assert.deepEqual([...new Set(doings)], ['opening', 'training', 'storing']);
    assert.deepEqual([told.at(-1)?.step, told.at(-1)?.scores.length], [20, 4]);
  });

  for (const saves of [true, false]) {
    it(`ends when it is interrupted ${saves ? 'and saves first' : 'without saving'}`, async () => {
      const undisturbed = await trained(started.computer);
      const order = orderOf({ toStep: 2_000_000_000, evalEvery: 10_000_000 });
      const { told, observer } = observing(({ step }) => (step > 0 ? { saves } : undefined));
      assert.deepEqual(await started.computer.train(order, observer), { interrupted: true });
      const { partial = null } = told.at(-1) ?? {};
      if (saves) {
        assert.ok(partial);
        assert.equal(partial.requestSha256, digestOf(order.request));
        assert.ok(partial.checkpoint.key.startsWith(`${STORAGE.folder}/partials/2000000000/`), partial.checkpoint.key);
      } else assert.equal(partial, null);
      assert.deepEqual(await trained(started.computer), undisturbed, 'it takes the next order');
    });
  }

  it('tells failures that a retry cannot mend', async () => {
    await assert.rejects(started.computer.train(orderOf({ threads: 2 }), observing().observer), (error) => {
      assert.ok(error instanceof ApplicationFailure);
      assert.deepEqual([error.type, error.nonRetryable], ['ThreadCountMismatch', true]);
      assert.match(error.message, /^Cannot train with 2 threads: this trainer computes with 1; /);
      return true;
    });
    const gone = { key: 'a-run/first/checkpoints/none', sha256: '1'.repeat(64), sizeBytes: 1, step: 20 };
    await assert.rejects(
      started.computer.train(orderOf({ checkpoint: gone, fromStep: 20, toStep: 40 }), observing().observer),
      (error) => {
        assert.ok(error instanceof ApplicationFailure);
        assert.deepEqual([error.type, error.nonRetryable], ['CheckpointMissing', true]);
        assert.match(error.message, /^Cannot use checkpoint s3:\/\/fire-pbt\/a-run\/first\/checkpoints\/none: /);
        return true;
      },
    );
  });

  it('writes a report', async () => {
    const { checkpoint, scores } = await trained(started.computer);
    const { storage, task, seed, threads, hyperparameters } = REQUEST;
    const { observer } = observing();
    const asked = { storage, task, seed, threads, checkpoint, hyperparameters };
    const reported = await started.computer.report(asked, observer);
    assert.deepEqual(reported, { testScore: scores.at(-1), files: [`${STORAGE.folder}/result/best.safetensors`] });
  });
}
