/**
 * Every message of a run, defined once.
 *
 * Between workflows there are only signals (Temporal has no update from workflow to workflow). Each carries the generation of the run it belongs to
 * (the root's run id: a run that was reset has a new one) and its round; what is of another generation or of an earlier round is dropped,
 * what is of the next round waits in the inbox. People read a run through queries.
 */
import { defineQuery, defineSignal } from '@temporalio/workflow';
import type { Score } from './algorithm/curve.ts';
import type { HyperparameterValues } from './algorithm/hyperparameters.ts';
import type { Verdict } from './algorithm/verdict.ts';
import type { JudgedEvaluation, MemberState, Promotion, RoundEvent } from './population-state.ts';
import type { ComparisonRow } from './compare.ts';
import type { RunPlan } from '../activities/orchestration-contract.ts';
import type { TrainRequest } from '../activities/train-contract.ts';
import type { CheckpointReference } from '../activities/checkpoints/reference.ts';

/** What every message between the workflows of a run carries. */
export interface MessageKey {
  readonly generation: string;
  readonly round: number;
  /** Name of the sending workflow within the run, such as `P2` or `P2/evaluator-3`. */
  readonly sender: string;
}

/** Root → sub-populations: everybody exists, start. */
export const beginSignal = defineSignal<[MessageKey]>('begin');

/** What happened in P(i−1) in this round up to step 3, for Pi to judge against. */
export interface NeighbourNews extends MessageKey {
  readonly events: readonly RoundEvent[];
}

/** P(i−1) → Pi, once a round. */
export const neighbourNewsSignal = defineSignal<[NeighbourNews]>('neighbourNews');

/** Everything that Pi's evaluators earned for P(i−1) in this round; mostly empty. */
export interface PromotionBatch extends MessageKey {
  readonly promotions: readonly Promotion[];
  /** Newest known summaries of Pi and those above it, so that the root's progress shows the whole run. */
  readonly summaries: readonly SubPopulationSummary[];
}

/** Pi → P(i−1), once a round. */
export const promotionsSignal = defineSignal<[PromotionBatch]>('promotions');

/** Pi → evaluator: the verdict on the last round, if one was being judged, and what to train in this one, if anything. */
export interface Instruction extends MessageKey {
  readonly judged: JudgedEvaluation | null;
  readonly train: { readonly parent: number; readonly child: number; readonly evaluationSteps: number; readonly request: TrainRequest } | null;
}

export const instructSignal = defineSignal<[Instruction]>('instruct');

/** Evaluator → Pi: what a round of training gave. */
export interface EvaluatorReport extends MessageKey {
  readonly slot: number;
  readonly checkpoint: CheckpointReference;
  readonly scores: readonly Score[];
  readonly trainerSeconds: number;
}

export const evaluatorReportSignal = defineSignal<[EvaluatorReport]>('evaluatorReport');

/** P1 → root, once a round, after the round is recorded. */
export interface RoundCompleted extends MessageKey {
  /** P1's own first, then what is known of the others (P3 and above: of the round before). */
  readonly summaries: readonly SubPopulationSummary[];
}

export const roundCompletedSignal = defineSignal<[RoundCompleted]>('roundCompleted');

/** Sub-population → root: it holds, and why; null: it goes on. */
export interface HoldNotice extends MessageKey {
  readonly subPopulation: number;
  readonly reason: string | null;
}

export const holdSignal = defineSignal<[HoldNotice]>('hold');

/** Pi → evaluator: the run is over. */
export const finishSignal = defineSignal<[MessageKey]>('finish');

/** One sub-population at the end of a round. */
export interface SubPopulationSummary {
  readonly subPopulation: number;
  readonly round: number;
  readonly members: number;
  readonly evaluators: number;
  readonly evaluatorsBusy: number;
  /** Received from the sub-population above. */
  readonly promotions: number;
  /** Ends of its evaluations so far, by reason. */
  readonly verdicts: Readonly<Record<string, number>>;
  readonly bestScore: number | null;
  /** Over its members: the range of a number, the choices in use of a category. */
  readonly hyperparameters: Readonly<Record<string, { readonly min: number; readonly max: number } | readonly string[]>>;
}

export interface RunProgress {
  readonly status: 'planning' | 'running' | 'holding' | 'finishing' | 'finished';
  /** Completed rounds. */
  readonly round: number;
  readonly rounds: number;
  readonly plan: RunPlan | null;
  readonly bestScore: number | null;
  readonly subPopulations: readonly SubPopulationSummary[];
  /** Why sub-populations hold, one text each. */
  readonly holds: readonly string[];
}

export const progressQuery = defineQuery<RunProgress>('progress');

export const membersQuery = defineQuery<readonly MemberState[]>('members');

/** One evaluator slot as its sub-population sees it. */
export interface EvaluatorView {
  readonly slot: number;
  readonly evaluation: {
    readonly parent: number;
    readonly child: number;
    readonly assignedAtStep: number;
    readonly hyperparameters: HyperparameterValues;
    readonly scores: readonly Score[];
  } | null;
  readonly lastVerdict: (Verdict & { readonly parent: number; readonly child: number; readonly evaluationSteps: number }) | null;
}

export const evaluatorsQuery = defineQuery<readonly EvaluatorView[]>('evaluators');

/** How far a comparison is. */
export interface ComparisonProgress {
  readonly runs: number;
  readonly rows: readonly ComparisonRow[];
}

export const comparisonQuery = defineQuery<ComparisonProgress>('comparison');

export const MESSAGE_DESCRIPTIONS = {
  begin: 'Internal: sent by the root once every workflow of the run exists.',
  neighbourNews: 'Internal: what happened this round in the sub-population below.',
  promotions: 'Internal: what the evaluators of the sub-population above earned this round.',
  instruct: 'Internal: what this evaluator trains this round, and the verdict on the last.',
  evaluatorReport: 'Internal: an evaluator finished its round of training.',
  roundCompleted: 'Internal: P1 recorded a round.',
  hold: 'Internal: a sub-population holds, or goes on.',
  finish: 'Internal: the run is over.',
  progress: 'Round, best score and every sub-population in brief.',
  members: 'Every member: newest checkpoint, hyperparameters, curve since the last exploit, whole schedule.',
  evaluators: 'Every evaluator slot: what it evaluates, its curve, its last verdict with its numbers.',
  comparison: 'Runs done, and what each reached.',
} as const;

/** Tells whether a payload belongs to this generation of the run and can be handled at all; a wrong one is dropped, never thrown upon. */
export function belongsTo(generation: string, message: unknown): message is MessageKey {
  if (typeof message !== 'object' || message === null) return false;
  const { generation: theirs, round } = message as Partial<MessageKey>;
  return theirs === generation && Number.isInteger(round);
}
