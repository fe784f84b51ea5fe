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
  /** Recorded specifications that were not used, as `key: reason`. */
  readonly refused: readonly string[];
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

/** A recorded round as a workflow carries it. What is read back must have this digest. */
export interface RoundReference {
  readonly round: number;
  readonly subPopulation: number;
  /** Of the round's decisions, which name the digests of the record before and of the state after. */
  readonly sha256: string;
}

/** The newest round that a run can resume from. */
export interface LatestRound {
  /** 0: none. */
  readonly round: number;
  /** The records of the round, P1's first; empty if there is no such round. */
  readonly records: readonly RoundReference[];
  /** Newer records that do not fit, as `key: reason`. */
  readonly refused: readonly string[];
}

export interface SaveRoundRequest {
  readonly storage: RunFolder;
  /** Run id of the root. */
  readonly generation: string;
  /** The round before; null in round 1. */
  readonly previous: RoundReference | null;
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
  /** The record of the round; null: the caller does not know it, and it may not be there yet. */
  readonly reference: RoundReference | null;
}

/** A part of a stored state's JSON text, of at most 500 kB. */
export interface LoadedPart {
  readonly text: string;
  readonly parts: number;
  /** The record that the state is of. */
  readonly reference: RoundReference;
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
    /** Run id of the root. */
    readonly generation: string;
  }): Promise<LatestRound>;
  /** Never returns: fails, not retryable, once the root or a child of its was reset to where it cannot go on from. */
  watchForInvalidResets(input: { readonly workflowId: string; readonly generation: string }): Promise<never>;
  clearLeftovers(input: {
    readonly workflowIds: readonly string[];
    readonly generation: string;
  }): Promise<{ readonly terminated: readonly string[] }>;
  /** Finds the newest round whose records fit. */
  findLatestRound(input: { readonly storage: RunFolder; readonly subPopulations: number }): Promise<LatestRound>;
  /** Moves the records of later rounds out of the way: those rounds are repeated. */
  setAsideRounds(input: {
    readonly storage: RunFolder;
    readonly round: number;
    /** Run id of the root. */
    readonly generation: string;
  }): Promise<void>;
  saveRound(input: SaveRoundRequest): Promise<RoundReference>;
  /** Loads a part of a stored state. Waits, by retrying, for a record that the caller does not know. */
  loadRound(input: LoadRoundRequest): Promise<LoadedPart>;
  collectCheckpoints(input: {
    readonly storage: RunFolder;
    readonly subPopulations: number;
    readonly keepRounds: number;
    readonly finished: boolean;
  }): Promise<{
    readonly deleted: number;
    /** Why more was kept than necessary, one message each. */
    readonly warnings: readonly string[];
  }>;
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
