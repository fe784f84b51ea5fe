/**
 * The contract of comparisons: their input and plan, the rows and the summary of their tables, their activities.
 */
import type { Score } from '../../workflows/algorithm/curve.ts';
import type { RunFolder } from './checkpoint.ts';
import type { ResultSummary } from './run.ts';
import type { Specification } from '../specification/specification.ts';

/** What came of training once more, alone and with another seed, along the schedule that a run found. */
export interface Retrace extends RunFolder {
  readonly seed: number;
  readonly testScore: Score;
  readonly objective: Score;
  /** The run's test score less the retrace's; null where one of them diverged. */
  readonly gap: number | null;
}

export interface ComparisonRun extends RunFolder {
  readonly arm: string;
  readonly seed: number;
  readonly algorithm: ResultSummary['algorithm'];
  readonly task: Specification['task'];
  readonly workers: { readonly members: number; readonly evaluators: number };
  /** Of every member. */
  readonly steps: number;
  readonly workflowId: string;
  readonly resultKey: string;
  readonly objective: Score;
  readonly testScore: Score;
  readonly untouchedScore?: Score;
  /** Promotions received, by sub-population, P1 first. */
  readonly promotions: readonly number[];
  /** Ends of evaluations, by reason. */
  readonly verdicts: Readonly<Record<string, number>>;
  readonly decisionsSha256: string;
  readonly checkpointSha256: string;
  /** The winner's. */
  readonly schedule: ResultSummary['schedule'];
  readonly curve: RunCurve;
  readonly costs: TrainingCosts;
  readonly retrace?: Retrace;
}

/** A run in brief, as a comparison's workflow carries and tells it. */
export type ComparisonRow = Omit<
  ComparisonRun,
  'task' | 'workers' | 'untouchedScore' | 'verdicts' | 'schedule' | 'curve' | 'costs'
>;

export interface TrainingCosts {
  /** Trained by all members together. */
  readonly memberSteps: number;
  readonly evaluatorSteps: number;
  /** Wall-clock seconds of all trainers: the one number here that no two runs share. */
  readonly trainerSeconds: number;
  /** Each training writes one, and reads the one it goes on from, where there is one. */
  readonly checkpoints: {
    readonly written: number;
    readonly writtenBytes: number;
    readonly read: number;
    readonly readBytes: number;
  };
  /** Evaluations by how they ended, in alphabetical order: 'unfinished' is what the end of the run cut off. */
  readonly evaluations: Readonly<Record<string, EvaluationCosts>>;
  /**
   * Of all evaluator steps those of evaluations that ended otherwise than with success; 'unfinished' ones are not among
   * them. Null: no evaluator trained.
   */
  readonly thrownAwayShare: number | null;
  /** Promotions received, by sub-population, P1 first. */
  readonly promotions: readonly number[];
}

export interface EvaluationCosts {
  readonly count: number;
  readonly steps: number;
  /**
   * Of these, how many did not overlap with their child when they were last judged: nothing to compare. A child that
   * was just exploited has no curve to overlap with.
   */
  readonly neverMet: number;
}

/** Score against steps: entry k is of round k + 1. */
export interface RunCurve {
  /** Trained so far by all workers of the run together. */
  readonly workerSteps: readonly number[];
  /** Best newest score in P1 at the end of the round; null: nobody has a finite one. */
  readonly bestScores: readonly (number | null)[];
}

export interface Interval {
  readonly low: number;
  readonly high: number;
}

/** What the values of one arm come to; null numbers where there are too few. */
export interface Summary {
  readonly count: number;
  readonly mean: number;
  readonly median: number;
  /** Mean of the middle half: a quarter of the values' weight is left out at either end. */
  readonly interquartileMean: number;
  /** Of a sample (n − 1); null for one value. */
  readonly standardDeviation: number | null;
  /** 95 % bootstrap interval of the mean; null for one value. */
  readonly meanInterval: Interval | null;
}

/** What the paired differences of two arms come to. */
export interface PairedComparison {
  readonly pairs: number;
  readonly meanDifference: number;
  /**
   * Mean difference over the standard deviation of the differences (Cohen's d for pairs); null where that is 0 or
   * unknown.
   */
  readonly effectSize: number | null;
  /** 95 % bootstrap interval of the mean difference; null for one pair. */
  readonly interval: Interval | null;
  /** Two-sided, exact for up to 20 pairs. With n pairs it is never below 2 / 2ⁿ: five seeds reach 0.0625 at best. */
  readonly p: number;
}

/** Scores of an arm; diverged ones are counted and left out of the rest, which is null where none is left. */
export interface ScoreSummary {
  readonly diverged: number;
  readonly scores: Summary | null;
}

/**
 * Differences to the first arm at equal seeds; pairs of which one diverged are counted and left out of the rest, which
 * is null where none is left.
 */
export interface PairSummary {
  readonly diverged: number;
  readonly differences: PairedComparison | null;
}

export interface ArmSummary {
  readonly arm: string;
  readonly runs: number;
  readonly testScore: ScoreSummary;
  readonly objective: ScoreSummary;
  /** What finding the schedule gained over following it: of the runs that were retraced; absent where none was. */
  readonly retraceGap?: ScoreSummary;
  /** Of a run on average. */
  readonly costs: MeanCosts;
}

export interface MeanCosts {
  readonly memberSteps: number;
  readonly evaluatorSteps: number;
  readonly trainerSeconds: number;
  readonly checkpointsWritten: number;
  readonly checkpointBytesWritten: number;
  readonly checkpointBytesRead: number;
  /** Of the runs in which evaluators trained; null: in none. */
  readonly thrownAwayShare: number | null;
}

/** An arm less the first one. */
export interface ArmDifference {
  readonly arm: string;
  readonly against: string;
  readonly testScore: PairSummary;
  readonly objective: PairSummary;
}

export interface ComparisonSummary {
  readonly arms: readonly ArmSummary[];
  /** Without arms whose task is not the first one's: their scores mean something else. */
  readonly differences: readonly ArmDifference[];
}

export interface ComparisonInput {
  /**
   * Name of an arm → the specification of its runs; `seed` is set by the comparison. The first arm is the one that the
   * others are compared with.
   */
  readonly arms: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  /** Different from one another. */
  readonly seeds: readonly number[];
  /** Runs at once, at most; default 1. */
  readonly atOnce?: number;
  /** Whether the schedule that a run found is trained once more, alone and with another seed; default false. */
  readonly retrace?: boolean;
}

/** A comparison as it will be run. */
export interface ComparisonPlan extends Required<ComparisonInput> {
  /** Where its table will be: `<compare id>/` in the bucket of the first arm. */
  readonly location: RunFolder;
}

/** What the bucket has of a run: 'recorded' ones can be gone on from. */
export type FoundRun =
  | ({ readonly state: 'finished' } & RunFolder)
  | ({ readonly state: 'recorded'; readonly round: number } & RunFolder)
  | { readonly state: 'absent' };

export interface TabulateRequest {
  readonly location: RunFolder;
  /** The finished run to describe, and its retrace once that is finished too. */
  readonly run: { readonly arm: string; readonly seed: number; readonly retrace?: RunFolder } & RunFolder;
  /** Runs that the table is to have: this one and those described before it, in the table's order. */
  readonly done: readonly { readonly arm: string; readonly seed: number }[];
}

export interface Tabulated {
  readonly row: ComparisonRow;
  readonly summary: ComparisonSummary;
  /** Of the table. */
  readonly key: string;
}

/** The activities of comparisons. */
export interface ComparisonActivities {
  /** Validates a comparison's input and every arm's specification; fails, not retryable, with every error at once. */
  planComparison(input: { readonly input: unknown; readonly workflowId: string }): Promise<ComparisonPlan>;
  /**
   * Says what the bucket has of a comparison's run; terminates one of that id that an earlier generation of the
   * comparison left behind.
   */
  findRun(input: { readonly workflowId: string; readonly specification: unknown }): Promise<FoundRun>;
  /** The same of a retrace of the run in the folder. */
  findRetrace(input: {
    readonly workflowId: string;
    readonly run: RunFolder;
    readonly seed: number;
  }): Promise<FoundRun>;
  /** Describes a finished run, and writes the comparison's table as far as it has come. */
  tabulate(request: TabulateRequest): Promise<Tabulated>;
}
