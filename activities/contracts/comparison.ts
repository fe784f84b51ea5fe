/**
 * The contract of comparisons: their input and plan, the rows and the summary of their tables, and their activities.
 */
import type { Score } from '../../workflows/algorithm/curve.ts';
import type { RunFolder } from './checkpoint.ts';
import type { ResultSummary } from './result.ts';
import type { TaskQuestion, WrittenReport } from './run.ts';
import type { AnsweredRequest } from './task.ts';
import type { Specification } from '../specification/specification.ts';

/** The result of training the schedule that a run found again, alone and with another seed. */
export interface Retrace extends RunFolder {
  readonly seed: number;
  readonly testScore: Score;
  readonly objective: Score;
  /** Test score of the run minus that of the retrace; null if one of them diverged. */
  readonly gap: number | null;
}

export interface ComparisonRun extends RunFolder {
  readonly arm: string;
  readonly seed: number;
  readonly algorithm: ResultSummary['algorithm'];
  readonly task: Specification['task'];
  readonly workers: { readonly members: number; readonly evaluators: number };
  /** Steps per member. */
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
  readonly decisionsSha256: string | null;
  readonly checkpointSha256: string;
  /** The winner's. */
  readonly schedule: ResultSummary['schedule'];
  readonly curve: RunCurve;
  readonly costs: TrainingCosts;
  readonly retrace?: Retrace;
}

/** The summary of a run that a comparison's workflow carries and shows. */
export type ComparisonRow = Omit<
  ComparisonRun,
  'task' | 'workers' | 'untouchedScore' | 'verdicts' | 'schedule' | 'curve' | 'costs'
>;

export interface TrainingCosts {
  /** Steps of all members together. */
  readonly memberSteps: number;
  readonly evaluatorSteps: number;
  /** Wall-clock seconds of all trainers. This is the only number here that differs between equal runs. */
  readonly trainerSeconds: number;
  /** Each training writes one, and reads the one that it continues from, if there is one. */
  readonly checkpoints: {
    readonly written: number;
    readonly writtenBytes: number;
    readonly read: number;
    readonly readBytes: number;
  };
  /** Evaluations by the reason of their end, in alphabetical order. The end of the run left 'unfinished' ones. */
  readonly evaluations: Readonly<Record<string, EvaluationCosts>>;
  /**
   * Share of the evaluator steps that belong to evaluations without success. 'unfinished' evaluations do not count as
   * such. Null: no evaluator trained.
   */
  readonly thrownAwayShare: number | null;
  /** Promotions received, by sub-population, P1 first. */
  readonly promotions: readonly number[];
}

export interface EvaluationCosts {
  readonly count: number;
  readonly steps: number;
  /**
   * Number of evaluations that had no overlap with their child when they were last judged, so nothing to compare. A
   * child that was just exploited has no curve yet.
   */
  readonly neverMet: number;
}

/** Score against steps. Entry k belongs to round k + 1. */
export interface RunCurve {
  /** Steps so far of all workers of the run together. */
  readonly workerSteps: readonly number[];
  /** Best newest score in P1 at the end of the round; null: no member has a finite one. */
  readonly bestScores: readonly (number | null)[];
}

export interface Interval {
  readonly low: number;
  readonly high: number;
}

/** Statistics of the values of one arm. A number is null if there are too few values. */
export interface Summary {
  readonly count: number;
  readonly mean: number;
  readonly median: number;
  /** Mean of the middle half. A quarter of the weight is left out at each end. */
  readonly interquartileMean: number;
  /** Standard deviation of a sample (n − 1); null for one value. */
  readonly standardDeviation: number | null;
  /** 95 % bootstrap interval of the mean; null for one value. */
  readonly meanInterval: Interval | null;
}

/** Statistics of the paired differences of two arms. */
export interface PairedComparison {
  readonly pairs: number;
  readonly meanDifference: number;
  /**
   * Mean difference divided by the standard deviation of the differences (Cohen's d for pairs); null if that deviation
   * is 0 or unknown.
   */
  readonly effectSize: number | null;
  /** 95 % bootstrap interval of the mean difference; null for one pair. */
  readonly interval: Interval | null;
  /** Two-sided, exact for up to 20 pairs. With n pairs it is never below 2 / 2ⁿ: five seeds reach 0.0625 at best. */
  readonly p: number;
}

/** Scores of an arm. Diverged ones are counted, but excluded from `scores`, which is null if no score is left. */
export interface ScoreSummary {
  readonly diverged: number;
  readonly scores: Summary | null;
}

/**
 * Differences to the first arm at equal seeds. Pairs with a diverged run are counted, but excluded from `differences`,
 * which is null if no pair is left.
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
  /** Gaps between runs and their retraces; absent if no run was retraced. */
  readonly retraceGap?: ScoreSummary;
  /** Average of a run. */
  readonly costs: MeanCosts;
}

export interface MeanCosts {
  readonly memberSteps: number;
  readonly evaluatorSteps: number;
  readonly trainerSeconds: number;
  readonly checkpointsWritten: number;
  readonly checkpointBytesWritten: number;
  readonly checkpointBytesRead: number;
  /** Average of the runs with evaluators that trained; null: there is none. */
  readonly thrownAwayShare: number | null;
}

/** An arm minus the first arm. */
export interface ArmDifference {
  readonly arm: string;
  readonly against: string;
  readonly testScore: PairSummary;
  readonly objective: PairSummary;
}

export interface ComparisonSummary {
  readonly arms: readonly ArmSummary[];
  /** Without arms that have another task than the first arm, because their scores mean something else. */
  readonly differences: readonly ArmDifference[];
}

/** Format of a comparison's table. Its number rises with every change of the fields. */
export const COMPARISON_FORMAT = 'fire-pbt-comparison/1';

/** The table of a comparison as it lies in its bucket: `comparison.json`. */
export interface ComparisonTable {
  readonly format: typeof COMPARISON_FORMAT;
  /** With its defaults filled in, except in specifications. */
  readonly input: ComparisonInput;
  /** Finished runs, arm by arm in the order of the input, then seed by seed. */
  readonly runs: readonly ComparisonRun[];
  readonly summary: ComparisonSummary;
}

export interface ComparisonInput {
  /** Specifications by the name of the arm. The comparison sets `seed`. Other arms are compared with the first. */
  readonly arms: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  /** Different from one another. */
  readonly seeds: readonly number[];
  /** Maximal number of runs at the same time; default 1. */
  readonly atOnce?: number;
  /** Whether the schedule that a run found is trained again, alone and with another seed; default false. */
  readonly retrace?: boolean;
}

/** A comparison with its defaults filled in. */
export interface ComparisonPlan extends Required<ComparisonInput> {
  /** The folder of its table: `<compare id>/` in the bucket of the first arm. */
  readonly location: RunFolder;
}

/** What trainers are to be asked about the task of an arm. */
export interface ArmQuestion extends TaskQuestion {
  readonly arm: string;
}

/** State of a run in the bucket. A 'recorded' run is not finished; another run can continue it. */
export type FoundRun =
  | ({ readonly state: 'finished' } & RunFolder)
  | ({ readonly state: 'recorded'; readonly round: number } & RunFolder)
  | { readonly state: 'absent' };

export interface TabulateRequest {
  readonly location: RunFolder;
  /** The finished run to describe, and its retrace once that is finished too. */
  readonly run: { readonly arm: string; readonly seed: number; readonly retrace?: RunFolder } & RunFolder;
  /**
   * One character a run, arm by arm and then seed by seed as in the input: 1 if the run is in the table. These are this
   * one and those that were described before.
   */
  readonly done: string;
}

export interface Tabulated {
  readonly row: ComparisonRow;
  /** Key of the table. */
  readonly key: string;
}

/** The activities of comparisons. */
export interface ComparisonActivities {
  /** Returns what trainers are to be asked about the task of each arm; arms that say too little are left out. */
  findQuestions(input: { readonly input: unknown }): Promise<readonly ArmQuestion[]>;
  /** Validates the input and the specification of every arm. Fails, not retryable, with every error. */
  planComparison(input: {
    readonly input: unknown;
    readonly workflowId: string;
    /** What trainers answered about the arms' tasks. */
    readonly answered: readonly AnsweredRequest[];
  }): Promise<ComparisonPlan>;
  /** Looks up a run of the comparison in the bucket. Terminates a run that an earlier generation left behind. */
  findRun(input: {
    readonly workflowId: string;
    readonly specification: unknown;
    /** What trainers answered about its task; null: they were not asked. */
    readonly answered: AnsweredRequest | null;
  }): Promise<FoundRun>;
  /** Looks up a retrace of the run in the folder. */
  findRetrace(input: {
    readonly workflowId: string;
    readonly run: RunFolder;
    readonly seed: number;
  }): Promise<FoundRun>;
  /** Describes a finished run, and writes the table of the finished runs. */
  tabulate(request: TabulateRequest): Promise<Tabulated>;
  /** Returns the summary of the table. */
  summarise(input: { readonly location: RunFolder }): Promise<ComparisonSummary>;
  /** Writes the report of a comparison, an HTML file, beside its table. */
  writeComparisonReport(input: { readonly location: RunFolder }): Promise<WrittenReport>;
}
