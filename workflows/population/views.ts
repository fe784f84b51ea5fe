/**
 * Views of a sub-population: the summary for the root, the news for its upper neighbour, and the answers to queries.
 */
import type {
  EvaluatorView,
  Leader,
  MemberView,
  RunProgress,
  SubPopulationSummary,
} from '../../activities/contracts/messages.ts';
import { evaluatorName, memberName } from './names.ts';
import type { JudgedEvaluation, RoundEvent } from './events.ts';
import type { PopulationState, ScoreCurve } from './state.ts';
import { bestScoreOf, newestScore } from './scores.ts';

/** The states of a run in which no evaluator trains any more. */
export const OVER: readonly RunProgress['status'][] = ['finishing', 'finished', 'failed', 'cancelled'];

/** Maximal number of leaderboard rows of a sub-population. They are sent to the root every round. */
export const LEADERS = 5;
/** Maximal number of scores in a query's answer, so that the answer fits into a message for any length of a run. */
const TOLD_SCORES = 200;

/**
 * Returns the summary for the root's progress. `evaluatorsBusy` is the number of evaluators that trained this round.
 */
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

/** Returns the members with the best scores. Excludes members that have diverged or have no score. */
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

/** Returns the events of a round that P(i+1) needs: those that change members. */
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

/** Returns all members in the order of their numbers. */
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

/** Returns all evaluator slots with their evaluation and their last verdict. */
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
