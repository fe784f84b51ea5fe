/**
 * Runs training activities as a worker would, without one: in an activity's context, on a real object store.
 */
import { asyncLocalStorage, Context, type Info } from '@temporalio/activity';
import { ActivityCancellationDetails, CancelledFailure, noopMetricMeter, type Logger } from '@temporalio/common';
import { ObjectStore } from '../../../activities/storage/object-store.ts';
import { decodeSafetensors } from '../../../activities/storage/safetensors.ts';
import { CheckpointStore } from '../../../activities/storage/checkpoints.ts';
import type { CheckpointReference } from '../../../activities/contracts/checkpoint.ts';
import type { TrainProgress } from '../../../activities/training/round.ts';
import { computeHere, type ComputingDependencies } from '../../../activities/training/compute-here.ts';
import { createTrainingActivities } from '../../../activities/training/train.ts';
import type { Session } from '../../../activities/tasks/task.ts';
import type {
  ReportOutcome,
  ReportRequest,
  TrainOutcome,
  TrainRequest,
} from '../../../activities/contracts/training.ts';
import { tasksWithSessions } from '../../shipped-tasks.ts';
import { startObjectServer } from '../../object-server.ts';

export const STORAGE = { bucket: 'fire-pbt', folder: 'a-run/first' } as const;

/** A perceptron small enough for hundreds of steps a test. */
export const SMALL_PERCEPTRON = {
  kind: 'image-classification',
  dataset: 'fashion-mnist',
  model: { kind: 'perceptron', hidden: [16] },
  optimizer: 'momentum',
  batchSize: 8,
  objectiveExamples: 200,
  untouchedExamples: 300,
} as const;

/** Mechanics need no tensors. */
export const TOY: Partial<TrainRequest> = {
  task: { kind: 'toy', variant: 'deceptive' },
  hyperparameters: { h: 0.7 },
  toStep: 20,
  evalEvery: 1,
};

/** Why an activity is interrupted. */
export type Interruption = NonNullable<ConstructorParameters<typeof ActivityCancellationDetails>[0]>;

export interface Attempt {
  /** Which attempt it is; default: the one after that whose heartbeat it gets, or the first. */
  readonly number?: number;
  /** What the attempt before heartbeat last. */
  readonly heartbeatDetails?: unknown;
  /** How long a heartbeat may be on its way; default: 20 s. */
  readonly heartbeatTimeoutMs?: number;
  /** Called with each heartbeat; may interrupt the activity. */
  readonly onHeartbeat?: (progress: TrainProgress, interrupt: (details: Interruption) => void) => void;
}

export interface Trainer {
  readonly objects: ObjectStore;
  readonly checkpoints: CheckpointStore;
  readonly train: (
    request: Partial<TrainRequest>,
    attempt?: Attempt,
    dependencies?: Partial<ComputingDependencies>,
  ) => Promise<TrainOutcome>;
  readonly report: (
    request: Partial<ReportRequest> & Pick<ReportRequest, 'checkpoint'>,
    attempt?: Attempt,
  ) => Promise<ReportOutcome>;
  /** The numbers of a stored tensor. */
  readonly tensor: (checkpoint: CheckpointReference, name: string) => Promise<number[]>;
  readonly stop: () => Promise<void>;
}

/**
 * Starts an object server with a trainer on it. Requests default to 40 steps of a small perceptron from scratch,
 * measured every 10.
 */
export async function startTrainer(): Promise<Trainer> {
  const server = await startObjectServer();
  const objects = new ObjectStore(server.options);
  await objects.ensureBucket(STORAGE.bucket);
  const checkpoints = new CheckpointStore(objects);
  const defaults: TrainRequest = {
    storage: STORAGE,
    task: SMALL_PERCEPTRON,
    seed: 7,
    threads: 1,
    worker: { subPopulation: 1, kind: 'member', index: 3 },
    checkpoint: null,
    fromStep: 0,
    toStep: 40,
    evalEvery: 10,
    hyperparameters: { learningRate: 0.01 },
  };
  return {
    objects,
    checkpoints,
    train: (request, attempt, dependencies) =>
      inContext(
        () =>
          createTrainingActivities(computeHere({ objects, checkpoints, threads: 1, ...dependencies })).train({
            ...defaults,
            ...request,
          }),
        attempt,
      ),
    report: (request, attempt) =>
      inContext(
        () =>
          createTrainingActivities(computeHere({ objects, checkpoints, threads: 1 })).report({
            storage: STORAGE,
            task: SMALL_PERCEPTRON,
            seed: 7,
            threads: 1,
            hyperparameters: { learningRate: 0.01 },
            ...request,
          }),
        attempt,
      ),
    tensor: async (checkpoint, name) => {
      const tensor = decodeSafetensors(await checkpoints.get(STORAGE.bucket, checkpoint)).tensors.get(name);
      if (!tensor) throw new Error(`Cannot find tensor ${name} in ${checkpoint.key}`);
      return [
        ...(tensor.dtype === 'F64'
          ? new Float64Array(tensor.data.slice().buffer)
          : new Float32Array(tensor.data.slice().buffer)),
      ];
    },
    stop: async () => {
      await objects.close();
      await server.stop();
    },
  };
}

/** Toy tasks, sabotaged: `change` gets the real session and returns what differs. */
export function sabotaged(change: (session: Session) => Partial<Session>): Partial<ComputingDependencies> {
  return {
    tasks: tasksWithSessions((session) => {
      const changed = change(session);
      return new Proxy(session, {
        get: (target, name) => {
          const member: unknown = Reflect.get(changed, name) ?? Reflect.get(target, name);
          return typeof member === 'function' ? (member.bind(target) as unknown) : member;
        },
      });
    }),
  };
}

/** Runs an activity in a context of its own. */
async function inContext<T>(
  run: () => Promise<T>,
  {
    heartbeatDetails,
    number = ((heartbeatDetails as TrainProgress | undefined)?.attempt.number ?? 0) + 1,
    heartbeatTimeoutMs = 20_000,
    onHeartbeat,
  }: Attempt = {},
): Promise<T> {
  const abort = new AbortController();
  const holder: { details?: ActivityCancellationDetails } = {};
  let cancel = (_: Error): void => undefined;
  const cancelled = new Promise<never>((_, reject) => {
    cancel = reject;
  });
  cancelled.catch(() => undefined);
  const interrupt = (details: Interruption): void => {
    const failure = new CancelledFailure('INTERRUPTED');
    holder.details = new ActivityCancellationDetails(details);
    cancel(failure);
    abort.abort(failure);
  };
  // Of an activity's information the trainer reads only this, and it logs nothing.
  const info = { attempt: number, heartbeatDetails, heartbeatTimeoutMs } as unknown as Info;
  const logger = {} as unknown as Logger;
  const heartbeat = (details?: unknown): void => onHeartbeat?.(details as TrainProgress, interrupt);
  const context = new Context(info, cancelled, abort.signal, heartbeat, undefined, logger, noopMetricMeter, holder);
  return asyncLocalStorage.run(context, run);
}
