/**
 * Formats the progress of a run: a block for a terminal that can redraw it, a line per round for other outputs.
 */
import { subPopulationName } from '../../workflows/population/names.ts';
import type { RunProgress, SubPopulationSummary } from '../../activities/contracts/messages.ts';
import { OVER } from '../../workflows/population/views.ts';
import { formatCount, shortDuration, shortNumber, shortScore } from '../../workflows/population/figures.ts';
import { alignedRows } from './aligned-table.ts';
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

/**
 * Returns the block that a terminal of so many columns redraws: progress and time left, and one line per
 * sub-population.
 */
export function progressBlock(progress: RunProgress, secondsLeft: number | undefined, columns: number): string[] {
  const { round, rounds, bestScore, holds, warnings, status } = progress;
  const left =
    status === 'finishing'
      ? 'testing the winner'
      : secondsLeft === undefined
        ? 'time left: unknown'
        : `${shortDuration(secondsLeft)} left`;
  const share = `${percent(progress)} %`;
  const [ofRounds, best] = [`round ${round} of ${rounds}`, `best score ${shortScore(bestScore)}`];
  return [
    '',
    firstThatFits(columns, [
      [`${progressBar(rounds > 0 ? round / rounds : 0)} ${share}`, ofRounds, best, left],
      [share, ofRounds, best, left],
      [share, ofRounds, left],
      [share, left],
      [left],
    ]),
    ...alignedRows(
      progress.subPopulations.map((summary) => [
        `${subPopulationName(summary.subPopulation)}:`,
        ...cellsOf(summary, isOver(progress)),
      ]),
    ).map((line) => `  ${line}`),
    ...holds.map((hold) => `  HOLDING: ${hold}`),
    ...warnings.map((warning) => `  WARNING: ${warning}`),
  ];
}

/** Returns the first of several lines that fits, else the last one: what matters least goes first. */
export function firstThatFits(columns: number, lines: readonly (readonly string[])[]): string {
  const texts = lines.map((parts) => parts.join('  '));
  return texts.find((text) => text.length < columns) ?? texts.at(-1) ?? '';
}

/** Returns one line about a completed round. */
export function progressLine(progress: RunProgress, secondsLeft: number | undefined): string {
  const { round, rounds, bestScore, subPopulations } = progress;
  return [
    `round ${round} of ${rounds} (${percent(progress)} %)`,
    `best score ${shortScore(bestScore)}`,
    ...subPopulations.map((summary) => subPopulationLine(summary, isOver(progress))),
    ...(secondsLeft === undefined ? [] : [`${shortDuration(secondsLeft)} left`]),
  ].join('; ');
}

/** Describes a sub-population: `P2: learningRate 0.0012 … 0.05, 5 of 6 evaluators busy, 3 promotions received`. */
function subPopulationLine(summary: SubPopulationSummary, over: boolean): string {
  const cells = cellsOf(summary, over).filter((cell) => cell !== '');
  return `${subPopulationName(summary.subPopulation)}: ${cells.join(', ')}`;
}

/** Returns what is told of a sub-population, '' for what it does not have. If nothing else, its size. */
function cellsOf(
  { hyperparameters, members, evaluators, evaluatorsBusy, promotions }: SubPopulationSummary,
  over: boolean,
): string[] {
  const ranges = Object.entries(hyperparameters).flatMap(([name, range]) =>
    isChoices(range)
      ? [`${name} ${range.join('|')}`]
      : range.min < range.max
        ? [`${name} ${shortNumber(range.min)} … ${shortNumber(range.max)}`]
        : [],
  );
  return [
    ranges.length > 0 ? ranges.join(', ') : formatCount(members, 'member'),
    evaluators > 0
      ? over
        ? formatCount(evaluators, 'evaluator')
        : `${evaluatorsBusy} of ${evaluators} evaluators busy`
      : '',
    promotions > 0 ? `${formatCount(promotions, 'promotion')} received` : '',
  ];
}

function isChoices(range: SubPopulationSummary['hyperparameters'][string]): range is readonly string[] {
  return Array.isArray(range);
}

/** Tells whether the last round is done: then nobody is busy. */
function isOver({ status, round, rounds }: RunProgress): boolean {
  return OVER.includes(status) || (rounds > 0 && round >= rounds);
}

function percent({ round, rounds }: RunProgress): number {
  return rounds > 0 ? Math.floor((100 * round) / rounds) : 0;
}
