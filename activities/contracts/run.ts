/**
 * The light activities of a run: its plan, the records of its rounds, its result. They run on orchestrators.
 */
import type { RoundEvent } from '../../workflows/population/events.ts';
import type { RunFolder } from './checkpoint.ts';
import type { ResultSummary, RetracedRun, WriteResultRequest } from './result.ts';
import type { AnsweredRequest, DescribeRequest, TaskDescription } from './task.ts';
import type { Specification } from '../specification/specification.ts';

/** What a run will do and cost, known before it starts. */
export interface RunPlan {
  /**
   * Run id of the planned root. A reset gives the root a new run id, and messages of the old one are dropped. It is
   * recorded here, because a history that was exported after a reset replays under its original run id.
   */
  readonly generation: string;
  /** Validated, with defaults filled in. */
  readonly specification: Specification;
  readonly storage: RunFolder;
  /** The folder of the earlier run that it continues. */
  readonly from?: RunFolder;
  /** Present if it trains the schedule of another run again. */
  readonly retraced?: RetracedRun;
  /** What people call the task and its score. */
  readonly task: Pick<TaskDescription, 'label' | 'score'>;
  readonly costs: PlannedCosts;
  /** Maximal number of rounds to which it can be extended. */
  readonly maxRounds: number;
  /** Recorded specifications that were not used, as `key: reason`. */
  readonly refused: readonly string[];
  /** What the run will not do because its credentials lack a right. */
  readonly warnings: readonly string[];
}

/** What trainers are to be asked about a task. */
export interface TaskQuestion {
  readonly request: DescribeRequest;
  /** Task queue of the trainers as the specification names it; null: the usual one. */
  readonly trainers: string | null;
}

export interface RunCosts {
  readonly members: number;
  readonly evaluators: number;
  readonly rounds: number;
  /** Upper bound of the steps of all workers together: every evaluator is always busy. */
  readonly workerSteps: number;
  readonly trainActivities: number;
  /** Estimate for one checkpoint; absent if the task cannot tell beforehand. */
  readonly checkpointBytes?: number;
  /**
   * Upper bound of the checkpoints kept at any time. Partial checkpoints are not counted: about two per worker, in
   * rounds that last longer than a minute.
   */
  readonly checkpointsKept: number;
  readonly storedBytes?: number;
}

export interface PlannedCosts extends RunCosts {
  /** Upper bounds of histories and messages. */
  readonly histories: HistoryCosts;
}

/** The largest of a run's demands on Temporal (history-budget.ts). */
export interface HistoryCosts {
  /** Of the root, which never continues as new. */
  readonly rootEvents: number;
  readonly rootBytes: number;
  /** Of one round of the sub-population that needs the most. */
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
  /** All events of the round, in order. */
  readonly events: readonly RoundEvent[];
  /** Wall-clock seconds of trainers in this round. It is a cost, and no decision depends on it. */
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

export interface DeletionRequest {
  /** The run's folder in its bucket: `<workflow id>/<first run id>`. */
  readonly run: string;
  /** Default: fire-pbt. */
  readonly bucket?: string;
  /** Default: false, which deletes nothing. */
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
  /** The next step, for people. */
  readonly next: string;
}

/** Where a report is, and how long. */
export interface WrittenReport {
  readonly key: string;
  readonly sizeBytes: number;
}

/** The activities of runs. Comparisons have their own contract (comparison.ts). */
export interface RunActivities {
  /** Returns what trainers are to be asked about the run's task; null: the input says too little to ask. */
  findQuestion(input: {
    readonly specification: unknown;
    readonly workflowId: string;
    readonly firstExecutionRunId: string;
  }): Promise<TaskQuestion | null>;
  planRun(input: {
    readonly specification: unknown;
    readonly workflowId: string;
    readonly firstExecutionRunId: string;
    /** What trainers answered about the task; null: they were not asked. */
    readonly answered: AnsweredRequest | null;
  }): Promise<RunPlan>;
  /** Says how long ago a trainer last asked for work on a task queue; null: none has, for minutes at least. */
  findTrainers(input: { readonly taskQueue: string }): Promise<{ readonly secondsSincePoll: number | null }>;
  /**
   * Copies the rounds of an earlier run: its decisions, the newest state to resume from, and the checkpoints of that
   * state. Does nothing if this run has recorded rounds.
   */
  adoptRounds(input: {
    readonly storage: RunFolder;
    readonly from: RunFolder;
    readonly subPopulations: number;
    readonly rounds: number;
    /** Run id of the root. */
    readonly generation: string;
  }): Promise<LatestRound>;
  /** Never returns. Fails, not retryable, when the root or a child was reset in a way that cannot work. */
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
    /** Number of expired objects that the store refuses to delete. */
    readonly undeleted: number;
    /** Why more was kept than necessary, one message each. */
    readonly warnings: readonly string[];
  }>;
  writeResult(input: WriteResultRequest): Promise<ResultSummary>;
  /** Writes the report of a run, an HTML file, beside its result. */
  writeRunReport(input: { readonly storage: RunFolder }): Promise<WrittenReport>;
  /** Writes the history of each execution of the run to `histories/`. The retention of `forgotten` ones is over. */
  exportHistories(input: {
    readonly storage: RunFolder;
    readonly workflowId: string;
  }): Promise<{ readonly histories: number; readonly sizeBytes: number; readonly forgotten: number }>;
  /** Lists the objects of a run. Deletes them if the request confirms that. */
  deleteRun(request: DeletionRequest): Promise<Deletion>;
}
