/**
 * Whole runs of the toy task in a test's process: a real Temporal server, a real S3 server, the activities that ship.
 */
import { Client, Connection } from '@temporalio/client';
import type { WorkflowHandleWithFirstExecutionRunId } from '@temporalio/client';
import { NativeConnection, Worker } from '@temporalio/worker';
import { defineSearchAttributeKey } from '@temporalio/common';
import { CheckpointStore } from '../../activities/storage/checkpoints.ts';
import { ObjectStore } from '../../activities/storage/object-store.ts';
import { createOrchestrationActivities } from '../../activities/orchestration.ts';
import type { ResultSummary } from '../../activities/contracts/result.ts';
import { computeHere } from '../../activities/training/compute-here.ts';
import type { Computer } from '../../activities/training/computer.ts';
import { createTrainingActivities } from '../../activities/training/train.ts';
import type { ReportRequest, TrainRequest, TrainingActivities } from '../../activities/contracts/training.ts';
import { keepAlive } from '../../workers/processes/keep-alive.ts';
import type { firePbt } from '../../workflows/run/fire-pbt.ts';
import { progressQuery } from '../../workflows/messages.ts';
import type { RunProgress } from '../../activities/contracts/messages.ts';
import type { Algorithm, WORKFLOW_TYPES } from '../../workflows/population/names.ts';
import { runWorkers } from '../running-workers.ts';
import { SMALL } from '../small-run.ts';
import { startObjectServer } from '../object-server.ts';
import type { ObjectServer } from '../object-server.ts';
import { startTemporalServer, temporal } from '../temporal-server.ts';
import type { CommandOutcome } from '../temporal-server.ts';
import { poll } from '../workers/eventually.ts';
import { workflowBundle } from './run-harness.ts';

export const QUEUE = 'stored-runs';

const STATUS = defineSearchAttributeKey('FirePbtStatus', 'KEYWORD');

export type RunWorkflowType = (typeof WORKFLOW_TYPES)[Algorithm];

export interface StoredRuns {
  readonly client: Client;
  readonly objects: ObjectStore;
  /** Requests that were trained, in order. */
  readonly trained: TrainRequest[];
  /** What a test does before an activity does its work: throw, or keep it waiting. */
  readonly script: {
    beforeTraining?: (request: TrainRequest) => void | Promise<void>;
    beforeReport?: (request: ReportRequest) => void | Promise<void>;
  };
  /** Starts a workflow of a type that runs experiments, by default firePbt on SMALL. */
  readonly start: (
    workflowId: string,
    input?: unknown,
    workflowType?: RunWorkflowType,
  ) => Promise<WorkflowHandleWithFirstExecutionRunId<typeof firePbt>>;
  /** Runs it to its end, undisturbed. */
  readonly result: (workflowId: string, input?: unknown, workflowType?: RunWorkflowType) => Promise<ResultSummary>;
  /** Asks for the progress until it is what is waited for. */
  readonly reached: (workflowId: string, enough: (progress: RunProgress) => boolean) => Promise<RunProgress>;
  /** The status that is published as a search attribute. */
  readonly publishedStatus: (workflowId: string) => Promise<string | undefined>;
  /** The stock CLI, at this server. */
  readonly temporal: (...args: readonly string[]) => Promise<CommandOutcome>;
  readonly stop: () => Promise<void>;
}

/** Starts servers and workers; `on` shares an object server that somebody else started and ends. */
export async function startStoredRuns({
  on,
  dynamicConfig = [],
  cacheBytes,
}: {
  readonly on?: ObjectServer;
  readonly dynamicConfig?: readonly string[];
  /** Checkpoints that the trainer keeps in memory. */
  readonly cacheBytes?: number;
} = {}): Promise<StoredRuns> {
  const [server, objectServer, bundle] = await Promise.all([
    startTemporalServer(dynamicConfig),
    on ?? startObjectServer(),
    workflowBundle(),
  ]);
  const objects = new ObjectStore(objectServer.options);
  const native = await NativeConnection.connect({ address: server.address });
  const connection = await Connection.connect({ address: server.address });
  const client = new Client({ connection });
  const trained: TrainRequest[] = [];
  const script: StoredRuns['script'] = {};
  const training: TrainingActivities = createTrainingActivities(
    inTurn(computeHere({ objects, threads: 1, checkpoints: new CheckpointStore(objects, cacheBytes) })),
  );
  const train: TrainingActivities['train'] = async (request) => {
    await script.beforeTraining?.(request);
    trained.push(request);
    return training.train(request);
  };
  const report: TrainingActivities['report'] = async (request) => {
    await script.beforeReport?.(request);
    return training.report(request);
  };
  const workers = [
    await Worker.create({
      connection: native,
      taskQueue: QUEUE,
      workflowBundle: bundle,
      activities: { ...createOrchestrationActivities({ objects, client }) },
      interceptors: { activity: [keepAlive] },
    }),
    await Worker.create({
      connection: native,
      taskQueue: `${QUEUE}-trainers`,
      activities: { ...training, train, report },
    }),
  ];
  const working = runWorkers(workers);
  const start: StoredRuns['start'] = (workflowId, input = SMALL, workflowType = 'firePbt') =>
    client.workflow.start<typeof firePbt>(workflowType, { taskQueue: QUEUE, workflowId, args: [input] });
  return {
    client,
    objects,
    trained,
    script,
    start,
    result: async (workflowId, input, workflowType) =>
      working.race((await start(workflowId, input, workflowType)).result()),
    reached: (workflowId, enough) =>
      working.race(poll(() => client.workflow.getHandle(workflowId).query(progressQuery), enough)),
    publishedStatus: async (workflowId) =>
      (await client.workflow.getHandle(workflowId).describe()).typedSearchAttributes.get(STATUS),
    temporal: (...args) => temporal(server.address, ...args),
    stop: async () => {
      await working.stop();
      await objects.close();
      await connection.close();
      await native.close();
      await server.stop();
      if (!on) await objectServer.stop();
    },
  };
}

/** A computer that has one order at a time, as a trainer's computing process has: one compiled network serves all. */
function inTurn(computer: Computer): Computer {
  let last: Promise<unknown> = Promise.resolve();
  const queued = <Result>(work: () => Promise<Result>): Promise<Result> => {
    const done = last.then(work);
    last = done.catch(() => undefined);
    return done;
  };
  return {
    ...computer,
    train: (order, observer) => queued(() => computer.train(order, observer)),
    report: (request, observer) => queued(() => computer.report(request, observer)),
  };
}
