/**
 * Verdict: step 4 of a round, for one busy evaluator.
 */
import { binomialTest } from './binomial-test.ts';
import type { Curve } from './curve.ts';
import { findOverlap } from './overlap.ts';
import type { Overlap } from './overlap.ts';
import { bestScoreDifference } from './score-gap.ts';

/** The inputs of a verdict. The curves are those after step 3 and after the promotions already made in this pass. */
export interface Evidence {
  readonly evaluator: Curve | 'diverged';
  readonly child: Curve | 'diverged';
  /** T: steps since the assignment, including this round. */
  readonly evaluationSteps: number;
  /** Steps after which an evaluation without overlap ends, and the test's threshold has fallen to `significance`. */
  readonly maxEvalSteps: number;
  /** Probability below which the binomial test passes: 0.01 in the paper. */
  readonly significance: number;
  /** 'fixed-length' (an ablation): no test; after `maxEvalSteps` the gap alone decides. */
  readonly stopping: 'binomial-test' | 'fixed-length';
  /** Whether `bestScoreDifference` shifts a curve that lies above the other; false is an ablation. */
  readonly shifts: boolean;
  readonly childExploited: boolean;
  readonly childPromotedThisPass: boolean;
  readonly parentExploited: boolean;
}

/** Reasons of a verdict: 'diverged' is the evaluator, 'child-diverged' a child that nothing has replaced. */
export const VERDICT_REASONS = [
  'child-exploited',
  'diverged',
  'child-diverged',
  'success',
  'no-overlap',
  'binomial-test',
  'fixed-length',
  'child-promoted',
  'parent-exploited',
  'undecided',
] as const;
export type VerdictReason = (typeof VERDICT_REASONS)[number];

/**
 * The decision, its reason and its numbers. The numbers are null if a curve diverged or has no points; `overlap` is
 * also null if there is none.
 */
export interface Verdict {
  /** 'success': the child is promoted. On 'success' and 'stop' the evaluator is idle again. */
  readonly outcome: 'success' | 'stop' | 'continue';
  readonly reason: VerdictReason;
  readonly overlap: Overlap | null;
  /** bestScoreDifference(evaluator, child). */
  readonly gap: number | null;
  /** binomialTest(evaluator, child). */
  readonly p: number | null;
  /** Above this p an overlapping evaluator stops: significance + max(0, 1 − T / maxEvalSteps). */
  readonly threshold: number | null;
}

/** Judges one evaluator against its child. The first rule that applies decides, in the order of the code. */
export function judge(evidence: Evidence): Verdict {
  const { evaluator, child, evaluationSteps, maxEvalSteps, significance, stopping, shifts } = evidence;
  const comparison = compare(evaluator, child, shifts);
  const threshold = significance + Math.max(0, 1 - evaluationSteps / maxEvalSteps);
  const verdict = (outcome: Verdict['outcome'], reason: VerdictReason): Verdict => ({
    outcome,
    reason,
    overlap: comparison?.overlap ?? null,
    gap: comparison?.gap ?? null,
    p: comparison?.p ?? null,
    threshold,
  });

  if (evidence.childExploited) return verdict('stop', 'child-exploited');
  if (evaluator === 'diverged') return verdict('stop', 'diverged');
  if (child === 'diverged') return verdict('stop', 'child-diverged');
  // Success comes before every rule that stops: the weights are good even if the child was promoted before, or the
  // parent exploited away.
  if (stopping === 'fixed-length') {
    if (evaluationSteps >= maxEvalSteps)
      return comparison && comparison.gap > 0 ? verdict('success', 'success') : verdict('stop', 'fixed-length');
  } else {
    if (comparison && comparison.gap > 0 && comparison.p < significance) return verdict('success', 'success');
    if (!comparison?.overlap && evaluationSteps >= maxEvalSteps) return verdict('stop', 'no-overlap');
    if (comparison?.overlap && comparison.p > threshold) return verdict('stop', 'binomial-test');
  }
  if (evidence.childPromotedThisPass) return verdict('stop', 'child-promoted');
  if (evidence.parentExploited) return verdict('stop', 'parent-exploited');
  return verdict('continue', 'undecided');
}

function compare(
  evaluator: Curve | 'diverged',
  child: Curve | 'diverged',
  shifts: boolean,
): { overlap: Overlap | undefined; gap: number; p: number } | undefined {
  if (evaluator === 'diverged' || child === 'diverged' || evaluator.raw.length === 0 || child.raw.length === 0)
    return undefined;
  return {
    overlap: findOverlap(evaluator.smoothed, child.smoothed),
    gap: bestScoreDifference(evaluator, child, shifts),
    p: binomialTest(evaluator, child),
  };
}
