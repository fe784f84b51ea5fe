/**
 * Step 4 of a round: judging. Pure functions from states to events.
 */
import { judge } from '../algorithm/index.ts';
import type { Curve, Verdict } from '../algorithm/index.ts';
import type { Specification } from '../../activities/specification/specification.ts';
import type { JudgedEvaluation, Promotion, RoundEvent } from './events.ts';
import { evaluatorName } from './names.ts';
import { applyEvents } from './reducer.ts';
import { smoothed } from './smoothed-curve.ts';
import type { EvaluationState, MemberState, PopulationState, ScoreCurve } from './state.ts';

/**
 * Step 4: judges every busy evaluator in slot order, on the curves of `below` after its step 3 and after the promotions
 * made before in this pass. Returns the event, the promotions into P(i−1), and the state of P(i−1) after them.
 */
export function judgeEvaluators(
  specification: Specification,
  state: PopulationState,
  below: PopulationState,
): {
  readonly event: Extract<RoundEvent, { kind: 'judged' }>;
  readonly promotions: readonly Promotion[];
  readonly below: PopulationState;
} {
  const { childReplaced, promotes } = specification.evaluation;
  const evaluations: JudgedEvaluation[] = [];
  const promotions: Promotion[] = [];
  const childCurves: (Curve | 'diverged' | undefined)[] = [];
  let neighbour = below;

  for (const [slot, evaluation] of state.evaluations.entries()) {
    const assigned = evaluation === null ? undefined : neighbour.members[evaluation.child];
    if (evaluation === null || assigned === undefined) continue;
    const { parent } = evaluation;
    const evaluator = smoothed(evaluation.curve, specification);
    const evaluationSteps = state.step - evaluation.assignedAtStep;
    const judgedAgainst = (child: number): JudgedEvaluation => ({
      slot,
      parent,
      child,
      evaluationSteps,
      verdict: judge({
        ...specification.evaluation,
        evaluator,
        child: (childCurves[child] ??= smoothed(neighbour.members[child]?.curve ?? NO_CURVE, specification)),
        evaluationSteps,
        childExploited: neighbour.members[child]?.justExplored ?? false,
        childPromotedThisPass: promotions.some((one) => one.member === child),
        parentExploited: state.members[parent]?.justExplored ?? false,
      }),
    });
    const follows = childReplaced === 'follow' && assigned.justExplored;
    let judged = judgedAgainst(follows ? (assigned.copiedFrom ?? evaluation.child) : evaluation.child);
    const others = succeeded(judged.verdict) ? [] : othersToBeat(specification, neighbour, judged.child, promotions);
    for (const other of others) {
      const alternative = judgedAgainst(other);
      if (!succeeded(alternative.verdict)) continue;
      judged = alternative;
      break;
    }
    evaluations.push(judged);
    if (succeeded(judged.verdict) && promotes) {
      const promotion = promotionOf(evaluation, judged.child, evaluatorName(state.subPopulation, slot));
      promotions.push(promotion);
      neighbour = applyEvents(neighbour, [{ kind: 'promoted', promotions: [promotion] }]);
      childCurves[judged.child] = undefined;
    }
  }
  return { event: { kind: 'judged', evaluations }, promotions, below: neighbour };
}

const NO_CURVE: ScoreCurve = { sinceStep: 0, scores: [] };

function promotionOf(
  { parent, checkpoint, curve, history }: EvaluationState,
  member: number,
  evaluator: string,
): Promotion {
  return { evaluator, parent, member, checkpoint, curve, history };
}

function succeeded({ outcome }: Verdict): boolean {
  return outcome === 'success';
}

/**
 * Returns the members of P(i−1), other than the child, that an evaluator may succeed against if the specification
 * allows it. The fittest comes first. Members that were promoted in this pass are excluded.
 */
function othersToBeat(
  { evaluation: { against } }: Specification,
  below: PopulationState,
  child: number,
  promotions: readonly Promotion[],
): number[] {
  if (against !== 'anyone') return [];
  const candidates = below.members.flatMap((member, index) =>
    index === child || member.stopped || promotions.some((one) => one.member === index) ? [] : [{ index, member }],
  );
  const fitnessOf = ({ fitness }: MemberState): number => fitness ?? -Infinity;
  return candidates
    .sort((a, b) =>
      fitnessOf(b.member) === fitnessOf(a.member) ? a.index - b.index : fitnessOf(b.member) - fitnessOf(a.member),
    )
    .map(({ index }) => index);
}
