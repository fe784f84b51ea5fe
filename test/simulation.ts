/**
 * A whole run in one loop, without Temporal: the same decisions as the workflows make, in the order of algorithm.md, on a given training function.
 *
 * A second implementation of the protocol (who knows what, when), to hold the workflows against, and the quick way to try a rule.
 */
import { assign, exploitAndExplore, initialise, judgeEvaluators, receivePromotions } from '../workflows/round.ts';
import { applyEvents, emptyPopulation } from '../workflows/population-state.ts';
import type { PopulationState, RoundEvent } from '../workflows/population-state.ts';
import type { CheckpointReference } from '../activities/checkpoints/reference.ts';
import type { HyperparameterValues, Score } from '../workflows/algorithm/index.ts';
import type { Specification } from '../activities/specification.ts';

export interface SimulatedTraining<State> {
  /** Trains one round from a worker's state (undefined: initialise) and returns the new state and its measurements. */
  readonly train: (state: State | undefined, hyperparameters: HyperparameterValues, fromStep: number, toStep: number) => { state: State; scores: Score[] };
}

export interface SimulatedRun {
  /** P1 first. */
  readonly populations: readonly PopulationState[];
  /** decisions[round − 1][level − 1]: the events of the round. */
  readonly decisions: readonly (readonly (readonly RoundEvent[])[])[];
}

/** Runs a specification to its end; a population without a healthy source throws. */
export function simulate<State>(specification: Specification, { train }: SimulatedTraining<State>): SimulatedRun {
  const rounds = specification.steps / specification.stepsPerRound;
  const levels = specification.subPopulations.length;
  const stored: State[] = [];
  let populations = specification.subPopulations.map(() => emptyPopulation());
  const decisions: RoundEvent[][][] = [];

  const runOne = (checkpoint: CheckpointReference | null, hyperparameters: HyperparameterValues, fromStep: number, toStep: number): { checkpoint: CheckpointReference; scores: Score[] } => {
    const { state, scores } = train(checkpoint === null ? undefined : stored[Number(checkpoint.key)], hyperparameters, fromStep, toStep);
    stored.push(state);
    return { checkpoint: { key: String(stored.length - 1), sha256: '', sizeBytes: 0, step: toStep }, scores };
  };

  for (let round = 1; round <= rounds; round += 1) {
    const events: RoundEvent[][] = specification.subPopulations.map(() => []);
    const happened = (index: number, ...news: readonly RoundEvent[]): void => {
      events[index]?.push(...news);
      populations = populations.map((population, i) => (i === index ? applyEvents(population, news) : population));
    };
    const at = (index: number): PopulationState => populations[index] ?? emptyPopulation();
    if (round === 1) for (let index = 0; index < levels; index += 1) happened(index, initialise(specification, index + 1));
    const before = populations;
    for (let index = 1; index < levels && round > 1; index += 1) happened(index, assign(specification, round, at(index), before[index - 1] ?? emptyPopulation()));
    for (let index = 0; index < levels; index += 1) {
      const { members, evaluations, step: fromStep } = at(index);
      const step = round * specification.stepsPerRound;
      happened(index, {
        kind: 'trained',
        step,
        members: members.map((member, i) => ({ member: i, ...runOne(member.checkpoint, member.hyperparameters, fromStep, step) })),
        evaluators: evaluations.flatMap((one, slot) => (one ? [{ slot, ...runOne(one.checkpoint, one.hyperparameters, fromStep, step) }] : [])),
      });
    }
    if (round < rounds) {
      for (let index = 0; index < levels; index += 1) {
        const exploited = exploitAndExplore(specification, round, at(index));
        if (!exploited) throw new Error(`P${index + 1} has no healthy source in round ${round}`);
        happened(index, exploited);
      }
      const judgements = specification.subPopulations.map((_, index) => (index === 0 ? undefined : judgeEvaluators(specification, at(index), at(index - 1))));
      for (const [index, judgement] of judgements.entries()) if (judgement) happened(index, judgement.event);
      for (let index = 0; index + 1 < levels; index += 1) happened(index, ...receivePromotions(at(index), judgements[index + 1]?.promotions ?? []));
    }
    decisions.push(events);
  }
  return { populations, decisions };
}
