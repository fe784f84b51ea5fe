/**
 * What every workflow of a run knows of the run, and the activities that it can call.
 */
import {
  ActivityFailure,
  ApplicationFailure,
  CancellationScope,
  ChildWorkflowFailure,
  isCancellation,
  proxyActivities,
  workflowInfo,
} from '@temporalio/workflow';
import type { ActivityOptions } from '@temporalio/workflow';
import type { RoundReference } from '../../activities/contracts/run.ts';
import type { RunFolder } from '../../activities/contracts/checkpoint.ts';
import type { Specification } from '../../activities/specification/specification.ts';
import type { TrainingActivities, TrainOutcome, TrainRequest } from '../../activities/contracts/training.ts';
import type { PopulationState } from '../population/state.ts';
import { trainerTaskQueue } from '../population/names.ts';
import { causesOf } from './causes.ts';
import { SUMMARIES, withSummaries } from './summaries.ts';
import type { OrchestratorActivities } from './summaries.ts';

export interface Run {
  readonly workflowId: string;
  /** The root's run id. A reset gives the root a new one, and messages of the old one are dropped. */
  readonly generation: string;
  readonly specification: Specification;
  readonly storage: RunFolder;
}

/** Infrastructure failures are retried until they are over. Activities throw permanent failures as not retryable. */
const RETRY_UNTIL_IT_IS_OVER = { initialInterval: '500ms', backoffCoefficient: 2, maximumInterval: '15s' } as const;

/**
 * Light activities run on an orchestrator's worker, which sends heartbeats for them (workers/processes/keep-alive.ts).
 * If it is killed, a retry begins within seconds.
 */
const ON_ORCHESTRATORS = { heartbeatTimeout: '15s', retry: RETRY_UNTIL_IT_IS_OVER } as const;
export const orchestration = onOrchestrators({ startToCloseTimeout: '5m' });

/** Activities that copy or read all objects of a run, which can be gigabytes. */
export const longOrchestration = onOrchestrators({ startToCloseTimeout: '1 day' });

/** Attempts at housekeeping before it is left for later: about five minutes. */
const HOUSEKEEPING_ATTEMPTS = 20;

/** Activities that delete, copy for the record, or draw what is recorded. No run waits longer for them. */
export const housekeeping: Pick<
  OrchestratorActivities,
  'collectCheckpoints' | 'exportHistories' | 'writeRunReport' | 'writeComparisonReport'
> = onOrchestrators({
  startToCloseTimeout: '1 day',
  retry: { ...RETRY_UNTIL_IT_IS_OVER, maximumAttempts: HOUSEKEEPING_ATTEMPTS },
});

/** The activity that watches a run for its whole duration. */
export const watchdog: Pick<OrchestratorActivities, 'watchForInvalidResets'> = onOrchestrators({
  startToCloseTimeout: '1000 days',
});

function onOrchestrators(options: ActivityOptions): OrchestratorActivities {
  return withSummaries(proxyActivities<OrchestratorActivities>({ ...ON_ORCHESTRATORS, ...options }), SUMMARIES);
}

/** Trains one worker for one round on a trainer. The Web UI shows `summary` for the activity. */
export async function trainRound(
  { specification }: Pick<Run, 'specification'>,
  request: TrainRequest,
  summary: string,
): Promise<TrainOutcome> {
  return trainers(specification.trainers).train.executeWithOptions({ summary }, [request]);
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

/** Waits for an activity that validates input or records: its permanent failure becomes the workflow's own. */
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
 * Waits for the work of children. If it is cancelled, waits until all children have ended. If a parent ended first, its
 * children would be terminated, as if a person had killed them.
 */
export async function awaitAllOnCancel<T>(work: Promise<T>, everybody: () => readonly Promise<unknown>[]): Promise<T> {
  try {
    return await work;
  } catch (error) {
    if (isCancellation(error) && CancellationScope.current().consideredCancelled) await Promise.allSettled(everybody());
    throw error;
  }
}

/**
 * Returns what people should read of a failed activity or child: message and type of the failure inside those that
 * Temporal wraps around it.
 */
export function reasonOf(error: unknown): string {
  const causes = causesOf(error);
  const cause = causes.find((one) => !(one instanceof ActivityFailure || one instanceof ChildWorkflowFailure)) ?? error;
  if (!(cause instanceof Error)) return String(cause);
  return cause instanceof ApplicationFailure && cause.type ? `${cause.message} (${cause.type})` : cause.message;
}

/** Returns the task queue of the trainers: `given` if the specification names one. */
export function trainersQueue(given: string | null | undefined): string {
  return given ?? trainerTaskQueue(workflowInfo().taskQueue);
}

/**
 * Time without a heartbeat after which a trainer counts as lost. Another one then takes its round over: within 10 s of
 * the loss, as the server needs up to three seconds for the retry. A trainer's heartbeats arrive every second
 * (workers/trainer.ts), from a process that does not compute, so a slow trainer is never taken for a lost one.
 */
const TRAINER_LOST_AFTER = '6s';

/**
 * Returns the activities of trainers. They send heartbeats, and may last for days. `given` is the task queue that the
 * specification names, if it names one.
 */
export function trainers(given: string | null | undefined): ReturnType<typeof proxyActivities<TrainingActivities>> {
  return proxyActivities<TrainingActivities>({
    taskQueue: trainersQueue(given),
    startToCloseTimeout: '7 days',
    heartbeatTimeout: TRAINER_LOST_AFTER,
    retry: RETRY_UNTIL_IT_IS_OVER,
  });
}
