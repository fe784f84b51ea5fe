/**
 * The runs whose histories the suite replays: what each starts with, and what an operator or a failure does to it.
 */
import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import Long from 'long';
import type { WorkflowHandle } from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
import type { TrainRequest } from '../../activities/contracts/training.ts';
import { SMALL, SMALLEST } from '../small-run.ts';
import type { StoredRuns } from './stored-runs.ts';
import type { firePbt } from '../../workflows/run/fire-pbt.ts';
import {
  extendUpdate,
  pauseUpdate,
  resumeUpdate,
  setHyperparametersUpdate,
  stopEarlySignal,
} from '../../workflows/messages.ts';

/** 3 rounds of 2 + 2 members and one evaluator, scores few: a history of some dozen kB. */
const TINY = { ...SMALLEST, evalEvery: 5, evaluation: { maxEvalSteps: 40 } };
const LONGER = { ...TINY, steps: 100 };
const THREE = { ...LONGER, subPopulations: [...TINY.subPopulations, { members: 2, evaluators: 1 }] };

export interface Scenario {
  readonly dynamicConfig?: readonly string[];
  /** The specification, or what comes before the run and makes one; default: 6 rounds of the small toy. */
  readonly input?: unknown;
  readonly before?: (runs: StoredRuns) => Promise<unknown>;
  /** What is done to the run; it is waited for afterwards, and may have failed. */
  readonly play?: (runs: StoredRuns, handle: WorkflowHandle<typeof firePbt>) => Promise<void>;
}

export const SCENARIOS: Readonly<Record<string, Scenario>> = {
  plain: {},
  'continued-as-new': { dynamicConfig: ['limit.historyCount.suggestContinueAsNew=40'] },
  'stopped-early': {
    play: async (runs, handle) => {
      await runs.reached(handle.workflowId, ({ round }) => round >= 1);
      await handle.signal(stopEarlySignal, { subPopulation: 2, evaluator: 0, reason: 'looks pointless' });
      await handle.signal(stopEarlySignal, { subPopulation: 1, member: 3, reason: 'looks hopeless' });
      await handle.signal(stopEarlySignal, { reason: 'good enough' });
    },
  },
  'paused-set-extended': {
    play: async (runs, handle) => {
      await runs.reached(handle.workflowId, ({ round }) => round >= 1);
      await handle.executeUpdate(pauseUpdate, { args: [{ reason: 'lunch' }] });
      await handle.executeUpdate(setHyperparametersUpdate, {
        args: [{ subPopulation: 1, member: 0, hyperparameters: { h: 0.5 }, reason: 'try it' }],
      });
      await handle.executeUpdate(resumeUpdate);
      await handle.executeUpdate(extendUpdate, { args: [{ steps: 160 }] });
    },
  },
  'held-resumed': {
    play: async (runs, handle) => {
      runs.script.beforeTraining = breaking(60);
      await runs.reached(handle.workflowId, ({ holds }) => holds.length === 2);
      delete runs.script.beforeTraining;
      await handle.executeUpdate(resumeUpdate);
    },
  },
  'failed-reset': {
    play: async (runs, handle) => {
      await runs.reached(handle.workflowId, ({ round }) => round >= 2);
      await runs.client.workflow.getHandle(`${handle.workflowId}/P2`).terminate('recording');
      await handle.result().catch(() => undefined);
      await resetToFirstTask(runs, handle.workflowId);
    },
  },
  'operated-plain': { input: TINY },
  'stopped-while-holding': {
    input: TINY,
    play: async (runs, handle) => {
      runs.script.beforeTraining = breaking(40);
      await runs.reached(handle.workflowId, ({ holds }) => holds.length > 0);
      await handle.signal(stopEarlySignal, { reason: 'enough of it' });
    },
  },
  'extended-while-paused': {
    input: LONGER,
    play: async (runs, handle) => {
      await runs.reached(handle.workflowId, ({ round }) => round >= 1);
      await handle.executeUpdate(pauseUpdate, { args: [{ reason: 'lunch' }] });
      await handle.executeUpdate(extendUpdate, { args: [{ steps: 120 }] });
      await handle.executeUpdate(resumeUpdate);
    },
  },
  'report-held-resumed': {
    input: TINY,
    play: async (runs, handle) => {
      runs.script.beforeReport = () => {
        throw ApplicationFailure.nonRetryable('boom', 'TaskFailed');
      };
      await runs.reached(handle.workflowId, ({ holds }) => holds.length > 0);
      delete runs.script.beforeReport;
      await handle.executeUpdate(resumeUpdate);
    },
  },
  'child-cancelled': {
    input: LONGER,
    play: async (runs, handle) => {
      await runs.reached(handle.workflowId, ({ round }) => round >= 1);
      await runs.client.workflow.getHandle(`${handle.workflowId}/P1`).cancel();
    },
  },
  cancelled: {
    input: LONGER,
    play: async (runs, handle) => {
      await runs.reached(handle.workflowId, ({ round }) => round >= 1);
      await handle.cancel();
    },
  },
  'stopped-of-three': {
    input: THREE,
    play: async (runs, handle) => {
      runs.script.beforeTraining = async ({ worker, fromStep }) =>
        delay(worker.subPopulation === 3 && fromStep >= 40 ? 1_500 : 100);
      await runs.reached(handle.workflowId, ({ round }) => round >= 2);
      await handle.signal(stopEarlySignal, { reason: 'good enough' });
    },
  },
  'paused-of-three': {
    input: THREE,
    play: async (runs, handle) => {
      runs.script.beforeTraining = async () => delay(100);
      await runs.reached(handle.workflowId, ({ round }) => round >= 1);
      await handle.executeUpdate(pauseUpdate, { args: [{ reason: 'lunch' }] });
      await delay(3_000);
      await handle.executeUpdate(resumeUpdate);
    },
  },
  'extended-reset': {
    input: TINY,
    play: async (runs, handle) => {
      await runs.reached(handle.workflowId, ({ status }) => status === 'running');
      await handle.executeUpdate(extendUpdate, { args: [{ steps: 120 }] });
      await runs.reached(handle.workflowId, ({ round }) => round >= 4);
      await runs.client.workflow.getHandle(`${handle.workflowId}/P2`).terminate('recording');
      await handle.result().catch(() => undefined);
      await resetToFirstTask(runs, handle.workflowId);
    },
  },
  'reset-refused': {
    input: LONGER,
    play: async (runs, handle) => {
      await runs.reached(handle.workflowId, ({ round }) => round >= 1);
      let open = (): void => undefined;
      const gate = new Promise<void>((resolve) => (open = resolve));
      runs.script.beforeTraining = () => gate;
      await runs.temporal(
        'workflow',
        'reset',
        '--workflow-id',
        `${handle.workflowId}/P2`,
        '--type',
        'LastWorkflowTask',
        '--reason',
        'recording',
      );
      await handle.result().catch(() => undefined);
      delete runs.script.beforeTraining;
      open();
      await resetToFirstTask(runs, handle.workflowId);
    },
  },
  'continued-from': {
    before: async (runs) => {
      const { storage } = await runs.result('earlier', TINY);
      return { from: storage.folder, steps: 100 };
    },
  },
};

/** Comparisons look into the bucket: they are recorded with the activities that ship, one after the other. */
export const COMPARED = {
  arms: {
    FIRE: { ...SMALL, steps: 60, storage: { bucket: 'test' } },
    PBT: { ...SMALL, steps: 60, subPopulations: [{ members: 4 }], storage: { bucket: 'test' } },
  },
  seeds: [0],
};
/** The second has nothing left to train. */
export const COMPARISONS = ['compared-resumably', 'compared-again'];

/** The member P2/member-1 and the evaluator P2/evaluator-1 cannot be trained from this step on. */
function breaking(step: number): (request: TrainRequest) => void {
  return ({ worker, fromStep }) => {
    if (worker.subPopulation === 2 && worker.index === 1 && fromStep === step)
      throw ApplicationFailure.nonRetryable('boom', 'BrokenTask');
  };
}

async function resetToFirstTask(runs: StoredRuns, workflowId: string): Promise<void> {
  await runs.client.workflowService.resetWorkflowExecution({
    namespace: 'default',
    workflowExecution: { workflowId },
    reason: 'recording',
    workflowTaskFinishEventId: Long.fromNumber(3),
    requestId: randomUUID(),
  });
}
