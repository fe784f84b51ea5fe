/**
 * The light activities of a run: planning, the record of its rounds, its result. They run on the orchestrator's worker.
 */
import type { Score } from '../../workflows/algorithm/curve.ts';
import type { RoundEvent } from '../../workflows/population/events.ts';
import type { DecisionCode, HistorySegment } from '../../workflows/population/state.ts';
import type { Algorithm } from '../../workflows/population/names.ts';
import type { CheckpointReference, RunFolder } from './checkpoint.ts';
import type { ReportOutcome } from './training.ts';
import type { Specification } from '../specification/specification.ts';

/** What a run will do and cost, said before it starts. */
export interface RunPlan {
  /**
   * Run id of the root that was planned: a run that was reset has a new one, and messages of the old one are dropped.
   * Recorded here, because a history exported after a reset replays under its original run id.
   */
  readonly generation: string;
  /** As validated, defaults filled in. */
  readonly specification: Specification;
  readonly storage: RunFolder;
  /** Of the earlier run whose rounds it goes on from. */
  readonly from?: RunFolder;
  /** Present where it trains another run's schedule afresh. */
  readonly retraced?: RetracedRun;
  readonly costs: RunCosts;
  /** To which it can be extended at most; absent from what was planned before it was told. */
  readonly maxRounds?: number;
}

/** The run whose schedule a retrace follows. */
export interface RetracedRun {
  /** Its folder, `<workflow id>/<first run id>`. */
  readonly folder: string;
  readonly seed: number;
  readonly objective: Score;
  readonly testScore: Score;
}

export interface RunCosts {
  readonly members: number;
  readonly evaluators: number;
  readonly rounds: number;
  /** Steps that all workers together train, were every evaluator always busy: an upper bound. */
  readonly workerSteps: number;
  readonly trainActivities: number;
  /** Estimate for one checkpoint; undefined where the task cannot tell beforehand. */
  readonly checkpointBytes?: number;
  /**
   * Checkpoints kept at any time, at most, and their bytes; besides partial ones, about two a worker, in rounds that
   * last longer than a minute: no plan foresees those.
   */
  readonly checkpointsKept: number;
  readonly storedBytes?: number;
  /** What histories and messages take at most; absent from what was planned before it was told. */
  readonly histories?: HistoryCosts;
}

/** The largest of a run's demands on Temporal (history-budget.ts). */
export interface HistoryCosts {
  /** The root's, which never continues as new. */
  readonly rootEvents: number;
  readonly rootBytes: number;
  /** Of one round of the sub-population that needs most. */
  readonly roundEvents: number;
  readonly roundBytes: number;
  readonly largestPayloadBytes: number;
}

export interface SaveRoundRequest {
  readonly storage: RunFolder;
  /** From 1. */
  readonly round: number;
  readonly subPopulation: number;
  /** Everything that happened in the round, in order. */
  readonly events: readonly RoundEvent[];
  /** Wall-clock seconds of trainers in this round: a cost, kept apart from what is decided. */
  readonly trainerSeconds: number;
}

export interface LoadRoundRequest {
  readonly storage: RunFolder;
  readonly round: number;
  readonly subPopulation: number;
  /** From 0. */
  readonly part: number;
}

export interface Winner {
  readonly member: number;
  readonly score: Score;
  readonly checkpoint: CheckpointReference;
  readonly history: readonly HistorySegment[];
}

export interface WriteResultRequest {
  readonly storage: RunFolder;
  readonly workflowId: string;
  readonly specification: Specification;
  readonly rounds: number;
  readonly winner: Winner;
  readonly report: ReportOutcome;
  readonly retraced?: RetracedRun;
  /** Present when the run was stopped before its last round. */
  readonly stoppedEarly?: { readonly reason: string; readonly round: number };
}

/** What a finished run's workflow returns: small, and enough to read the rest. */
export interface ResultSummary {
  readonly workflowId: string;
  readonly algorithm: Algorithm;
  readonly seed: number;
  readonly rounds: number;
  readonly steps: number;
  readonly winner: { readonly member: string; readonly objective: Score; readonly checkpoint: CheckpointReference };
  readonly testScore: Score;
  readonly untouchedScore?: Score;
  /**
   * Of a retrace: the run that found the schedule, and by how much its test score is above this one's; null where one
   * of them diverged.
   */
  readonly retraced?: RetracedRun & { readonly gap: number | null };
  /** Promotions received, by sub-population, P1 first. */
  readonly promotions: readonly number[];
  /** Ends of evaluations over all sub-populations, by reason. */
  readonly verdicts: Readonly<Record<string, number>>;
  readonly schedule: readonly HistorySegment[];
  /** SHA-256 over every decision of every round, hexadecimal: equal for two runs that decided the same. */
  readonly decisionsSha256: string;
  /** The codes that decided its rounds: more than one if a worker with other code took the run over. */
  readonly decidedBy: readonly DecisionCode[];
  readonly storage: RunFolder;
  readonly resultKey: string;
  readonly files: readonly string[];
  readonly stoppedEarly?: { readonly reason: string; readonly round: number };
}

export interface DeletionRequest {
  /** The run's folder in its bucket: `<workflow id>/<first run id>`. */
  readonly run: string;
  /** Default: fire-pbt. */
  readonly bucket?: string;
  /** Default: false, which only says what is there. */
  readonly confirm?: boolean;
}

export interface FolderSize {
  readonly objects: number;
  readonly sizeBytes: number;
}

export interface Deletion extends FolderSize {
  readonly run: string;
  readonly bucket: string;
  readonly folders: Readonly<Record<string, FolderSize>>;
  readonly deleted: boolean;
  /** What to do now, for people. */
  readonly next: string;
}

/** The activities of runs; those of comparisons are a contract of their own (comparison.ts). */
export interface RunActivities {
  planRun(input: {
    readonly specification: unknown;
    readonly workflowId: string;
    readonly firstExecutionRunId: string;
  }): Promise<RunPlan>;
  /**
   * Takes over the rounds of an earlier run: its decisions, its newest round that can be gone on from, the checkpoints
   * of that; does nothing where this run has recorded rounds.
   */
  adoptRounds(input: {
    readonly storage: RunFolder;
    readonly from: RunFolder;
    readonly subPopulations: number;
    readonly rounds: number;
  }): Promise<{ readonly round: number }>;
  /** Never returns: fails, not retryable, once the root or a child of its was reset to where it cannot go on from. */
  watchForInvalidResets(input: { readonly workflowId: string; readonly generation: string }): Promise<never>;
  clearLeftovers(input: {
    readonly workflowIds: readonly string[];
    readonly generation: string;
  }): Promise<{ readonly terminated: readonly string[] }>;
  /** Newest round whose state files are all there; 0: none. */
  findLatestRound(input: { readonly storage: RunFolder; readonly subPopulations: number }): Promise<number>;
  saveRound(input: SaveRoundRequest): Promise<void>;
  /**
   * One part of at most 500 kB of a stored state's JSON text; waits (retrying) for a neighbour's that is not there yet.
   */
  loadRound(input: LoadRoundRequest): Promise<{ readonly text: string; readonly parts: number }>;
  collectCheckpoints(input: {
    readonly storage: RunFolder;
    readonly subPopulations: number;
    readonly keepRounds: number;
    readonly finished: boolean;
  }): Promise<{ readonly deleted: number }>;
  writeResult(input: WriteResultRequest): Promise<ResultSummary>;
  /**
   * Writes the history of every execution of the run to `histories/`; `forgotten` are those whose retention is over.
   */
  exportHistories(input: {
    readonly storage: RunFolder;
    readonly workflowId: string;
  }): Promise<{ readonly histories: number; readonly sizeBytes: number; readonly forgotten: number }>;
  /** Says what a run left in its bucket; deletes it where that is confirmed. */
  deleteRun(request: DeletionRequest): Promise<Deletion>;
}
