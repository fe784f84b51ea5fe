/**
 * Standardises observations and scales rewards by what was seen so far.
 */
import type { State } from '../task.ts';
import type { Trajectories } from './returns.ts';
import { RunningMoments } from './running-moments.ts';
import { readNumbers, savedNumbers } from '../environments/saved-numbers.ts';
import type { ReinforcementLearning } from './settings.ts';

/** Standardised observations are clipped to it, either way. */
export const MOST_STANDARDISED = 10;

/** value · scale + offset for each number of an observation. */
export interface ObservationScale {
  readonly scale: Float64Array;
  readonly offset: Float64Array;
}

export class Normaliser {
  readonly #settings: Pick<ReinforcementLearning, 'normaliseObservations' | 'rewardScale'>;
  readonly #observations: RunningMoments;
  readonly #returns = new RunningMoments(1);
  /** [E]: discounted sums of the running episodes' rewards. */
  #discounted: Float64Array;
  #scale: ObservationScale;

  constructor(
    settings: Pick<ReinforcementLearning, 'environments' | 'normaliseObservations' | 'rewardScale'>,
    observations: number,
  ) {
    this.#settings = settings;
    this.#observations = new RunningMoments(observations);
    this.#discounted = new Float64Array(settings.environments);
    this.#scale = this.#observationScale();
  }

  /** What `normalise` computes before it clips. */
  get scale(): ObservationScale {
    return this.#scale;
  }

  /** Returns observations, row by row, as the networks take them. */
  normalise(observations: Float64Array): Float32Array {
    if (!this.#settings.normaliseObservations) return Float32Array.from(observations);
    const { size } = this.#observations;
    const { scale, offset } = this.#scale;
    return Float32Array.from(observations, (value, at) => {
      const standardised = value * scale[at % size]! + offset[at % size]!;
      return Math.max(-MOST_STANDARDISED, Math.min(MOST_STANDARDISED, standardised));
    });
  }

  /** Takes in observations, row by row. */
  addObservations(observations: Float64Array): void {
    if (!this.#settings.normaliseObservations) return;
    this.#observations.add(observations);
    this.#scale = this.#observationScale();
  }

  /** Takes in the rewards of a batch, and returns them as the critic learns them. */
  scaleRewards(
    { environments, rewards, last }: Pick<Trajectories, 'environments' | 'rewards' | 'last'>,
    discount: number,
  ) {
    const { rewardScale } = this.#settings;
    // PopArt scales what the critic gives, and leaves rewards alone.
    if (rewardScale === 'pop-art') return rewards;
    if (rewardScale !== 'deviation') return rewards.map((reward) => reward * rewardScale);
    const sums = rewards.map((reward, at) => {
      const environment = at % environments;
      const sum = this.#discounted[environment]! * discount + reward;
      this.#discounted[environment] = last[at] === 1 ? 0 : sum;
      return sum;
    });
    this.#returns.add(sums);
    const [deviation = 1] = this.#returns.deviations;
    return rewards.map((reward) => reward / deviation);
  }

  save(): State {
    return new Map([
      ['moments/observations', savedNumbers(this.#observations.save(), [this.#observations.savedSize])],
      ['moments/returns', savedNumbers(this.#returns.save(), [this.#returns.savedSize])],
      ['moments/discounted', savedNumbers(this.#discounted, [this.#discounted.length])],
    ]);
  }

  /** @throws Error if a tensor is missing or of another shape */
  restore(state: State): void {
    this.#observations.restore(readNumbers(state, 'moments/observations', [this.#observations.savedSize]));
    this.#returns.restore(readNumbers(state, 'moments/returns', [this.#returns.savedSize]));
    this.#discounted = readNumbers(state, 'moments/discounted', [this.#discounted.length]);
    this.#scale = this.#observationScale();
  }

  #observationScale(): ObservationScale {
    const { means, deviations } = this.#observations;
    return {
      scale: deviations.map((deviation) => 1 / deviation),
      offset: means.map((mean, index) => -mean / deviations[index]!),
    };
  }
}
