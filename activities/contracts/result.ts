/**
 * The result of a run: what it is composed of, and the summary that the workflow returns.
 */
import type { Score } from '../../workflows/algorithm/curve.ts';
import type { Algorithm } from '../../workflows/population/names.ts';
import type { DecisionCode, HistorySegment, Standing } from '../../workflows/population/state.ts';
import type { WinnerRule } from '../../workflows/population/winner.ts';
import type { Specification } from '../specification/specification.ts';
import type { CheckpointReference, RunFolder } from './checkpoint.ts';
import type { ReportOutcome } from './training.ts';

/** The run whose schedule a retrace follows. */
export interface RetracedRun {
  /** Its folder, `<workflow id>/<first run id>`. */
  readonly folder: string;
  readonly seed: number;
  readonly objective: Score;
  readonly testScore: Score;
}

/** Who would have won under the other rule of the specification's `winner`, and what a trainer reports on it. */
export interface Other extends Pick<Standing, 'member' | 'score' | 'checkpoint'> {
  /** Null: no trainer could report on it. */
  readonly report: ReportOutcome | null;
}

export interface WriteResultRequest {
  readonly storage: RunFolder;
  readonly workflowId: string;
  readonly specification: Specification;
  readonly rounds: number;
  readonly winner: Standing;
  /** Null: the winner too, or nobody. */
  readonly other: Other | null;
  /** What the score is called. */
  readonly score: string;
  readonly report: ReportOutcome;
  /** Expired objects that the store refused to delete. */
  readonly undeleted: number;
  readonly retraced?: RetracedRun;
  /** Present if the run was stopped before its last round. */
  readonly stoppedEarly?: { readonly reason: string; readonly round: number };
}

/** Who would have won under `rule`. */
export interface OtherSummary {
  readonly rule: WinnerRule;
  readonly member: string;
  readonly objective: Score;
  /** Absent: no trainer could report on it. */
  readonly testScore?: Score;
  readonly untouchedScore?: Score;
  readonly checkpoint: CheckpointReference;
  readonly files: readonly string[];
}

/** What the workflow of a finished run returns. It is small, and names the file with everything. */
export interface ResultSummary {
  readonly workflowId: string;
  readonly algorithm: Algorithm;
  readonly seed: number;
  readonly rounds: number;
  readonly steps: number;
  readonly winner: { readonly member: string; readonly objective: Score; readonly checkpoint: CheckpointReference };
  /** Who would have won under the other rule; absent: the winner too, or nobody. */
  readonly other?: OtherSummary;
  /** What the score is called: `accuracy`. */
  readonly score: string;
  readonly testScore: Score;
  readonly untouchedScore?: Score;
  /**
   * Only of a retrace: the run that found the schedule, and its test score minus that of the retrace; null if one of
   * them diverged.
   */
  readonly retraced?: RetracedRun & { readonly gap: number | null };
  /** Promotions received, by sub-population, P1 first. */
  readonly promotions: readonly number[];
  /** Ends of evaluations in all sub-populations, by reason. */
  readonly verdicts: Readonly<Record<string, number>>;
  readonly schedule: readonly HistorySegment[];
  /**
   * SHA-256 of all decisions of all rounds, hexadecimal. It is equal for two runs that decided the same. Null: some
   * decisions are lost.
   */
  readonly decisionsSha256: string | null;
  /** Decisions of rounds that are lost, as `key: reason`. */
  readonly lost: readonly string[];
  /** The codes that decided its rounds: more than one if a worker with other code took the run over. */
  readonly decidedBy: readonly DecisionCode[];
  readonly storage: RunFolder;
  readonly resultKey: string;
  readonly files: readonly string[];
  /** Expired objects that the store refused to delete; in `result.json`, those before the last round. */
  readonly undeleted: number;
  readonly stoppedEarly?: { readonly reason: string; readonly round: number };
}
