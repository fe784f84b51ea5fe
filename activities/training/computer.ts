/**
 * What computes for a trainer: it opens sessions, trains rounds and writes reports, and says meanwhile how far it is.
 *
 * A native call cannot be interrupted. So a trainer answers Temporal in one process and computes in another
 * (workers/computing/). Tests compute in their own process (compute-here.ts). Both are this interface.
 */
import type { Score } from '../../workflows/algorithm/curve.ts';
import type { CheckpointReference } from '../contracts/checkpoint.ts';
import type { DescribeRequest, TaskDescription } from '../contracts/task.ts';
import type { ReportOutcome, ReportRequest, TrainOutcome, TrainRequest } from '../contracts/training.ts';

/** Carries out one order at a time. */
export interface Computer {
  /** @throws InvalidTask, non-retryable, with every error */
  describe(request: DescribeRequest): Promise<TaskDescription>;
  train(order: TrainOrder, observer: Observer): Promise<Trained | Interrupted>;
  report(request: ReportRequest, observer: Observer): Promise<ReportOutcome | Interrupted>;
}

/** A round to train, from where earlier attempts left it. */
export interface TrainOrder {
  readonly request: TrainRequest;
  /** As in `P1/member-3`. */
  readonly worker: string;
  /** What an earlier attempt saved. */
  readonly partial: PartialCheckpoint | null;
  /** Trainers that died at this round in a row: the more, the earlier it saves. */
  readonly deaths: number;
  /** How long a heartbeat may be on its way; none if nothing says so. */
  readonly heartbeatTimeoutMs: number | null;
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

export type Trained = Omit<TrainOutcome, 'trainerSeconds'>;

/** The work was interrupted. A round goes on from its last partial checkpoint. */
export interface Interrupted {
  readonly interrupted: true;
}

/** Whoever ordered the work. */
export interface Observer {
  /**
   * Is told when something else begins, before what takes long or may take long, after each partial checkpoint, and
   * several times a second if the process is free to.
   */
  readonly progressed: (progress: Progress) => void;
  /** Aborts when the work is to end, with an Interruption as its reason. */
  readonly interruption: AbortSignal;
}

export interface Interruption {
  /** Whether to save first what has been trained. */
  readonly saves: boolean;
}

/** What a computer does. Only while it stores something does an interruption wait for longer than a moment. */
export type Doing = 'opening' | 'training' | 'measuring' | 'storing' | 'reporting';

export interface Progress {
  readonly doing: Doing;
  /** Steps completed. */
  readonly step: number;
  /** How often the task has told that it goes on with what takes long, such as decoding images when it is opened. */
  readonly advances: number;
  /** How long what it does is known to take; null if that is not known yet. */
  readonly knownMs: number | null;
  /** All of the round so far. */
  readonly scores: readonly Score[];
  /** By this attempt. */
  readonly trainedSteps: number;
  readonly trainingMs: number;
  /** Of these, waiting for data. */
  readonly waitedMs: number;
  readonly partial: PartialCheckpoint | null;
}

/**
 * The process that computes has ended, or was ended because it made no progress. The next attempt may succeed.
 */
export class ComputingEnded extends Error {
  /** `how` completes `its computing process …`. */
  readonly how: string;

  constructor(how: string) {
    super(`The computing process ${how}`);
    this.name = 'ComputingEnded';
    this.how = how;
  }
}
