/**
 * Evaluations that do not end by their own verdict, but because of the operator, a promotion, or a change of parent or
 * child.
 */
import type { Specification } from '../../activities/specification/specification.ts';
import type { Command, EndedEvaluation, EndReason, Promotion, RoundEvent } from './events.ts';
import type { EvaluationState, PopulationState } from './state.ts';

/**
 * Ends the evaluations whose child was stopped, or had its hyperparameters set by hand, in this round. The member that
 * they compare with no longer exists in that form.
 */
export function endForChildren(
  { stepsPerRound }: Specification,
  state: PopulationState,
  below: PopulationState,
): readonly RoundEvent[] {
  return endWhere(state, ({ child }) => {
    const member = below.members[child];
    if (member?.stopped) return 'child-stopped';
    return member?.setByHandAtStep === state.step - stepsPerRound ? 'child-set-by-hand' : undefined;
  });
}

/**
 * Applies a command of the operator, and ends the evaluations that it invalidates. Ignores a command that was already
 * applied.
 */
export function followCommand(state: PopulationState, id: string, command: Command): readonly RoundEvent[] {
  if (state.followed.includes(id)) return [];
  const ended = endWhere(state, ({ parent }, slot) => {
    switch (command.kind) {
      case 'stop-members':
        return command.members.includes(parent) ? 'parent-stopped' : undefined;
      case 'set-hyperparameters':
        return command.member === parent ? 'parent-set-by-hand' : undefined;
      case 'stop-evaluation':
        return command.slot === slot ? 'stopped-by-hand' : undefined;
      default:
        return command satisfies never;
    }
  });
  return [{ kind: 'commanded', id, command }, ...ended];
}

/** Ends the evaluations for which there is a reason, in slot order. */
export function endWhere(
  state: PopulationState,
  reasonFor: (evaluation: EvaluationState, slot: number) => EndReason | undefined,
): readonly RoundEvent[] {
  const ended = state.evaluations.flatMap((evaluation, slot): EndedEvaluation[] => {
    const reason = evaluation === null ? undefined : reasonFor(evaluation, slot);
    return evaluation === null || reason === undefined
      ? []
      : [{ slot, parent: evaluation.parent, child: evaluation.child, reason }];
  });
  return ended.length > 0 ? [{ kind: 'evaluations-ended', ended }] : [];
}

/**
 * Applies promotions to the sub-population that receives them, and ends its own evaluations whose parent was
 * overwritten.
 */
export function receivePromotions(state: PopulationState, promotions: readonly Promotion[]): readonly RoundEvent[] {
  if (promotions.length === 0) return [];
  const overwritten = endWhere(state, ({ parent }) =>
    promotions.some((one) => one.member === parent) ? 'parent-promoted' : undefined,
  );
  return [{ kind: 'promoted', promotions }, ...overwritten];
}
