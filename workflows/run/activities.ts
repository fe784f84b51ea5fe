/**
 * What every workflow of a run is told about the run, and the activities as it may call them.
 */
import {
  ActivityFailure,
  ApplicationFailure,
  CancellationScope,
  isCancellation,
  proxyActivities,
  workflowInfo,
} from '@temporalio/workflow';
import type { ComparisonActivities } from '../../activities/contracts/comparison.ts';
import type { RoundReference, RunActivities } from '../../activities/contracts/run.ts';
import type { RunFolder } from '../../activities/contracts/checkpoint.ts';
import type { Specification } from '../../activities/specification/specification.ts';
import type { TrainingActivities, TrainOutcome, TrainRequest } from '../../activities/contracts/training.ts';
import type { PopulationState } from '../population/state.ts';
import { trainerTaskQueue } from '../population/names.ts';
import { causesOf } from './causes.ts';

export interface Run {
  readonly workflowId: string;
  /** The root's run id: a run that was reset has a new one, and messages of the old one are dropped. */
  readonly generation: string;
  readonly specification: Specification;
  readonly storage: RunFolder;
}

/**
 * Infrastructure trouble is retried until it is over; what cannot get better is thrown as non-retryable by the activity
 * itself.
 */
const RETRY_UNTIL_IT_IS_OVER = { initialInterval: '500ms', backoffCoefficient: 2, maximumInterval: '15s' } as const;

/**
 * Light activities, on the orchestrator's own worker, which heartbeats for them (workers/processes/keep-alive.ts):
 * should it be killed, another try begins within seconds.
 */
const ON_ORCHESTRATORS = { heartbeatTimeout: '15s', retry: RETRY_UNTIL_IT_IS_OVER } as const;
export const orchestration = proxyActivities<RunActivities & ComparisonActivities>({
  ...ON_ORCHESTRATORS,
  startToCloseTimeout: '5m',
});

/** Those that copy, read or delete all that a run left: of large models that is gigabytes. */
export const longOrchestration = proxyActivities<RunActivities & ComparisonActivities>({
  ...ON_ORCHESTRATORS,
  startToCloseTimeout: '1 day',
});

/** Watches a run as long as it lasts. */
export const watchdog = proxyActivities<Pick<RunActivities, 'watchForInvalidResets'>>({
  ...ON_ORCHESTRATORS,
  startToCloseTimeout: '1000 days',
});

/** Trains one worker for one round on a trainer; `summary` is what the Web UI shows for the activity. */
export async function trainRound(request: TrainRequest, summary: string): Promise<TrainOutcome> {
  return trainers().train.executeWithOptions({ summary }, [request]);
}

/** A recorded state, and the record that it is of. */
export interface LoadedState {
  readonly state: PopulationState;
  readonly reference: RoundReference;
}

/**
 * Loads a sub-population's recorded state, in parts that fit a payload. If the reference is null, waits until the round
 * is recorded.
 */
export async function loadState(
  { storage }: Run,
  round: number,
  subPopulation: number,
  known: RoundReference | null,
): Promise<LoadedState> {
  const wanted = { storage, round, subPopulation };
  const first = await orchestration.loadRound({ ...wanted, part: 0, reference: known });
  const { parts, reference } = first;
  let { text } = first;
  for (let part = 1; part < parts; part += 1)
    text += (await orchestration.loadRound({ ...wanted, part, reference })).text;
  return { state: JSON.parse(text) as PopulationState, reference };
}

/** Waits for an activity that validates the workflow's input: its permanent failure becomes the workflow's own. */
export async function passOnFailure<Result>(activity: Promise<Result>): Promise<Result> {
  try {
    return await activity;
  } catch (error) {
    const cause = error instanceof ActivityFailure ? error.cause : undefined;
    if (!(cause instanceof ApplicationFailure)) throw error;
    throw ApplicationFailure.create({
      message: cause.message,
      ...(cause.type ? { type: cause.type } : {}),
      nonRetryable: true,
      details: cause.details ?? [],
    });
  }
}

/**
 * Work that children do: when it is cancelled, it ends once everybody in it has ended. A parent that ends first has its
 * children terminated, which reads as though somebody had killed them.
 */
export async function awaitAllOnCancel<T>(work: Promise<T>, everybody: () => readonly Promise<unknown>[]): Promise<T> {
  try {
    return await work;
  } catch (error) {
    if (isCancellation(error) && CancellationScope.current().consideredCancelled) await Promise.allSettled(everybody());
    throw error;
  }
}

/** What a person should read of a failed activity: the message of the failure at its root, and its type. */
export function reasonOf(error: unknown): string {
  const cause = causesOf(error).at(-1);
  if (!(cause instanceof Error)) return String(cause);
  return cause instanceof ApplicationFailure && cause.type ? `${cause.message} (${cause.type})` : cause.message;
}

/** Proxy for the activities that need a trainer: they heartbeat, and may take as long as they take. */
export function trainers(): ReturnType<typeof proxyActivities<TrainingActivities>> {
  return proxyActivities<TrainingActivities>({
    taskQueue: trainerTaskQueue(workflowInfo().taskQueue),
    startToCloseTimeout: '7 days',
    heartbeatTimeout: '20s',
    retry: RETRY_UNTIL_IT_IS_OVER,
  });
}
