/**
 * A Temporal server, an object server, an orchestrator, and the trainers that a test starts. Each is a process, and all
 * end with the test.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { Client, Connection } from '@temporalio/client';
import type { WorkflowHandle } from '@temporalio/client';
import type { TrainProgress } from '../../activities/training/round.ts';
import type { firePbt } from '../../workflows/run/fire-pbt.ts';
import { ROOT } from '../../workers/processes/places.mjs';
import { SupervisedProcess } from '../../workers/processes/supervised-process.ts';
import { startObjectServer } from '../object-server.ts';
import type { ObjectServer } from '../object-server.ts';
import { startTemporalServer } from '../temporal-server.ts';
import type { TestServer } from '../temporal-server.ts';

const QUEUE = 'fire-pbt';

export interface Fleet {
  readonly client: Client;
  /** A temporary folder for the test. */
  readonly directory: string;
  /** Folder of the objects as files: `<folder>/<bucket>/<key>`. */
  readonly objects: string;
  /** The first orchestrator, with the code of this checkout. */
  readonly orchestrator: SupervisedProcess;
  /** The messages about processes that ended. */
  readonly said: readonly string[];
  /** Starts a worker and restarts it whenever it ends. `script` is relative to this checkout, or absolute. */
  readonly work: (name: string, script: string, environment?: NodeJS.ProcessEnv) => Promise<SupervisedProcess>;
  readonly startRun: (workflowId: string, specification: unknown) => Promise<WorkflowHandle<typeof firePbt>>;
  readonly handle: (workflowId: string) => WorkflowHandle;
  /** The newest heartbeats of a workflow's trainings that run or wait for a retry. */
  readonly trainings: (workflowId: string) => Promise<TrainProgress[]>;
  readonly stop: () => Promise<void>;
}

/** Starts both. If one does not start, the other ends too. */
async function startServers(): Promise<[TestServer, ObjectServer]> {
  const [temporal, s3] = await Promise.allSettled([startTemporalServer(), startObjectServer()]);
  if (temporal.status === 'fulfilled' && s3.status === 'fulfilled') return [temporal.value, s3.value];
  for (const one of [temporal, s3]) if (one.status === 'fulfilled') await one.value.stop();
  throw (temporal.status === 'rejected' ? temporal : (s3 as PromiseRejectedResult)).reason;
}

/** Starts all but the trainers. */
export async function startFleet(): Promise<Fleet> {
  const directory = mkdtempSync(join(tmpdir(), 'fire-pbt-fleet-'));
  const [temporal, s3] = await startServers();
  const connection = await Connection.connect({ address: temporal.address });
  const client = new Client({ connection });
  const said: string[] = [];
  const processes: SupervisedProcess[] = [];
  const work: Fleet['work'] = async (name, script, environment = {}) => {
    const env = { ...process.env, ...s3.environment, TEMPORAL_ADDRESS: temporal.address, ...environment };
    const one = new SupervisedProcess(
      {
        name,
        command: process.execPath,
        args: ['--import', 'tsx', resolve(ROOT, script)],
        env,
        cwd: ROOT,
        logFile: join(directory, `${name}.log`),
      },
      { say: (line) => said.push(line), changed: () => undefined },
    );
    processes.push(one);
    await one.start(async () => true, 5_000);
    return one;
  };
  const orchestrator = await work('orchestrator', 'workers/orchestrator.ts');
  return {
    client,
    directory,
    objects: s3.folder,
    orchestrator,
    said,
    work,
    startRun: (workflowId, specification) =>
      client.workflow.start<typeof firePbt>('firePbt', { workflowId, taskQueue: QUEUE, args: [specification] }),
    handle: (workflowId) => client.workflow.getHandle(workflowId),
    trainings: async (workflowId) => {
      const { raw } = await client.workflow.getHandle(workflowId).describe();
      const payloads = (raw.pendingActivities ?? []).flatMap(
        ({ heartbeatDetails }) => heartbeatDetails?.payloads ?? [],
      );
      return payloads.map(({ data }) => JSON.parse(Buffer.from(data ?? []).toString()) as TrainProgress);
    },
    stop: async () => {
      await Promise.all(processes.map((one) => one.stop(10_000)));
      await connection.close();
      await Promise.all([temporal.stop(), s3.stop()]);
      rmSync(directory, { recursive: true });
    },
  };
}
