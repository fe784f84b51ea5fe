/**
 * The newest episodes that are over.
 */
import type { State } from '../task.ts';
import type { Episode } from '../environments/vector-environment.ts';
import { readNumbers, savedNumbers } from '../environments/saved-numbers.ts';

/** What several episodes were like, on average. */
export interface EpisodeMeans {
  readonly episodes: number;
  readonly return: number;
  readonly steps: number;
  readonly measurements: readonly number[];
}

export class EpisodeLog {
  readonly #kept: number;
  readonly #measurements: number;
  #newest: readonly Episode[] = [];
  /** All that were ever added. */
  #added = 0;

  /** Keeps so many episodes, which have so many measurements each. */
  constructor(kept: number, measurements: number) {
    this.#kept = kept;
    this.#measurements = measurements;
  }

  /** Oldest first. */
  get newest(): readonly Episode[] {
    return this.#newest;
  }

  /** Episodes that were ever added. */
  get added(): number {
    return this.#added;
  }

  add(episodes: readonly Episode[]): void {
    if (episodes.length === 0) return;
    this.#newest = [...this.#newest, ...episodes].slice(-this.#kept);
    this.#added += episodes.length;
  }

  save(): State {
    const rows = Array.from({ length: this.#kept }, (_, index) => this.#newest[index]);
    const values = rows.flatMap((row) =>
      row ? [row.steps, row.return, ...row.measurements] : Array<number>(this.#columns).fill(0),
    );
    return new Map([
      ['episodes/newest', savedNumbers(values, [this.#kept, this.#columns])],
      ['episodes/added', savedNumbers([this.#added], [])],
    ]);
  }

  /** @throws Error if a tensor is missing or of another shape */
  restore(state: State): void {
    const values = readNumbers(state, 'episodes/newest', [this.#kept, this.#columns]);
    this.#added = readNumbers(state, 'episodes/added', [])[0]!;
    const rows = Math.min(this.#kept, this.#added);
    this.#newest = Array.from({ length: rows }, (_, index) => {
      const [steps = 0, sum = 0, ...measurements] = values.subarray(index * this.#columns, (index + 1) * this.#columns);
      return { steps, return: sum, measurements };
    });
  }

  get #columns(): number {
    return 2 + this.#measurements;
  }
}

/** Returns the means over episodes; undefined if there are none. */
export function meansOf(episodes: readonly Episode[]): EpisodeMeans | undefined {
  const [first] = episodes;
  if (!first) return undefined;
  const mean = (value: (episode: Episode) => number): number =>
    episodes.reduce((sum, episode) => sum + value(episode), 0) / episodes.length;
  return {
    episodes: episodes.length,
    return: mean((episode) => episode.return),
    steps: mean((episode) => episode.steps),
    measurements: first.measurements.map((_, index) => mean(({ measurements }) => measurements[index]!)),
  };
}
