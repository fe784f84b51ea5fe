import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { ObjectStoreError } from '../../../activities/storage/store-errors.ts';
import { CheckpointStore } from '../../../activities/storage/checkpoints.ts';
import type { TrainRequest } from '../../../activities/contracts/training.ts';
import type { TrainProgress } from '../../../activities/training/round.ts';
import type { ComputingDependencies } from '../../../activities/training/compute-here.ts';
import {
  sabotaged,
  startTrainer,
  STORAGE,
  TOY,
  type Attempt,
  type Interruption,
  type Trainer,
} from './training-harness.ts';

/** A step of the round at which training waits for the activity's next heartbeat. */
const WAITS_AT = 5;

/**
 * Sessions that go on past `WAITS_AT` only after a heartbeat, and the attempt that lets them, doing what it does with
 * the first one.
 */
function heartbeating(onFirst: Attempt['onHeartbeat'] = () => undefined): {
  readonly attempt: Attempt;
  readonly dependencies: Partial<ComputingDependencies>;
} {
  let beaten = false;
  let goOn = (): void => undefined;
  const heartbeat = new Promise<void>((resolve) => {
    goOn = resolve;
  });
  return {
    attempt: {
      onHeartbeat: (progress, interrupt) => {
        // Each attempt has one when it begins.
        if (progress.step < WAITS_AT) return;
        if (!beaten) onFirst(progress, interrupt);
        beaten = true;
        goOn();
      },
    },
    dependencies: sabotaged((session) => ({
      train: async (from, to) => {
        if (to > WAITS_AT) await heartbeat;
        await session.train(from, to);
      },
    })),
  };
}

describe('train', () => {
  let trainer: Trainer;
  before(async () => {
    trainer = await startTrainer();
  });
  after(() => trainer.stop());

  it('trains a round from nothing, measures it and stores the state', async () => {
    const { checkpoint, scores, effectiveHyperparameters } = await trainer.train(TOY);
    assert.equal(scores.length, 20);
    assert.ok(scores.every((score, index) => index === 0 || score > scores[index - 1]!));
    assert.equal(checkpoint.step, 20);
    assert.equal(checkpoint.key, `${STORAGE.folder}/checkpoints/${checkpoint.sha256}.safetensors`);
    assert.deepEqual(effectiveHyperparameters, { h: 0.7 });
    const [theta] = await trainer.tensor(checkpoint, 'theta');
    assert.equal(scores.at(-1), 1.2 - theta! * theta!);
  });

  it('gives the same checkpoint for the same request, and another for another', async () => {
    const { checkpoint } = await trainer.train(TOY);
    assert.deepEqual((await trainer.train(TOY)).checkpoint, checkpoint);
    assert.notEqual(
      (await trainer.train({ ...TOY, hyperparameters: { h: 0.6 } })).checkpoint.sha256,
      checkpoint.sha256,
    );
  });

  it('continues from a checkpoint', async () => {
    const first = await trainer.train(TOY);
    const second = await trainer.train({ ...TOY, checkpoint: first.checkpoint, fromStep: 20, toStep: 40 });
    assert.deepEqual(await trainer.tensor(second.checkpoint, 'rounds'), [2]);
    assert.ok(second.scores[0]! > first.scores[19]!);
  });

  for (const interruption of ['workerShutdown', 'paused'] as const) {
    it(`saves on ${interruption} and ends the same as an undisturbed round`, async () => {
      const undisturbed = await trainer.train(TOY);
      let last: TrainProgress | undefined;
      const { attempt: first, dependencies } = heartbeating((_, interrupt) =>
        interrupt({ [interruption]: true } satisfies Interruption),
      );
      const attempt = trainer.train(
        TOY,
        { onHeartbeat: (progress, interrupt) => (first.onHeartbeat?.(progress, interrupt), (last = progress)) },
        dependencies,
      );
      if (interruption === 'paused') await assert.rejects(attempt, { name: 'CancelledFailure' });
      else
        await assert.rejects(attempt, {
          type: 'WorkerShutdown',
          nonRetryable: false,
          nextRetryDelay: 1,
          message: /^Cannot finish P1\/member-3's round: its trainer shuts down at step \d+, saved there$/,
        });
      const step = last?.partial?.checkpoint.step ?? 0;
      assert.equal(step, WAITS_AT + 1);
      assert.equal(last?.partial?.scores.length, step - 1, 'it is interrupted before it measures');
      const trained: number[] = [];
      const resumed = await trainer.train(
        TOY,
        { heartbeatDetails: last },
        sabotaged((session) => ({ train: (from, to) => (trained.push(from), session.train(from, to)) })),
      );
      assert.equal(trained[0], step, 'goes on where it was saved');
      assert.deepEqual(resumed.checkpoint, undisturbed.checkpoint);
      assert.deepEqual(resumed.scores, undisturbed.scores);
    });
  }

  it('saves by time, so that a killed worker loses no more', async () => {
    const undisturbed = await trainer.train(TOY);
    const partials = new Map<number, TrainProgress>();
    const outcome = await trainer.train(
      TOY,
      { onHeartbeat: (progress) => progress.partial && partials.set(progress.partial.checkpoint.step, progress) },
      { partialEveryMs: 0 },
    );
    assert.deepEqual(outcome.checkpoint, undisturbed.checkpoint);
    assert.ok(partials.size > 5, `${partials.size} partial checkpoints`);
    for (const { partial } of partials.values())
      assert.equal(partial?.checkpoint.key, `${STORAGE.folder}/partials/20/${partial?.checkpoint.sha256}.safetensors`);
    for (const heartbeatDetails of partials.values())
      assert.deepEqual((await trainer.train(TOY, { heartbeatDetails })).checkpoint, undisturbed.checkpoint);
  });

  describe('within a round', () => {
    /** A folder of its own for each test, and a store that serves nothing from memory. */
    const inFolder = (name: string) => {
      const folder = `${name}/first`;
      return {
        request: { ...TOY, storage: { ...STORAGE, folder } },
        checkpoints: new CheckpointStore(trainer.objects, 0),
        stored: async (): Promise<string[]> =>
          (await trainer.objects.list(STORAGE.bucket, `${folder}/partials/`)).map(({ key }) => key),
      };
    };

    /**
     * Saves after every stretch, until it is shut down from step `endsAt` on; returns what was told of each partial
     * checkpoint, oldest first.
     */
    async function saveOften(
      request: Partial<TrainRequest>,
      attempt: Attempt,
      dependencies: Partial<ComputingDependencies>,
      endsAt = Infinity,
    ) {
      const told = new Map<string, TrainProgress>();
      const onHeartbeat: Attempt['onHeartbeat'] = (progress, interrupt) => {
        if (progress.partial) told.set(progress.partial.checkpoint.key, progress);
        if (progress.step >= endsAt) interrupt({ workerShutdown: true });
      };
      const training = trainer.train(request, { ...attempt, onHeartbeat }, { partialEveryMs: 0, ...dependencies });
      if (endsAt < Infinity) await assert.rejects(training, { type: 'WorkerShutdown' });
      return {
        outcome: endsAt < Infinity ? undefined : await training,
        keys: [...told.keys()],
        told: [...told.values()],
      };
    }

    it('keeps the newest two partial checkpoints, through any number of attempts', async () => {
      const undisturbed = await trainer.train(TOY);
      const { request, checkpoints, stored } = inFolder('newest-two');
      const counts: number[] = [];
      const counted = sabotaged((session) => ({
        train: async (from, to) => {
          counts.push((await stored()).length);
          await session.train(from, to);
        },
      }));
      let heartbeatDetails: TrainProgress | undefined;
      for (const endsAt of [8, 13, Infinity]) {
        const { outcome, told, keys } = await saveOften(
          request,
          { heartbeatDetails, heartbeatTimeoutMs: 0 },
          { ...counted, checkpoints },
          endsAt,
        );
        heartbeatDetails = told.at(-1);
        assert.deepEqual(await stored(), keys.slice(-2).sort());
        if (outcome)
          assert.deepEqual(
            [outcome.checkpoint.sha256, outcome.scores],
            [undisturbed.checkpoint.sha256, undisturbed.scores],
          );
      }
      assert.ok(counts.length > 10 && Math.max(...counts) === 2, `stored before each stretch: ${counts.join(', ')}`);
    });

    it('goes on from either of them: the last heartbeat may be lost', async () => {
      const { request, checkpoints } = inFolder('either');
      const { told } = await saveOften(request, { heartbeatTimeoutMs: 0 }, { checkpoints }, 8);
      for (const heartbeatDetails of told.slice(-2)) {
        const trained: number[] = [];
        await trainer.train(
          request,
          { heartbeatDetails },
          {
            checkpoints,
            ...sabotaged((session) => ({ train: (from, to) => (trained.push(from), session.train(from, to)) })),
          },
        );
        assert.equal(trained[0], heartbeatDetails.partial?.checkpoint.step);
      }
    });

    it('keeps all that the server may still know, while none newer is a heartbeat’s timeout old', async () => {
      const { request, checkpoints, stored } = inFolder('may-be-known');
      const { keys } = await saveOften(request, { heartbeatTimeoutMs: 600_000 }, { checkpoints });
      assert.ok(keys.length > 5, `${keys.length} partial checkpoints`);
      assert.deepEqual(await stored(), keys.sort());
    });

    it('goes on if superseded partial checkpoints cannot be deleted, and deletes them with a later one', async () => {
      const undisturbed = await trainer.train(TOY);
      const { request, checkpoints: store, stored } = inFolder('in-trouble');
      let asked = 0;
      const checkpoints: ComputingDependencies['checkpoints'] = {
        get: (...wanted) => store.get(...wanted),
        put: (...given) => store.put(...given),
        delete: (...doomed) =>
          ++asked <= 3
            ? Promise.reject(
                new ObjectStoreError(
                  { request: 'delete', bucket: 'fire-pbt', key: 'any' },
                  { trouble: 'failing', reason: '503' },
                ),
              )
            : store.delete(...doomed),
      };
      const { outcome, keys } = await saveOften(request, { heartbeatTimeoutMs: 0 }, { checkpoints });
      assert.ok(asked > 3);
      assert.equal(outcome?.checkpoint.sha256, undisturbed.checkpoint.sha256);
      assert.deepEqual(await stored(), keys.slice(-2).sort());
    });
  });

  it('tells a session which steps come next before it begins, also from a partial checkpoint', async () => {
    const told: unknown[] = [];
    const telling = sabotaged((session) => ({
      expect: (from, to) => void told.push(['expect', from, to]),
      initialise: () => (told.push('initialise'), session.initialise()),
      restore: (state) => (told.push('restore'), session.restore(state)),
      train: (from, to) => (told.push(['train', from]), session.train(from, to)),
    }));
    const progress: TrainProgress[] = [];
    const onHeartbeat = (one: TrainProgress): void => void progress.push(one);
    await trainer.train(TOY, { onHeartbeat }, { ...telling, partialEveryMs: 0 });
    assert.deepEqual(told.slice(0, 3), [['expect', 0, 20], 'initialise', ['train', 0]]);
    const left = progress.find(({ partial }) => partial);
    const step = left?.partial?.checkpoint.step;
    told.length = 0;
    await trainer.train(TOY, { heartbeatDetails: left }, telling);
    assert.deepEqual(told.slice(0, 3), [['expect', step, 20], 'restore', ['train', step]]);
  });

  it('starts the round again where the partial checkpoint is of another request, or gone', async () => {
    const undisturbed = await trainer.train(TOY);
    let last: TrainProgress | undefined;
    await trainer.train(
      { ...TOY, hyperparameters: { h: 0.5 } },
      { onHeartbeat: (progress) => (last = progress) },
      { partialEveryMs: 0 },
    );
    assert.deepEqual((await trainer.train(TOY, { heartbeatDetails: last })).checkpoint, undisturbed.checkpoint);
    await trainer.train(TOY, { onHeartbeat: (progress) => (last = progress) }, { partialEveryMs: 0 });
    const gone = {
      ...last,
      partial: {
        ...last!.partial!,
        checkpoint: { ...last!.partial!.checkpoint, key: 'a-run/first/checkpoints/gone', sha256: '0'.repeat(64) },
      },
    };
    assert.deepEqual((await trainer.train(TOY, { heartbeatDetails: gone })).checkpoint, undisturbed.checkpoint);
  });

  it('ends promptly, saving nothing, when it is cancelled', async () => {
    const seen: TrainProgress[] = [];
    const { attempt, dependencies } = heartbeating(
      (progress, interrupt) => (seen.push(progress), interrupt({ cancelRequested: true })),
    );
    await assert.rejects(trainer.train(TOY, attempt, dependencies), { name: 'CancelledFailure' });
    assert.deepEqual(
      seen.map(({ step, partial }) => [step, partial]),
      [[WAITS_AT, null]],
    );
  });

  it('tells its progress in every heartbeat', async () => {
    let seen: TrainProgress | undefined;
    const { attempt, dependencies } = heartbeating((progress) => (seen = progress));
    const { scores } = await trainer.train(TOY, attempt, dependencies);
    assert.ok(seen);
    const { stepsPerSecond, forSeconds, ...rest } = seen;
    assert.deepEqual(rest, {
      worker: 'P1/member-3',
      step: WAITS_AT,
      toStep: 20,
      doing: 'training',
      score: scores[WAITS_AT - 1],
      waitingShare: 0,
      attempt: { number: 1, beganAtStep: 0, deaths: 0, ended: false, death: null },
      partial: null,
    });
    assert.ok(stepsPerSecond > 0);
    assert.ok(Number.isInteger(forSeconds));
  });

  for (const [what, value] of [
    ['not a number', NaN],
    ['infinite', Infinity],
    ['said to be diverged', 'diverged'],
  ] as const) {
    it(`ends a round whose score is ${what} as diverged from there on`, async () => {
      let measured = 0;
      let steps = 0;
      const { scores } = await trainer.train(
        TOY,
        {},
        sabotaged((session) => ({
          measure: () => (++measured === 4 ? value : session.measure()),
          train: (from, to) => ((steps += to - from), session.train(from, to)),
        })),
      );
      assert.equal(scores.length, 20);
      assert.ok(scores.every((score, index) => (index < 3 ? typeof score === 'number' : score === 'diverged')));
      assert.equal(steps, 4, 'trains no more');
    });
  }

  describe('hyperparameters in effect', () => {
    it('fails for good where a session restores old hyperparameters over the asked ones', async () => {
      const { checkpoint } = await trainer.train(TOY);
      const undone = sabotaged(() => ({ effectiveHyperparameters: () => ({ h: 0.9 }) }));
      await assert.rejects(trainer.train({ ...TOY, checkpoint, fromStep: 20, toStep: 40 }, {}, undone), {
        type: 'HyperparametersNotInEffect',
        nonRetryable: true,
        message: 'Expected `h` of P1/member-3 to be 0.7 in the optimiser at step 20, got `0.9`',
      });
    });

    it('takes the nearest float32 for the same, and nothing else', async () => {
      const read = (h: number) =>
        trainer.train(
          TOY,
          {},
          sabotaged(() => ({ effectiveHyperparameters: () => ({ h }) })),
        );
      assert.deepEqual((await read(Math.fround(0.7))).effectiveHyperparameters, { h: 0.7 });
      await assert.rejects(read(Math.fround(0.7) + 2 ** -24), { type: 'HyperparametersNotInEffect' });
    });

    it('fails where the session has one that was not asked for, or lacks one', async () => {
      await assert.rejects(
        trainer.train(
          TOY,
          {},
          sabotaged(() => ({ effectiveHyperparameters: () => ({ h: 0.7, momentum: 0.9 }) })),
        ),
        /Expected `momentum` .* to be undefined .* got `0.9`/,
      );
      await assert.rejects(
        trainer.train(
          TOY,
          {},
          sabotaged(() => ({ effectiveHyperparameters: () => ({}) })),
        ),
        /Expected `h` .* got `undefined`/,
      );
    });
  });

  describe('fails for good', () => {
    for (const [what, request, type, message] of [
      [
        'on another number of threads',
        { threads: 2 },
        'ThreadCountMismatch',
        'Cannot train with 2 threads: this trainer computes with 1; start trainers with `--threads 2`, or ' +
          'set `threads` to 1 in the specification',
      ],
      [
        'on an unknown hyperparameter',
        { hyperparameters: { h: 1, lr: 1 } },
        'InvalidHyperparameters',
        'Expected `hyperparameters.lr` of P1/member-3 to be absent (known for this task: h), got `1`',
      ],
      [
        'on a missing hyperparameter',
        { hyperparameters: {} },
        'InvalidHyperparameters',
        'Expected `hyperparameters.h` of P1/member-3 to be a finite number, in single precision too, got `undefined`',
      ],
      [
        'on a word for a number',
        { hyperparameters: { h: '1' } },
        'InvalidHyperparameters',
        'Expected `hyperparameters.h` of P1/member-3 to be a finite number, in single precision too, got `"1"`',
      ],
    ] as const) {
      it(what, () => assert.rejects(trainer.train({ ...TOY, ...request }), { type, message, nonRetryable: true }));
    }

    it('where the task throws, saying what and where', async () => {
      const broken = sabotaged(() => ({
        train: () => {
          throw new Error('shapes do not fit');
        },
      }));
      await assert.rejects(trainer.train(TOY, {}, broken), {
        type: 'TaskFailed',
        nonRetryable: true,
        message: 'Cannot train P1/member-3 at steps 0 to 1: shapes do not fit',
      });
    });

    it('on a checkpoint of another task', async () => {
      const { checkpoint } = await trainer.train(TOY);
      await assert.rejects(trainer.train({ checkpoint, fromStep: 20, toStep: 40 }), {
        type: 'CheckpointUnusable',
        nonRetryable: true,
        message: /^Cannot continue P1\/member-3 from .*: .*`hidden-0\/kernel` \(F32 \[784, 16\]\), got `none`$/,
      });
    });
  });

  it('fails for good, and says what to do, if its checkpoint is gone', async () => {
    const { checkpoint } = await trainer.train(TOY);
    const missing = { ...checkpoint, key: 'a-run/first/checkpoints/none', sha256: '1'.repeat(64) };
    await assert.rejects(trainer.train({ ...TOY, checkpoint: missing, fromStep: 20, toStep: 40 }), {
      type: 'CheckpointMissing',
      nonRetryable: true,
      message: /none: it is missing\. Restore the object and resume the run, or reset its root to its first task: /,
    });
  });

  for (const { trouble, failure } of [
    { trouble: 'unreachable', failure: { name: 'ObjectStoreError', trouble: 'unreachable' } },
    { trouble: 'failing', failure: { name: 'ObjectStoreError', trouble: 'failing' } },
    {
      trouble: 'denied',
      failure: {
        type: 'StoreRefuses',
        nonRetryable: true,
        message: 'Cannot put s3://fire-pbt/any: such a store. Grant s3:PutObject there (docs/storage.md)',
      },
    },
    { trouble: 'refused', failure: { type: 'StoreRefuses', nonRetryable: true } },
    { trouble: 'missing-bucket', failure: { type: 'StoreRefuses', nonRetryable: true } },
  ] as const)
    it(`tells whether trouble with the store passes: ${trouble}`, async () => {
      const refusal = new ObjectStoreError(
        { request: 'put', bucket: 'fire-pbt', key: 'any' },
        { trouble, reason: 'such a store' },
      );
      const { checkpoints: store } = trainer;
      const checkpoints: ComputingDependencies['checkpoints'] = {
        get: (...wanted) => store.get(...wanted),
        put: () => Promise.reject(refusal),
        delete: (...doomed) => store.delete(...doomed),
      };
      await assert.rejects(trainer.train(TOY, {}, { checkpoints }), failure);
    });
});
