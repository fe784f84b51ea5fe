import assert from 'node:assert/strict';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { CancelledFailure, WorkflowFailedError } from '@temporalio/client';
import type { TrainProgress } from '../../activities/training/round.ts';
import { pendingActivities, type PendingActivity } from '../../workers/processes/pending-activities.ts';
import { StandstillWatch } from '../../workers/processes/standstill.ts';
import type { SupervisedProcess } from '../../workers/processes/supervised-process.ts';
import { eventually } from './eventually.ts';
import { startFleet, type Fleet } from './fleet.ts';

const SEARCHED = {
  kind: 'float',
  scale: 'log',
  bounds: [1e-4, 1],
  initial: { distribution: 'uniform', range: [0.01, 0.1] },
};
/** A round of this takes hours. */
const LONG = {
  task: {
    kind: 'image-classification',
    dataset: 'fashion-mnist',
    model: { kind: 'perceptron', hidden: [16] },
    optimizer: 'momentum',
    batchSize: 8,
  },
  steps: 200_000_000,
  stepsPerRound: 100_000_000,
  evalEvery: 10_000_000,
  subPopulations: [{ members: 2 }, { members: 2, evaluators: 1 }],
  hyperparameters: { learningRate: SEARCHED },
};
const SHORT = {
  task: { kind: 'toy', variant: 'plain' },
  steps: 20,
  stepsPerRound: 10,
  evalEvery: 5,
  subPopulations: [{ members: 2 }],
  hyperparameters: { h: SEARCHED },
};
/** Enough on a busy machine, and far less than what a trainer would take that learns of it only when its round ends. */
const PROMPT_MS = 12_000;
/** A lost trainer's round is taken over within this time if another trainer is idle. */
const TAKEN_OVER_MS = 10_000;

describe('a trainer', () => {
  let fleet: Fleet;
  before(async () => {
    fleet = await startFleet();
  });
  after(() => fleet.stop());

  /** Waits until a worker of the run is in training, and returns the workflow that trains it. */
  async function training(workflowId: string): Promise<string> {
    let found: string | undefined;
    await eventually(
      async () => {
        for (const child of [`${workflowId}/P1`, `${workflowId}/P2`]) {
          const trainings = await fleet.trainings(child).catch(() => []);
          if (trainings.some(({ step, attempt }) => step > 0 && !attempt.ended)) found = child;
        }
        return found !== undefined;
      },
      60_000,
      100,
    );
    return found ?? '';
  }

  it('stops training within seconds after the run is cancelled, and then trains other runs', async () => {
    const trainer = await fleet.work('trainer-0', 'workers/trainer.ts');
    const run = await fleet.startRun('cancelled', LONG);
    await training('cancelled');
    const cancelledAt = performance.now();
    await run.cancel();
    await assert.rejects(
      run.result(),
      (error) => error instanceof WorkflowFailedError && error.cause instanceof CancelledFailure,
    );
    await (await fleet.startRun('short', SHORT)).result();
    const freeAfterMs = performance.now() - cancelledAt;
    assert.ok(freeAfterMs < PROMPT_MS, `free after ${freeAfterMs} ms`);
    for (const child of ['cancelled/P1', 'cancelled/P2', 'cancelled/P2/evaluator-0'])
      assert.equal((await fleet.handle(child).describe()).status.name, 'CANCELLED', child);
    await trainer.stop(10_000);
  });

  it('saves its round and hands it over at once when it receives SIGTERM', async () => {
    const trainer = await fleet.work('trainer-1', 'workers/trainer.ts');
    const run = await fleet.startRun('handed-over', { ...LONG, subPopulations: [{ members: 2 }] });
    const workflow = await training('handed-over');
    const stoppedAt = performance.now();
    await trainer.stop(60_000);
    const endedAfterMs = performance.now() - stoppedAt;
    assert.ok(endedAfterMs < PROMPT_MS, `ended after ${endedAfterMs} ms`);
    const [left] = await fleet.trainings(workflow);
    assert.ok(left?.partial);
    assert.deepEqual([left.attempt.ended, left.partial.checkpoint.step], [true, left.step]);
    // Two successors, because one of them may start with the other member.
    const successors = await Promise.all(
      ['trainer-2', 'trainer-3'].map((name) => fleet.work(name, 'workers/trainer.ts')),
    );
    let next: TrainProgress | undefined;
    await eventually(
      async () => (next = (await fleet.trainings(workflow)).find(({ attempt }) => attempt.number === 2)) !== undefined,
      60_000,
      100,
    );
    assert.deepEqual(next?.attempt, { number: 2, beganAtStep: left.step, deaths: 0, ended: false, death: null });
    await run.cancel();
    await assert.rejects(run.result());
    await Promise.all(successors.map((one) => one.stop(10_000)));
  });

  it('that is cut off loses its round to an idle one within 10 s, and both train on', async () => {
    const run = await fleet.startRun('cut-off', { ...LONG, subPopulations: [{ members: 2 }] });
    const said: string[] = [];
    const watch = new StandstillWatch(fleet.client, 'cut-off', (line) => said.push(line), 500);
    await eventually(() => said.length > 0, 60_000, 100);
    await watch.stop();
    assert.deepEqual(said, [
      'WAITING: no trainer works on 1 activity: none is running, or all work for other runs (the run continues ' +
        'when one is free)',
    ]);
    const names = ['trainer-a', 'trainer-b', 'trainer-c'];
    const trainers = await Promise.all(names.map((name) => fleet.work(name, 'workers/trainer.ts')));
    const trained = async () =>
      (await pendingActivities(fleet.client, 'cut-off')).filter(({ told }) => (told?.step ?? 0) > 0);
    await eventually(async () => (await trained()).length === 2, 60_000, 100);
    const [victim] = await trained();
    const lost = trainers.find(({ pid }) => victim?.startedBy?.includes(`(pid ${pid},`));
    assert.ok(victim && lost?.pid);
    const cutOffAt = Date.now();
    process.kill(lost.pid, 'SIGSTOP');
    let taken: PendingActivity | undefined;
    await eventually(
      async () => (taken = (await trained()).find(({ attempt, started }) => attempt === 2 && started)) !== undefined,
      60_000,
      100,
    );
    assert.equal(taken?.told?.worker, victim.told?.worker);
    assert.notEqual(taken?.startedBy, victim.startedBy);
    const takenOverMs = (await startOf(taken)) - cutOffAt;
    assert.ok(takenOverMs < TAKEN_OVER_MS, `taken over after ${takenOverMs} ms`);
    process.kill(lost.pid, 'SIGCONT');
    await run.cancel();
    await assert.rejects(run.result());
    await (await fleet.startRun('after-cut-off', SHORT)).result();
    await Promise.all(trainers.map((one) => one.stop(10_000)));
  });

  /** Returns when the newest attempt of an activity began: by the server's clock, which is this machine's. */
  async function startOf(activity: PendingActivity | undefined): Promise<number> {
    const [workflowId = '', activityId] = activity?.id.split(' ') ?? [];
    const { raw } = await fleet.client.workflow.getHandle(workflowId).describe();
    const described = raw.pendingActivities?.find((one) => one.activityId === activityId);
    const { seconds, nanos } = described?.lastStartedTime ?? {};
    return Number(seconds) * 1e3 + (nanos ?? 0) / 1e6;
  }

  describe('in a step that takes long', () => {
    const SPECIFICATION = { ...SHORT, steps: 20, stepsPerRound: 20, evalEvery: 1 };
    const [SLOW_STEP, SLOW_STEP_MS] = [16, 15_000];

    /** Starts a trainer whose step of P1/member-0 takes 15 s, and the one before it three, if the file is there. */
    async function startSlowTrainer(name: string, file: string): Promise<SupervisedProcess> {
      writeFileSync(file, '');
      return fleet.work(name, 'test/workers/troubled-trainer.ts', {
        TROUBLE: `3000,${SLOW_STEP_MS}`,
        TROUBLE_OF: 'P1/member-0',
        TROUBLE_AT: String(SLOW_STEP - 1),
        TROUBLE_WHILE: file,
      });
    }

    /** Waits until heartbeats say that the step has taken some seconds already. */
    async function inSlowStep(workflowId: string, attempt: number): Promise<TrainProgress> {
      let found: TrainProgress | undefined;
      await eventually(
        async () => {
          const trainings = await fleet.trainings(`${workflowId}/P1`).catch(() => []);
          found = trainings.find(
            (one) => one.step === SLOW_STEP && one.forSeconds >= 2 && one.attempt.number === attempt,
          );
          return found !== undefined;
        },
        60_000,
        100,
      );
      assert.ok(found);
      assert.deepEqual([found.worker, found.doing], ['P1/member-0', 'training']);
      return found;
    }

    it('heartbeats, and trains what a fast one trains', async () => {
      const file = join(fleet.directory, 'slow');
      const trainer = await startSlowTrainer('trainer-4', file);
      const run = await fleet.startRun('slow', SPECIFICATION);
      await inSlowStep('slow', 1);
      const said: string[] = [];
      const watch = new StandstillWatch(fleet.client, 'slow', (line) => said.push(line), 1_000);
      const { decisionsSha256 } = await run.result();
      await watch.stop();
      assert.match(
        said.join('; '),
        /^WAITING: no trainer has made progress for 10 s: P1\/member-0 has been training after step 16 for 1\d s on /,
      );
      rmSync(file);
      assert.equal((await (await fleet.startRun('fast', SPECIFICATION)).result()).decisionsSha256, decisionsSha256);
      await trainer.stop(10_000);
    });

    it('hands its round over from the last partial checkpoint, and ends it if the run is cancelled', async () => {
      const file = join(fleet.directory, 'slow');
      const first = await startSlowTrainer('trainer-5', file);
      const run = await fleet.startRun('slow-handed-over', SPECIFICATION);
      const { partial } = await inSlowStep('slow-handed-over', 1);
      assert.equal(partial?.checkpoint.step, SLOW_STEP);
      const stoppedAt = performance.now();
      await first.stop(60_000);
      const endedAfterMs = performance.now() - stoppedAt;
      assert.ok(endedAfterMs < SLOW_STEP_MS / 3, `ended after ${endedAfterMs} ms`);

      const second = await startSlowTrainer('trainer-6', file);
      const { attempt } = await inSlowStep('slow-handed-over', 2);
      assert.deepEqual(attempt, { number: 2, beganAtStep: SLOW_STEP, deaths: 0, ended: false, death: null });
      const cancelledAt = performance.now();
      await run.cancel();
      await assert.rejects(run.result());
      rmSync(file);
      await (await fleet.startRun('after-slow', SHORT)).result();
      const freeAfterMs = performance.now() - cancelledAt;
      assert.ok(freeAfterMs < PROMPT_MS, `free after ${freeAfterMs} ms`);
      await second.stop(10_000);
    });
  });
});
