/**
 * A round as its trainer's heartbeats tell it, and what the heartbeats of earlier attempts tell of it.
 */
import type { Score } from '../../workflows/algorithm/curve.ts';
import { evaluatorName, memberName } from '../../workflows/population/names.ts';
import type { TrainRequest, WorkerName } from '../contracts/training.ts';
import { ActivityClock, type Activity } from './activity-clock.ts';
import type { Attempt } from './attempts.ts';
import type { PartialCheckpoint, Progress } from './computer.ts';
import { digestOf } from './partials.ts';

/** The details of a heartbeat, for people and for the next attempt. */
export interface TrainProgress extends Activity {
  readonly worker: string;
  readonly step: number;
  readonly toStep: number;
  /** Newest measurement of this round. */
  readonly score: Score | null;
  readonly stepsPerSecond: number;
  /** Share of the time for training in which steps waited for data, such as images that are being decoded. */
  readonly waitingShare: number;
  readonly attempt: Attempt;
  readonly partial: PartialCheckpoint | null;
}

/** A round in training. */
export class Round {
  /** As in `P1/member-3`. */
  readonly worker: string;
  /** What an earlier attempt at the same request saved. */
  readonly left: PartialCheckpoint | null;
  readonly #toStep: number;
  #progress: Omit<Progress, 'doing' | 'advances' | 'knownMs'>;
  readonly #activity = new ActivityClock();

  /** `details` are those of the last heartbeat of the attempt before. */
  constructor(request: TrainRequest, details: unknown) {
    this.worker = nameOf(request.worker);
    this.left = partialOf(details, request) ?? null;
    this.#toStep = request.toStep;
    this.#progress = {
      step: this.left?.checkpoint.step ?? request.fromStep,
      scores: this.left?.scores ?? [],
      trainedSteps: 0,
      trainingMs: 0,
      waitedMs: 0,
      partial: this.left,
    };
  }

  get step(): number {
    return this.#progress.step;
  }

  /** The newest partial checkpoint. */
  get partial(): PartialCheckpoint | null {
    return this.#progress.partial;
  }

  /** Takes what the computer tells. */
  note(progress: Progress): void {
    this.#progress = progress;
    this.#activity.note(progress);
  }

  /** Returns the details of a heartbeat. */
  describe(attempt: Attempt): TrainProgress {
    const { step, scores, trainedSteps, trainingMs, waitedMs, partial } = this.#progress;
    const stepsPerSecond = trainingMs > 0 ? Math.round((1000 * trainedSteps) / trainingMs) : 0;
    return {
      worker: this.worker,
      step,
      toStep: this.#toStep,
      ...this.#activity.now(),
      score: scores.at(-1) ?? null,
      stepsPerSecond,
      waitingShare: trainingMs > 0 ? Math.round((100 * waitedMs) / trainingMs) / 100 : 0,
      attempt,
      partial,
    };
  }
}

function partialOf(details: unknown, request: TrainRequest): PartialCheckpoint | undefined {
  const partial = (details as TrainProgress | undefined)?.partial;
  return partial?.requestSha256 === digestOf(request) ? partial : undefined;
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
