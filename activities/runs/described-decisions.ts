/**
 * A run's decisions as they stand in its result: names instead of numbers, digests instead of references, no curves.
 */
import { evaluatorName, memberName } from '../../workflows/population/names.ts';
import type { RoundEvent } from '../../workflows/population/events.ts';
import type { DescribedDecision, DescribedEvaluation } from '../contracts/run-result.ts';

type EventOf<K extends RoundEvent['kind']> = Extract<RoundEvent, { kind: K }>;
type Described<K extends DescribedDecision['kind']> = Extract<DescribedDecision, { kind: K }>;

/**
 * Returns an event of P`level`, or nothing if nothing was decided. Scores are in `decisions/` only.
 */
export function describeEvent(level: number, event: RoundEvent): DescribedDecision[] {
  switch (event.kind) {
    case 'initialised':
      return [{ kind: event.kind, hyperparameters: event.members }];
    case 'assigned':
      return event.assignments.length === 0 ? [] : [describeAssignments(level, event)];
    case 'scheduled':
      return [
        { kind: event.kind, members: event.members.map((one) => ({ ...one, member: memberName(level, one.member) })) },
      ];
    case 'trained':
    case 'decided-by':
      return [];
    case 'exploited':
      return [describeExploit(level, event)];
    case 'judged':
      return event.evaluations.length === 0 ? [] : [describeVerdicts(level, event)];
    case 'promoted':
      return event.promotions.length === 0 ? [] : [describePromotions(level, event)];
    case 'evaluations-ended':
      return event.ended.length === 0 ? [] : [describeEnds(level, event)];
    case 'commanded':
    case 'extended':
    case 'ended':
      return [event];
    default:
      return [event satisfies never];
  }
}

function describeAssignments(level: number, { kind, assignments }: EventOf<'assigned'>): Described<'assigned'> {
  return {
    kind,
    assignments: assignments.map(({ hyperparameters, ...one }) => ({ ...namesOf(level, one), hyperparameters })),
  };
}

function describeExploit(level: number, { kind, fitness, copies }: EventOf<'exploited'>): Described<'exploited'> {
  return {
    kind,
    fitness,
    copies: copies.map(({ member, source, hyperparameters }) => ({
      member: memberName(level, member),
      source: memberName(level, source),
      hyperparameters,
    })),
  };
}

function describeVerdicts(level: number, { kind, evaluations }: EventOf<'judged'>): Described<'judged'> {
  return {
    kind,
    evaluations: evaluations.map(({ evaluationSteps, verdict, ...one }) => ({
      ...namesOf(level, one),
      evaluationSteps,
      ...verdict,
    })),
  };
}

function describePromotions(level: number, { kind, promotions }: EventOf<'promoted'>): Described<'promoted'> {
  return {
    kind,
    promotions: promotions.map(({ evaluator, parent, member, checkpoint }) => ({
      member: memberName(level, member),
      evaluator,
      parent: memberName(level + 1, parent),
      checkpointSha256: checkpoint.sha256,
    })),
  };
}

function describeEnds(level: number, { kind, ended }: EventOf<'evaluations-ended'>): Described<'evaluations-ended'> {
  return { kind, ended: ended.map(({ reason, ...one }) => ({ ...namesOf(level, one), reason })) };
}

function namesOf(
  level: number,
  { slot, parent, child }: { readonly slot: number; readonly parent: number; readonly child: number },
): DescribedEvaluation {
  return {
    evaluator: evaluatorName(level, slot),
    parent: memberName(level, parent),
    child: memberName(level - 1, child),
  };
}
