/**
 * A round in training: its request, its progress, its heartbeats, and what earlier attempts left of it.
 */
import { createHash } from 'node:crypto';
import { Context } from '@temporalio/activity';
import type { Score } from '../../workflows/algorithm/curve.ts';
import type { HyperparameterValues } from '../../workflows/algorithm/hyperparameters.ts';
import { evaluatorName, memberName } from '../../workflows/population/names.ts';
import type { CheckpointReference } from '../contracts/checkpoint.ts';
import type { TrainRequest, WorkerName } from '../contracts/training.ts';
import type { CheckpointStore } from '../storage/checkpoints.ts';
import type { Task } from '../tasks/task.ts';
import type { Attempt } from './attempts.ts';
import { completeHyperparameters } from './hyperparameters.ts';
import { Partials } from './partials.ts';

/** The details of a heartbeat, for people and for the next attempt. */
export interface TrainProgress {
  readonly worker: string;
  readonly step: number;
  readonly toStep: number;
  /** Newest measurement of this round. */
  readonly score: Score | null;
  readonly stepsPerSecond: number;
  readonly attempt: Attempt;
  readonly partial: PartialCheckpoint | null;
}

export interface PartialCheckpoint {
  readonly checkpoint: CheckpointReference;
  /** Those measured so far. */
  readonly scores: readonly Score[];
  /** SHA-256 of the request: a partial checkpoint of another request is ignored. */
  readonly requestSha256: string;
  /** Keys of older ones that are still stored, oldest first. */
  readonly superseded: readonly string[];
}

/** A round in training, with what changes while it is trained. */
export interface Round {
  readonly request: TrainRequest;
  readonly worker: string;
  /** Those of the request, with the task's defaults. */
  readonly hyperparameters: HyperparameterValues;
  scores: Score[];
  step: number;
  trainedSteps: number;
  trainingMs: number;
  partial: PartialCheckpoint | null;
}

/** Returns the round as an earlier attempt left it, or at its beginning. */
export function roundOf(request: TrainRequest, task: Task): Round {
  const partial = partialOf(Context.current().info.heartbeatDetails, request) ?? null;
  const worker = nameOf(request.worker);
  return {
    request,
    worker,
    hyperparameters: completeHyperparameters(task.hyperparameters, {
      worker,
      hyperparameters: request.hyperparameters,
    }),
    scores: [...(partial?.scores ?? [])],
    step: partial?.checkpoint.step ?? request.fromStep,
    trainedSteps: 0,
    trainingMs: 0,
    partial,
  };
}

/** Returns the round's partial checkpoints as earlier attempts left them. */
export function partialsOf({ request, partial }: Round, checkpoints: Pick<CheckpointStore, 'delete'>): Partials {
  // Without a timeout nothing says when a heartbeat must have arrived.
  const { heartbeatTimeoutMs = Infinity } = Context.current().info;
  return new Partials(
    checkpoints,
    request.storage,
    partial ? [...partial.superseded, partial.checkpoint.key] : [],
    heartbeatTimeoutMs,
  );
}

/** Returns what an earlier attempt at the same request saved, if it did. */
function partialOf(details: unknown, request: TrainRequest): PartialCheckpoint | undefined {
  const partial = (details as TrainProgress | undefined)?.partial;
  return partial?.requestSha256 === digestOf(request) ? partial : undefined;
}

/** Returns the details of a heartbeat. */
export function progressOf(
  { request, worker, step, scores, trainedSteps, trainingMs, partial }: Round,
  attempt: Attempt,
): TrainProgress {
  const stepsPerSecond = trainingMs > 0 ? Math.round((1000 * trainedSteps) / trainingMs) : 0;
  return { worker, step, toStep: request.toStep, score: scores.at(-1) ?? null, stepsPerSecond, attempt, partial };
}

/** Returns the SHA-256 of a request, hexadecimal. */
export function digestOf(request: TrainRequest): string {
  return createHash('sha256').update(JSON.stringify(request)).digest('hex');
}

function nameOf({ subPopulation, kind, index }: WorkerName): string {
  switch (kind) {
    case 'member':
      return memberName(subPopulation, index);
    case 'evaluator':
      return evaluatorName(subPopulation, index);
    default:
      return kind satisfies never;
  }
}
