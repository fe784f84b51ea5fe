/**
 * Simulates a whole run in one loop, without Temporal. It makes the same decisions as the workflows, in the order of
 * the paper, with any training function.
 *
 * It is a second implementation of the protocol between sub-populations. Tests compare the workflows with it, and it is
 * the quick way to try a rule.
 */
import { assign, exploitAndExplore, followSchedule, initialise } from './round.ts';
import { judgeEvaluators } from './judging.ts';
import { receivePromotions } from './ended-evaluations.ts';
import { evaluatorName, memberName } from './names.ts';
import { applyEvents, emptyPopulation } from './reducer.ts';
import type { RoundEvent } from './events.ts';
import type { MemberState, PopulationState } from './state.ts';
import type { CheckpointReference } from '../../activities/contracts/checkpoint.ts';
import type { HyperparameterValues, Score } from '../algorithm/index.ts';
import type { Specification } from '../../activities/specification/specification.ts';

/** One round of one worker. */
export interface SimulatedRound {
  /** For example `P2/evaluator-3`. */
  readonly worker: string;
  readonly hyperparameters: HyperparameterValues;
  readonly fromStep: number;
  readonly toStep: number;
}

export interface SimulatedTraining<State> {
  /** Trains one round from a state (undefined: initialise), and returns the new state and its measurements. */
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
  /** The states of all sub-populations, P1 first. */
  readonly populations: readonly PopulationState[];
  /** The events of each round: decisions[round − 1][level − 1]. */
  readonly decisions: readonly (readonly (readonly RoundEvent[])[])[];
  /** The training states of the newest round and of the best member seen, by the keys of their checkpoints. */
  readonly states: ReadonlyMap<string, State>;
}

/** Runs a specification to its end. @throws Error if a sub-population has no healthy member to copy */
export async function simulate<State>(
  specification: Specification,
  { train }: SimulatedTraining<State>,
): Promise<SimulatedRun<State>> {
  const rounds = specification.steps / specification.stepsPerRound;
  const simulation = new Simulation(specification, train);
  for (let round = 1; round <= rounds; round += 1) {
    simulation.begin(round);
    await simulation.train(round);
    if (round < rounds) simulation.decide(round);
    simulation.end();
  }
  return simulation;
}

type Trained = Extract<RoundEvent, { kind: 'trained' }>;
type TrainedMember = Trained['members'][number];
type TrainedEvaluator = Trained['evaluators'][number];

/** Trains all sub-populations, one round after the other. */
class Simulation<State> implements SimulatedRun<State> {
  readonly #specification: Specification;
  readonly #train: SimulatedTraining<State>['train'];
  readonly #levels: number;
  #trainings = 0;
  #events: RoundEvent[][] = [];
  populations: readonly PopulationState[];
  readonly decisions: RoundEvent[][][] = [];
  readonly states = new Map<string, State>();

  constructor(specification: Specification, train: SimulatedTraining<State>['train']) {
    this.#specification = specification;
    this.#train = train;
    this.#levels = specification.subPopulations.length;
    this.populations = specification.subPopulations.map(() => emptyPopulation());
  }

  /** Step 1: initial values, schedules and assignments. */
  begin(round: number): void {
    const specification = this.#specification;
    this.#events = specification.subPopulations.map(() => []);
    for (let index = 0; round === 1 && index < this.#levels; index += 1)
      this.#apply(index, initialise(specification, index + 1));
    for (let index = 0; index < this.#levels; index += 1)
      this.#apply(index, ...followSchedule(specification, round, this.#at(index)));
    const before = this.populations;
    for (let index = 1; index < this.#levels && round > 1; index += 1)
      this.#apply(index, assign(specification, round, this.#at(index), before[index - 1] ?? emptyPopulation()));
  }

  /** Step 2. */
  async train(round: number): Promise<void> {
    const step = round * this.#specification.stepsPerRound;
    for (let index = 0; index < this.#levels; index += 1) {
      const { members, evaluations } = this.#at(index);
      const trained: TrainedMember[] = [];
      for (const [member, one] of members.entries())
        trained.push({ member, ...(await this.#trainOne(one, memberName(index + 1, member), index, step)) });
      const evaluated: TrainedEvaluator[] = [];
      for (const [slot, one] of evaluations.entries())
        if (one) evaluated.push({ slot, ...(await this.#trainOne(one, evaluatorName(index + 1, slot), index, step)) });
      this.#apply(index, { kind: 'trained', step, members: trained, evaluators: evaluated });
    }
  }

  /** Steps 3 and 4. */
  decide(round: number): void {
    const specification = this.#specification;
    for (let index = 0; index < this.#levels; index += 1) {
      const exploited = exploitAndExplore(specification, round, this.#at(index));
      if (!exploited) throw new Error(`P${index + 1} has no healthy source in round ${round}`);
      this.#apply(index, exploited);
    }
    const judgements = specification.subPopulations.map((_, index) =>
      index === 0 ? undefined : judgeEvaluators(specification, this.#at(index), this.#at(index - 1)),
    );
    for (const [index, judgement] of judgements.entries()) if (judgement) this.#apply(index, judgement.event);
    for (let index = 0; index + 1 < this.#levels; index += 1)
      this.#apply(index, ...receivePromotions(this.#at(index), judgements[index + 1]?.promotions ?? []));
  }

  /** Keeps the decisions, and only those training states that a worker continues from. */
  end(): void {
    this.decisions.push(this.#events);
    const used = new Set(
      this.populations.flatMap(({ members, evaluations, best }) =>
        [...members, ...evaluations, best].map((one) => one?.checkpoint?.key),
      ),
    );
    for (const key of this.states.keys()) if (!used.has(key)) this.states.delete(key);
  }

  async #trainOne(
    { checkpoint, hyperparameters }: Pick<MemberState, 'checkpoint' | 'hyperparameters'>,
    worker: string,
    index: number,
    toStep: number,
  ): Promise<{ checkpoint: CheckpointReference; scores: readonly Score[] }> {
    const before = checkpoint === null ? undefined : this.states.get(checkpoint.key);
    const fromStep = this.#at(index).step;
    const { state, scores } = await this.#train(before, { worker, hyperparameters, fromStep, toStep });
    const key = String((this.#trainings += 1));
    this.states.set(key, state);
    return { checkpoint: { key, sha256: '', sizeBytes: 0, step: toStep }, scores };
  }

  #apply(index: number, ...events: readonly RoundEvent[]): void {
    this.#events[index]?.push(...events);
    this.populations = this.populations.map((one, i) => (i === index ? applyEvents(one, events) : one));
  }

  #at(index: number): PopulationState {
    return this.populations[index] ?? emptyPopulation();
  }
}
