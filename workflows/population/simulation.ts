/**
 * A whole run in one loop, without Temporal: the same decisions as the workflows make, in the order of algorithm.md, on
 * a given training function.
 *
 * A second implementation of the protocol (who knows what, when), to hold the workflows against, and the quick way to
 * try a rule.
 */
import { assign, exploitAndExplore, followSchedule, initialise, judgeEvaluators, receivePromotions } from './round.ts';
import { evaluatorName, memberName } from './names.ts';
import { applyEvents, emptyPopulation } from './state.ts';
import type { PopulationState, RoundEvent } from './state.ts';
import type { CheckpointReference } from '../../activities/contracts/checkpoint.ts';
import type { HyperparameterValues, Score } from '../algorithm/index.ts';
import type { Specification } from '../../activities/specification/specification.ts';

/** One worker's round. */
export interface SimulatedRound {
  /** Such as `P2/evaluator-3`. */
  readonly worker: string;
  readonly hyperparameters: HyperparameterValues;
  readonly fromStep: number;
  readonly toStep: number;
}

export interface SimulatedTraining<State> {
  /** Trains one round from a worker's state (undefined: initialise) and returns the new state and its measurements. */
  readonly train: (
    state: State | undefined,
    round: SimulatedRound,
  ) => TrainedRound<State> | Promise<TrainedRound<State>>;
}

export interface TrainedRound<State> {
  readonly state: State;
  readonly scores: readonly Score[];
}

export interface SimulatedRun<State> {
  /** P1 first. */
  readonly populations: readonly PopulationState[];
  /** decisions[round − 1][level − 1]: the events of the round. */
  readonly decisions: readonly (readonly (readonly RoundEvent[])[])[];
  /** States of the newest round, by their checkpoint's key. */
  readonly states: ReadonlyMap<string, State>;
}

/** Runs a specification to its end; a population without a healthy source throws. */
export async function simulate<State>(
  specification: Specification,
  { train }: SimulatedTraining<State>,
): Promise<SimulatedRun<State>> {
  const rounds = specification.steps / specification.stepsPerRound;
  const levels = specification.subPopulations.length;
  const states = new Map<string, State>();
  let trainings = 0;
  let populations = specification.subPopulations.map(() => emptyPopulation());
  const decisions: RoundEvent[][][] = [];

  const runOne = async (
    checkpoint: CheckpointReference | null,
    round: SimulatedRound,
  ): Promise<{ checkpoint: CheckpointReference; scores: readonly Score[] }> => {
    const { state, scores } = await train(checkpoint === null ? undefined : states.get(checkpoint.key), round);
    const key = String((trainings += 1));
    states.set(key, state);
    return { checkpoint: { key, sha256: '', sizeBytes: 0, step: round.toStep }, scores };
  };

  for (let round = 1; round <= rounds; round += 1) {
    const events: RoundEvent[][] = specification.subPopulations.map(() => []);
    const happened = (index: number, ...news: readonly RoundEvent[]): void => {
      events[index]?.push(...news);
      populations = populations.map((population, i) => (i === index ? applyEvents(population, news) : population));
    };
    const at = (index: number): PopulationState => populations[index] ?? emptyPopulation();
    if (round === 1)
      for (let index = 0; index < levels; index += 1) happened(index, initialise(specification, index + 1));
    for (let index = 0; index < levels; index += 1) happened(index, ...followSchedule(specification, round, at(index)));
    const before = populations;
    for (let index = 1; index < levels && round > 1; index += 1)
      happened(index, assign(specification, round, at(index), before[index - 1] ?? emptyPopulation()));
    for (let index = 0; index < levels; index += 1) {
      const { members, evaluations, step: fromStep } = at(index);
      const toStep = round * specification.stepsPerRound;
      const trained: TrainedMember[] = [];
      for (const [member, { checkpoint, hyperparameters }] of members.entries()) {
        trained.push({
          member,
          ...(await runOne(checkpoint, { worker: memberName(index + 1, member), hyperparameters, fromStep, toStep })),
        });
      }
      const evaluated: TrainedEvaluator[] = [];
      for (const [slot, one] of evaluations.entries()) {
        if (one)
          evaluated.push({
            slot,
            ...(await runOne(one.checkpoint, {
              worker: evaluatorName(index + 1, slot),
              hyperparameters: one.hyperparameters,
              fromStep,
              toStep,
            })),
          });
      }
      happened(index, { kind: 'trained', step: toStep, members: trained, evaluators: evaluated });
    }
    if (round < rounds) {
      for (let index = 0; index < levels; index += 1) {
        const exploited = exploitAndExplore(specification, round, at(index));
        if (!exploited) throw new Error(`P${index + 1} has no healthy source in round ${round}`);
        happened(index, exploited);
      }
      const judgements = specification.subPopulations.map((_, index) =>
        index === 0 ? undefined : judgeEvaluators(specification, at(index), at(index - 1)),
      );
      for (const [index, judgement] of judgements.entries()) if (judgement) happened(index, judgement.event);
      for (let index = 0; index + 1 < levels; index += 1)
        happened(index, ...receivePromotions(at(index), judgements[index + 1]?.promotions ?? []));
    }
    decisions.push(events);
    const used = new Set(
      populations.flatMap(({ members, evaluations }) =>
        [...members, ...evaluations].map((one) => one?.checkpoint?.key),
      ),
    );
    for (const key of states.keys()) if (!used.has(key)) states.delete(key);
  }
  return { populations, decisions, states };
}

type Trained = Extract<RoundEvent, { kind: 'trained' }>;
type TrainedMember = Trained['members'][number];
type TrainedEvaluator = Trained['evaluators'][number];
