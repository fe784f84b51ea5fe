import { after, before, describe, it } from 'node:test';
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { WorkflowFailedError, WorkflowUpdateFailedError } from '@temporalio/client';
import type { WorkflowHandle } from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
import Long from 'long';
import { firePbt } from '../../../workflows/run/fire-pbt.ts';
import {
  extendUpdate,
  pauseUpdate,
  progressQuery,
  resumeUpdate,
  stopEarlySignal,
} from '../../../workflows/messages.ts';
import type { RunProgress } from '../../../activities/contracts/messages.ts';
import type { RoundEvent } from '../../../workflows/population/events.ts';
import type { Specification } from '../../../activities/specification/specification.ts';
import type { TrainRequest } from '../../../activities/contracts/training.ts';
import { simulate } from '../../../workflows/population/simulation.ts';
import { createStandIns, toySpecification, toyTraining } from '../stand-ins.ts';
import type { StandIns } from '../stand-ins.ts';
import { poll } from '../../workers/eventually.ts';
import { startHarness } from '../run-harness.ts';
import type { Harness } from '../run-harness.ts';

const POPULATION = { members: 8, evaluators: 6 };
const LOWEST = { members: 8, evaluators: 0 };
const OF_TWO = toySpecification({ subPopulations: [{ members: 1, evaluators: 0 }, POPULATION] });

/** Events without what names a place rather than a decision. */
function decisions(events: readonly RoundEvent[] | undefined): unknown {
  return JSON.parse(JSON.stringify(events ?? null, (name, value: unknown) => (name === 'checkpoint' ? null : value)));
}

async function assertSameDecisions(activities: StandIns, specification: Specification): Promise<void> {
  const simulated = await simulate(specification, toyTraining);
  for (const [index, levels] of simulated.decisions.entries()) {
    for (const [level, events] of levels.entries()) {
      assert.deepEqual(
        decisions(activities.recorded.get(`${index + 1}/P${level + 1}`)),
        decisions(events),
        `round ${index + 1} of P${level + 1}`,
      );
    }
  }
}

/** Training that takes some time. */
function slowed(milliseconds: (request: TrainRequest) => number): StandIns {
  const standIns = createStandIns();
  return {
    ...standIns,
    train: async (request) => {
      await delay(milliseconds(request));
      return standIns.train(request);
    },
  };
}

describe('a run', { timeout: 400_000 }, () => {
  let harness: Harness;
  before(async () => {
    harness = await startHarness();
  });
  after(() => harness.stop());

  async function run(specification: Specification, activities = createStandIns()): Promise<StandIns> {
    const taskQueue = randomUUID();
    await harness.withWorkers(taskQueue, activities, () =>
      harness.client.workflow.execute(firePbt, { taskQueue, workflowId: `run-${taskQueue}`, args: [specification] }),
    );
    return activities;
  }

  /** Asks for the progress until it is what is waited for. */
  async function reached(
    handle: WorkflowHandle<typeof firePbt>,
    enough: (progress: RunProgress) => boolean,
  ): Promise<RunProgress> {
    return poll(() => handle.query(progressQuery), enough);
  }

  async function reset(workflowId: string): Promise<void> {
    await harness.client.workflowService.resetWorkflowExecution({
      namespace: 'default',
      workflowExecution: { workflowId },
      reason: 'test',
      workflowTaskFinishEventId: Long.fromNumber(3),
      requestId: randomUUID(),
    });
  }

  for (const [title, subPopulations] of [
    ['one sub-population, which is PBT', [{ members: 10, evaluators: 0 }]],
    ['two sub-populations', [LOWEST, POPULATION]],
    ['four sub-populations', [LOWEST, POPULATION, POPULATION, POPULATION]],
    ['a sub-population of one member', [{ members: 1, evaluators: 0 }]],
  ] as const) {
    it(`makes exactly the decisions of the paper’s loop with ${title}`, async () => {
      const specification = toySpecification({ subPopulations });
      const activities = await run(specification);
      await assertSameDecisions(activities, specification);
      const best = (await simulate(specification, toyTraining)).populations[0]?.members.map((member) =>
        Number(member.curve.scores.at(-1)),
      );
      assert.equal(activities.results[0]?.winner.score, Math.max(...(best ?? [])));
    });
  }

  it('decides the same twice, and differently with another seed', async () => {
    const [first, again, other] = await Promise.all([
      run(toySpecification({ seed: 1 })),
      run(toySpecification({ seed: 1 })),
      run(toySpecification({ seed: 2 })),
    ]);
    const told = (activities: StandIns): unknown =>
      [...activities.recorded].map(([key, events]) => [key, decisions(events)]).sort();
    assert.deepEqual(told(first), told(again));
    assert.notDeepEqual(told(first), told(other));
  });

  it('fails if a sub-population ends unexpectedly, and resumes from the last round after a reset', async () => {
    const activities = createStandIns();
    const specification = toySpecification({ steps: 400 });
    const taskQueue = randomUUID();
    const workflowId = `run-${taskQueue}`;
    await harness.withWorkers(taskQueue, activities, async () => {
      const handle = await harness.client.workflow.start(firePbt, { taskQueue, workflowId, args: [specification] });
      await reached(handle, (progress) => progress.round >= 4);
      await harness.client.workflow.getHandle(`${workflowId}/P2`).terminate('test');
      await assert.rejects(
        handle.result(),
        (error) =>
          error instanceof WorkflowFailedError &&
          /^P2 of run run-.* ended unexpectedly: /.test(String(error.cause?.message)),
      );
      const complete = await activities.findLatestRound({ storage: { bucket: '', folder: '' }, subPopulations: 2 });
      const trainedBefore = activities.trained.length;
      await reset(workflowId);
      await harness.client.workflow.getHandle(workflowId).result();
      await assertSameDecisions(activities, specification);
      assert.equal(
        Math.min(...activities.trained.slice(trainedBefore).map((request) => request.fromStep)),
        complete.round * 20,
        'no finished round is trained again',
      );
    });
  });

  it('holds with the reason if training fails permanently, and continues when it is resumed', async () => {
    let broken = true;
    const activities = createStandIns({
      beforeTraining: ({ worker, fromStep }) => {
        if (broken && worker.subPopulation === 2 && worker.index === 3 && fromStep === 100)
          throw ApplicationFailure.nonRetryable('boom', 'BrokenTask');
      },
    });
    const taskQueue = randomUUID();
    const workflowId = `run-${taskQueue}`;
    await harness.withWorkers(taskQueue, activities, async () => {
      const handle = await harness.client.workflow.start(firePbt, {
        taskQueue,
        workflowId,
        args: [toySpecification()],
      });
      const { holds } = await reached(handle, (progress) => progress.holds.length === 2);
      assert.deepEqual([...holds].sort(), [
        'P2/evaluator-3 in round 6: boom (BrokenTask)',
        'P2/member-3 in round 6: boom (BrokenTask)',
      ]);
      broken = false;
      assert.equal(await handle.executeUpdate(resumeUpdate), 'Resumed: 2 held workers retry.');
      await handle.result();
      await assertSameDecisions(activities, toySpecification());
    });
  });

  it('has the extended length if it was extended during planning', async () => {
    let open = (): void => undefined;
    const gate = new Promise<void>((resolve) => (open = resolve));
    const activities: StandIns = {
      ...createStandIns(),
      clearLeftovers: async () => gate.then(() => ({ terminated: [] })),
    };
    const taskQueue = randomUUID();
    await harness.withWorkers(taskQueue, activities, async () => {
      const handle = await harness.client.workflow.start(firePbt, {
        taskQueue,
        workflowId: `run-${taskQueue}`,
        args: [toySpecification()],
      });
      await reached(handle, ({ plan }) => plan !== null);
      assert.equal(
        await handle.executeUpdate(extendUpdate, { args: [{ steps: 400 }] }),
        'Extended: the run ends after 400 steps, round 20.',
      );
      await assert.rejects(
        handle.executeUpdate(extendUpdate, { args: [{ steps: 300 }] }),
        (error) =>
          error instanceof WorkflowUpdateFailedError &&
          /above the present 400, got `300`/.test(String(error.cause?.message)),
      );
      open();
      assert.equal((await handle.result()).rounds, 20);
    });
  });

  it('trains no further round if it is stopped while the highest of three sub-populations trains', async () => {
    const activities = slowed(({ worker, toStep }) => (worker.subPopulation === 3 && toStep > 40 ? 1_500 : 100));
    const specification = toySpecification({
      steps: 400,
      subPopulations: [LOWEST, POPULATION, { members: 2, evaluators: 1 }],
    });
    const taskQueue = randomUUID();
    await harness.withWorkers(taskQueue, activities, async () => {
      const handle = await harness.client.workflow.start(firePbt, {
        taskQueue,
        workflowId: `run-${taskQueue}`,
        args: [specification],
      });
      await reached(handle, ({ round }) => round >= 2);
      await handle.signal(stopEarlySignal, { reason: 'good enough' });
      const { rounds } = await handle.result();
      assert.ok(rounds < 20, `${rounds} rounds`);
      assert.equal(Math.max(...activities.trained.map(({ toStep }) => toStep)), rounds * specification.stepsPerRound);
    });
  });

  it('pauses all sub-populations after the same round, and decides the same after it is resumed', async () => {
    const activities = slowed(() => 100);
    const specification = toySpecification({ subPopulations: [LOWEST, POPULATION, POPULATION] });
    const taskQueue = randomUUID();
    const newest = (): number[] =>
      [1, 2, 3].map((level) =>
        Math.max(
          ...activities.trained.filter(({ worker }) => worker.subPopulation === level).map(({ toStep }) => toStep),
        ),
      );
    await harness.withWorkers(taskQueue, activities, async () => {
      const handle = await harness.client.workflow.start(firePbt, {
        taskQueue,
        workflowId: `run-${taskQueue}`,
        args: [specification],
      });
      await reached(handle, ({ round }) => round >= 2);
      await handle.executeUpdate(pauseUpdate, { args: [{ reason: 'need the GPUs' }] });
      let before = '';
      for (let now = newest().join(); before !== now; now = newest().join()) {
        before = now;
        await delay(2_000);
      }
      const [first, ...others] = newest();
      assert.deepEqual(others, [first, first]);
      assert.equal(
        (await handle.query(progressQuery)).round * specification.stepsPerRound,
        first,
        'the round is complete',
      );
      await handle.executeUpdate(resumeUpdate);
      await handle.result();
      await assertSameDecisions(activities, specification);
    });
  });

  it('answers the progress query with all sub-populations', async () => {
    const activities = createStandIns();
    const taskQueue = randomUUID();
    await harness.withWorkers(taskQueue, activities, async () => {
      const handle = await harness.client.workflow.start(firePbt, {
        taskQueue,
        workflowId: `run-${taskQueue}`,
        args: [toySpecification()],
      });
      await handle.result();
      const progress = await handle.query(progressQuery);
      assert.equal(progress.status, 'finished');
      assert.equal(progress.round, 10);
      assert.deepEqual(
        progress.subPopulations.map((one) => [one.subPopulation, one.members, one.evaluators]),
        [
          [1, 8, 0],
          [2, 8, 6],
        ],
      );
    });
  });
});

describe('a run with short histories', { timeout: 120_000 }, () => {
  let harness: Harness;
  before(async () => {
    harness = await startHarness(['limit.historyCount.suggestContinueAsNew=40']);
  });
  after(() => harness.stop());

  it('decides the same if it continues as new every 40 events', async () => {
    const specification = toySpecification({ subPopulations: [LOWEST, POPULATION, POPULATION] });
    const activities = createStandIns();
    const taskQueue = randomUUID();
    const workflowId = `run-${taskQueue}`;
    await harness.withWorkers(taskQueue, activities, () =>
      harness.client.workflow.execute(firePbt, { taskQueue, workflowId, args: [specification] }),
    );
    await assertSameDecisions(activities, specification);
    const described = await harness.client.workflow.getHandle(`${workflowId}/P2`).describe();
    assert.ok(described.historyLength < 200, 'the history was cut');
  });

  it('holds if a record of its neighbour is gone, and goes on once it is back and the run is resumed', async () => {
    let isGone = true;
    const activities = loadingBelow((load, isKnown) => {
      if (!isGone) return load();
      if (isKnown) throw ApplicationFailure.nonRetryable('it is missing', 'RecordRefused');
      throw new Error('it is not there yet');
    });
    await withRun(activities, async (handle) => {
      const { holds } = await poll<RunProgress>(
        () => handle.query(progressQuery),
        (progress) => progress.holds.length > 0,
      );
      assert.match(holds[0] ?? '', /^P2 in round \d+: load round \d+ of P1: it is missing \(RecordRefused\)$/);
      isGone = false;
      await handle.executeUpdate(resumeUpdate);
      await handle.result();
    });
    await assertSameDecisions(activities, OF_TWO);
  });

  it('refuses by name a record that is not the one that its neighbour recorded', async () => {
    const activities = loadingBelow(async (load) => {
      const loaded = await load();
      return { ...loaded, reference: { ...loaded.reference, sha256: 'edited' } };
    });
    const message =
      /^P2 of run .*: Cannot use record of round \d+ of P1: expected SHA-256 \d+\/P1, got edited \(RecordRefused\)\. /;
    await withRun(activities, (handle) =>
      assert.rejects(
        handle.result(),
        (error) => error instanceof WorkflowFailedError && message.test(String(error.cause?.message)),
      ),
    );
  });

  type LoadRound = StandIns['loadRound'];

  /** `answer` answers P2, which loads a state of P1; `isKnown`: it knows the record's digest. */
  function loadingBelow(
    answer: (load: () => ReturnType<LoadRound>, isKnown: boolean) => ReturnType<LoadRound>,
  ): StandIns {
    const standIns = createStandIns();
    const loadRound: LoadRound = async (request) => {
      const load = (): ReturnType<LoadRound> => standIns.loadRound(request);
      return request.subPopulation === 2 ? load() : answer(load, request.reference !== null);
    };
    return { ...standIns, loadRound };
  }

  async function withRun(
    activities: StandIns,
    work: (handle: WorkflowHandle<typeof firePbt>) => Promise<void>,
  ): Promise<void> {
    const taskQueue = randomUUID();
    const workflowId = `run-${taskQueue}`;
    await harness.withWorkers(taskQueue, activities, async () =>
      work(await harness.client.workflow.start(firePbt, { taskQueue, workflowId, args: [OF_TWO] })),
    );
  }
});
