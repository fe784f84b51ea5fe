/**
 * Words for verdicts: what a reason means, what the numbers of a comparison say, and why an evaluation ended.
 */
import { NEVER_PASSES } from '../algorithm/binomial-test.ts';
import type { Verdict } from '../algorithm/verdict.ts';
import type { EndReason } from './events.ts';
import { shortNumber } from './figures.ts';

/** Why an evaluation ended; 'unfinished': it had not ended when the run did. */
export type EvaluationEnd = Verdict['reason'] | EndReason | 'unfinished';

/** A reason in a few words, and a sentence that defines it. */
export interface ReasonText {
  readonly label: string;
  readonly meaning: string;
}

/** Returns all reasons with their texts, in the order in which a glossary lists them. */
export const REASON_TEXTS: Readonly<Record<EvaluationEnd, ReasonText>> = {
  success: {
    label: 'promoted',
    meaning:
      'From similar scores the evaluator improved more than its child, by more than luck explains. The child takes ' +
      "over the evaluator's weights.",
  },
  'binomial-test': {
    label: 'no better than its child',
    meaning:
      'From similar scores the evaluator was not higher than its child often enough. The test gets stricter with ' +
      'every round of the evaluation.',
  },
  'no-overlap': {
    label: 'nothing to compare in time',
    meaning: 'After `maxEvalSteps` the curves of evaluator and child still had no scores in common.',
  },
  'fixed-length': {
    label: 'no better at the end',
    meaning:
      'Only without the binomial test (an ablation): after `maxEvalSteps` the best score was not above the child.',
  },
  'child-exploited': {
    label: 'child replaced',
    meaning:
      'The child copied a better member of its sub-population, so it is no longer what the evaluator started against.',
  },
  'child-promoted': {
    label: 'child promoted by another',
    meaning: 'Another evaluator promoted its weights into the same child in the same round.',
  },
  'parent-exploited': {
    label: 'parent replaced',
    meaning: 'The parent was among the worst of its sub-population and copied a better member.',
  },
  'parent-promoted': {
    label: 'parent promoted',
    meaning: "The sub-population above promoted weights into the parent, so the evaluator's weights are outdated.",
  },
  diverged: { label: 'evaluator diverged', meaning: "The evaluator's score became infinite or undefined." },
  'child-diverged': {
    label: 'child diverged',
    meaning: "The child's score became infinite or undefined, and nothing has replaced the child yet.",
  },
  'training-failed': { label: 'training failed', meaning: 'The evaluator could not be trained.' },
  'stopped-by-hand': { label: 'stopped by the operator', meaning: 'The operator ended the evaluation.' },
  'parent-stopped': { label: 'parent stopped by the operator', meaning: 'The operator stopped the parent.' },
  'child-stopped': { label: 'child stopped by the operator', meaning: 'The operator stopped the child.' },
  'parent-set-by-hand': {
    label: 'parent changed by the operator',
    meaning: 'The operator set the hyperparameters of the parent.',
  },
  'child-set-by-hand': {
    label: 'child changed by the operator',
    meaning: 'The operator set the hyperparameters of the child.',
  },
  undecided: { label: 'goes on', meaning: 'No rule applied: the evaluator trains another round.' },
  unfinished: { label: 'unfinished', meaning: 'The evaluation had not ended in the last recorded round.' },
};

/** Returns what the numbers of a verdict say: `no overlap: evaluator entirely below its child`. */
export function describeComparison({ overlap, gap, p, threshold }: Verdict): string {
  if (gap === null || p === null) return 'nothing to compare';
  if (overlap === null) {
    if (p === NEVER_PASSES) return 'no overlap: evaluator entirely below its child';
    if (p > 0) return 'no overlap';
    const shifted = gap > 0 ? `, best score ${shortNumber(gap)} higher from the same level` : '';
    return `no overlap: evaluator entirely above its child${shifted}`;
  }
  const limit = threshold === null ? '' : `, stops above ${describeLimit(threshold)}`;
  const pairs = overlap.length === 1 ? '1 pair' : `${overlap.length} pairs`;
  return `${pairs} of scores from the same level, best one ${describeGap(gap)}, ${describeP(p)}${limit}`;
}

/** The workers of an evaluation, by name. */
export interface EvaluationNames {
  readonly parent: string;
  readonly child: string;
}

/** Returns a sentence or two that say why an evaluation ended; `verdict` is its last one, null: there is none. */
export function explainEnd(
  reason: EvaluationEnd,
  verdict: Verdict | null,
  { parent, child }: EvaluationNames,
  { significance }: { readonly significance: number },
): string {
  const p = verdict?.p ?? null;
  const gap = verdict?.gap ?? null;
  const pairs = verdict?.overlap?.length ?? 0;
  switch (reason) {
    case 'success': {
      const better = describeGap(gap ?? 0);
      return verdict?.overlap
        ? `Compared from the same score on, over ${pairs} measurements, the evaluator got ${better} than ` +
            `${child} (${describeP(p ?? 0)}, below ${shortNumber(significance)}). ${child} takes over its weights.`
        : `The evaluator is entirely above ${child}; from the same level, its best score is ${better}. ` +
            `${child} takes over its weights.`;
    }
    case 'binomial-test':
      return (
        `Compared from the same score on, over ${pairs} measurements, the evaluator was not above ${child} often ` +
        `enough (${describeP(p ?? 1)}, more than the ${describeLimit(verdict?.threshold ?? 1)} allowed by now). Its ` +
        `best score was ${describeGap(gap ?? 0)}.`
      );
    case 'no-overlap':
      return `The time was over and the curves had no score in common: ${sideOf(p)} ${child}.`;
    case 'child-exploited':
      return `${child} copied a better member in this round. It is no longer what the evaluator was compared with.`;
    case 'parent-exploited':
      return (
        `${parent}, whose weights the evaluator trains, was among the worst of its sub-population and copied a ` +
        `better member. Until then: ${verdict ? describeComparison(verdict) : 'nothing to compare'}.`
      );
    case 'child-promoted':
      return `Another evaluator promoted its weights into ${child} just before, in the same round.`;
    default:
      return REASON_TEXTS[reason].meaning;
  }
}

function sideOf(p: number | null): string {
  if (p === NEVER_PASSES) return 'the evaluator stayed entirely below';
  return p === 0 ? 'the evaluator stayed entirely above' : 'the evaluator never passed through the scores of';
}

function describeGap(gap: number): string {
  if (gap === 0) return 'exactly as high';
  return `${shortNumber(Number(Math.abs(gap).toPrecision(2)))} ${gap > 0 ? 'higher' : 'lower'}`;
}

/** Formats a p-value with the digits that matter: `p = 0.87`, `p = 0.0031`, `p < 0.0001`, `p > 0.999`. */
export function describeP(p: number): string {
  if (p > 0 && p < 0.0001) return 'p < 0.0001';
  if (p > 0.999 && p < 1) return 'p > 0.999';
  return `p = ${Number(p.toPrecision(p > 0.99 ? 3 : 2))}`;
}

/** Formats the p-value above which an evaluator stops. */
function describeLimit(threshold: number): string {
  return String(Number(Math.min(threshold, 1).toPrecision(2)));
}
