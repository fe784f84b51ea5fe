/**
 * Formats the progress of a run: a block for a terminal that can redraw it, a line per round for other outputs.
 */
import { subPopulationName } from '../../workflows/population/names.ts';
import type { RunProgress, SubPopulationSummary } from '../../activities/contracts/messages.ts';
import { formatCount, shortDuration, shortNumber, shortScore } from '../../workflows/population/figures.ts';
import { progressBar } from './progress-bar.ts';

/**
 * Estimates the time left from the pace of completed rounds, or of another count.
 */
export class RoundClock {
  #first: { readonly round: number; readonly atMs: number } | undefined;
  #last: { readonly round: number; readonly atMs: number } | undefined;

  /** Notes how many rounds are complete at this time. Ignores a repeated value. */
  note(round: number, atMs: number): void {
    if (this.#last?.round === round) return;
    this.#last = { round, atMs };
    this.#first ??= this.#last;
  }

  /** Returns the seconds until the last of `rounds` ends, or undefined if no whole round was observed yet. */
  secondsLeft(rounds: number, atMs: number): number | undefined {
    if (!this.#first || !this.#last || this.#last.round === this.#first.round) return undefined;
    const msPerRound = (this.#last.atMs - this.#first.atMs) / (this.#last.round - this.#first.round);
    return Math.max(0, (rounds - this.#last.round) * msPerRound - (atMs - this.#last.atMs)) / 1000;
  }
}

/** Returns the block that a terminal redraws: progress, time left, and one line per sub-population. */
export function progressBlock(progress: RunProgress, secondsLeft: number | undefined): string[] {
  const { round, rounds, bestScore, subPopulations, holds, warnings, status } = progress;
  const left =
    status === 'finishing'
      ? 'testing the winner'
      : secondsLeft === undefined
        ? 'time left: unknown'
        : `${shortDuration(secondsLeft)} left`;
  return [
    '',
    `${progressBar(rounds > 0 ? round / rounds : 0)} ${percent(progress)} %  round ${round} of ${rounds}  best ` +
      `score ${shortScore(bestScore)}  ${left}`,
    ...subPopulations.map((summary) => `  ${subPopulationLine(summary)}`),
    ...holds.map((hold) => `  HOLDING: ${hold}`),
    ...warnings.map((warning) => `  WARNING: ${warning}`),
  ];
}

/** Returns one line about a completed round. */
export function progressLine(progress: RunProgress, secondsLeft: number | undefined): string {
  const { round, rounds, bestScore, subPopulations } = progress;
  return [
    `round ${round} of ${rounds} (${percent(progress)} %)`,
    `best score ${shortScore(bestScore)}`,
    ...subPopulations.map(subPopulationLine),
    ...(secondsLeft === undefined ? [] : [`${shortDuration(secondsLeft)} left`]),
  ].join('; ');
}

/** Describes a sub-population: `P2: learningRate 0.0012 … 0.05, 5 of 6 evaluators busy, 3 promotions received`. */
export function subPopulationLine({
  subPopulation,
  hyperparameters,
  evaluators,
  evaluatorsBusy,
  promotions,
}: SubPopulationSummary): string {
  const ranges = Object.entries(hyperparameters).flatMap(([name, range]) =>
    isChoices(range)
      ? [`${name} ${range.join('|')}`]
      : range.min < range.max
        ? [`${name} ${shortNumber(range.min)} … ${shortNumber(range.max)}`]
        : [],
  );
  return `${subPopulationName(subPopulation)}: ${[
    ...ranges,
    ...(evaluators > 0 ? [`${evaluatorsBusy} of ${evaluators} evaluators busy`] : []),
    ...(promotions > 0 ? [`${formatCount(promotions, 'promotion')} received`] : []),
  ].join(', ')}`;
}

function isChoices(range: SubPopulationSummary['hyperparameters'][string]): range is readonly string[] {
  return Array.isArray(range);
}

function percent({ round, rounds }: RunProgress): number {
  return rounds > 0 ? Math.floor((100 * round) / rounds) : 0;
}
