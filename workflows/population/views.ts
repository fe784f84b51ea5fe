/**
 * What others are told of a sub-population: the root in brief, its upper neighbour of its members, whoever asks of
 * members and evaluators.
 */
import type { EvaluatorView, Leader, MemberView, SubPopulationSummary } from '../../activities/contracts/messages.ts';
import { evaluatorName, memberName } from './names.ts';
import type { JudgedEvaluation, RoundEvent } from './events.ts';
import type { PopulationState, ScoreCurve } from './state.ts';
import { bestScoreOf, newestScore } from './scores.ts';

/** Rows of a sub-population in the leaderboard: they travel to the root every round. */
export const LEADERS = 5;
/** Scores of a curve that a query tells, so that the answer fits a message whatever the length of the run. */
const TOLD_SCORES = 200;

/** A sub-population in brief, for the root's progress; `evaluatorsBusy` is how many evaluators trained this round. */
export function summarise(state: PopulationState, round: number, evaluatorsBusy: number): SubPopulationSummary {
  const hyperparameters: Record<string, { min: number; max: number } | string[]> = {};
  for (const name of Object.keys(state.members[0]?.hyperparameters ?? {}).sort()) {
    const values = state.members.flatMap((member) => member.hyperparameters[name] ?? []);
    const numbers = values.filter((value) => typeof value === 'number');
    hyperparameters[name] =
      numbers.length === values.length
        ? { min: Math.min(...numbers), max: Math.max(...numbers) }
        : [...new Set(values.map(String))].sort();
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
    leaders: leadersOf(state),
    decidedBy: state.decidedBy,
    stopped: state.members.flatMap((member, index) => (member.stopped ? [index] : [])),
  };
}

/** The lower number goes first where scores are equal; who has diverged or not been measured is no leader. */
function leadersOf(state: PopulationState): Leader[] {
  return state.members
    .flatMap((member, index) => {
      const score = newestScore(member.curve.scores);
      return typeof score === 'number'
        ? [{ member: memberName(state.subPopulation, index), score, hyperparameters: member.hyperparameters }]
        : [];
    })
    .sort((a, b) => b.score - a.score)
    .slice(0, LEADERS);
}

/** What P(i+1) needs of a round: what happened to the members. */
export function newsFor(events: readonly RoundEvent[]): RoundEvent[] {
  return events.flatMap((event): RoundEvent[] => {
    switch (event.kind) {
      case 'trained':
        return [{ ...event, evaluators: [] }];
      case 'exploited':
      case 'commanded':
      case 'extended':
      case 'ended':
        return [event];
      default:
        return [];
    }
  });
}

/** Every member, in order of its number. */
export function viewMembers(state: PopulationState): MemberView[] {
  return state.members.map(({ checkpoint, hyperparameters, fitness, stopped, curve }, index) => ({
    member: memberName(state.subPopulation, index),
    checkpoint,
    hyperparameters,
    newestScore: newestScore(curve.scores) ?? null,
    fitness,
    stopped,
    curve: newestOf(curve),
  }));
}

/** Every evaluator slot: what it evaluates, and the last verdict on it. */
export function viewEvaluators(state: PopulationState, judged: readonly JudgedEvaluation[]): EvaluatorView[] {
  const level = state.subPopulation;
  return state.evaluations.map((evaluation, slot) => {
    const last = judged.find((one) => one.slot === slot);
    return {
      evaluator: evaluatorName(level, slot),
      evaluation: evaluation && {
        parent: memberName(level, evaluation.parent),
        child: memberName(level - 1, evaluation.child),
        assignedAtStep: evaluation.assignedAtStep,
        hyperparameters: evaluation.hyperparameters,
        curve: newestOf(evaluation.curve),
      },
      lastVerdict: last
        ? {
            ...last.verdict,
            parent: memberName(level, last.parent),
            child: memberName(level - 1, last.child),
            evaluationSteps: last.evaluationSteps,
          }
        : null,
    };
  });
}

function newestOf({ sinceStep, scores }: ScoreCurve): ScoreCurve {
  return { sinceStep, scores: scores.slice(-TOLD_SCORES) };
}
