/**
 * The longest histories and the largest messages of a run, estimated from its specification before it starts.
 *
 * Worst-case estimate: it assumes that in every round each message costs a workflow task, no evaluator is idle, every
 * evaluation ends in a promotion, no exploit cuts a curve short, every member begins a new segment of its schedule, and
 * every number is as long as JSON writes numbers.
 */
import { subPopulationName } from '../../workflows/population/names.ts';
import { evaluatorDemand, messagesOf, payloadsOf, rootDemand, subPopulationDemand } from './demand.ts';
import type { HistoryDemand, PayloadDemand } from './demand.ts';
import { sizesOf } from './sizes.ts';
import type { Specification } from './specification.ts';
import { RESERVE, TEMPORAL_LIMITS } from './temporal-limits.ts';

export interface HistoryBudget {
  readonly root: HistoryDemand;
  /** P1 first. */
  readonly subPopulations: readonly HistoryDemand[];
  /** Of any sub-population; absent if there are no evaluators. */
  readonly evaluator?: HistoryDemand;
  /** Arguments and results, the largest of each kind. */
  readonly payloads: readonly PayloadDemand[];
  /** All commands of one workflow task. */
  readonly messages: readonly PayloadDemand[];
}

/** A limit that a run would exceed. */
export interface Excess {
  /** Such as `the history of the root may have 60000 events, of 47104 at most`. */
  readonly reason: string;
}

/** Returns the budget of a run; `workflowId` is the root's, by default one of 100 characters. */
export function historyBudget(specification: Specification, workflowId: string = 'x'.repeat(100)): HistoryBudget {
  const sizes = sizesOf(specification, workflowId);
  const levels = specification.subPopulations.map((_, index) => index + 1);
  const evaluated = specification.subPopulations.some(({ evaluators }) => evaluators > 0);
  return {
    root: rootDemand(specification, sizes),
    subPopulations: levels.map((level) => subPopulationDemand(specification, level, sizes)),
    ...(evaluated ? { evaluator: evaluatorDemand(sizes) } : {}),
    payloads: payloadsOf(specification, sizes),
    messages: messagesOf(specification, sizes),
  };
}

/** Returns every limit of Temporal that a run would exceed; nothing for a run that fits. */
export function beyondBudget({
  root,
  subPopulations,
  evaluator,
  payloads,
  messages,
}: HistoryBudget): readonly Excess[] {
  const histories = [
    { what: 'the root', demand: root },
    ...subPopulations.map((demand, index) => ({ what: subPopulationName(index + 1), demand })),
    ...(evaluator ? [{ what: 'an evaluator', demand: evaluator }] : []),
  ];
  const { payloadBytes, messageBytes } = TEMPORAL_LIMITS;
  const events = TEMPORAL_LIMITS.events - RESERVE.events;
  const bytes = TEMPORAL_LIMITS.bytes - RESERVE.bytes;
  const over = (what: string, amount: number, bound: number, unit: string): Excess[] =>
    amount > bound ? [{ reason: `${what} may have ${amount} ${unit}, of ${bound} at most` }] : [];
  return [
    ...histories.flatMap(({ what, demand: { longest } }) => [
      ...over(`the history of ${what}`, longest.events, events, 'events'),
      ...over(`the history of ${what}`, longest.bytes, bytes, 'bytes'),
    ]),
    ...payloads.flatMap(({ what, sizeBytes }) => over(what, sizeBytes, payloadBytes, 'bytes')),
    ...messages.flatMap(({ what, sizeBytes }) => over(what, sizeBytes, messageBytes, 'bytes')),
  ];
}
