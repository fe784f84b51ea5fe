/**
 * What others are told of a sub-population: the root in brief, its upper neighbour of its members, whoever asks of its evaluators.
 */
import type { EvaluatorView, SubPopulationSummary } from './messages.ts';
import type { JudgedEvaluation, PopulationState, RoundEvent } from './population-state.ts';
import { bestScoreOf } from './scores.ts';

/** A sub-population in brief, for the root's progress; `evaluatorsBusy` is how many evaluators trained this round. */
export function summarise(state: PopulationState, round: number, evaluatorsBusy: number): SubPopulationSummary {
  const hyperparameters: Record<string, { min: number; max: number } | string[]> = {};
  for (const name of Object.keys(state.members[0]?.hyperparameters ?? {}).sort()) {
    const values = state.members.flatMap((member) => member.hyperparameters[name] ?? []);
    const numbers = values.filter((value) => typeof value === 'number');
    hyperparameters[name] =
      numbers.length === values.length ? { min: Math.min(...numbers), max: Math.max(...numbers) } : [...new Set(values.map(String))].sort();
  }
  return {
    subPopulation: state.subPopulation,
    round,
    members: state.members.length,
    evaluators: state.evaluations.length,
    evaluatorsBusy,
    promotions: state.promotions,
    verdicts: state.verdicts,
    bestScore: bestScoreOf(state),
    hyperparameters,
  };
}

/** What P(i+1) needs of a round: what happened to the members. */
export function newsFor(events: readonly RoundEvent[]): RoundEvent[] {
  return events.flatMap((event): RoundEvent[] => {
    switch (event.kind) {
      case 'trained':
        return [{ ...event, evaluators: [] }];
      case 'exploited':
      case 'commanded':
        return [event];
      default:
        return [];
    }
  });
}

/** Every evaluator slot: what it evaluates, and the last verdict on it. */
export function viewEvaluators(state: PopulationState, judged: readonly JudgedEvaluation[]): EvaluatorView[] {
  return state.evaluations.map((evaluation, slot) => {
    const last = judged.find((one) => one.slot === slot);
    return {
      slot,
      evaluation: evaluation && {
        parent: evaluation.parent,
        child: evaluation.child,
        assignedAtStep: evaluation.assignedAtStep,
        hyperparameters: evaluation.hyperparameters,
        scores: evaluation.curve.scores,
      },
      lastVerdict: last ? { ...last.verdict, parent: last.parent, child: last.child, evaluationSteps: last.evaluationSteps } : null,
    };
  });
}
