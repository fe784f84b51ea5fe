/**
 * Formats the costs, progress and result of a comparison for the terminal.
 */
import type { Comparison } from '../../activities/comparison/input.ts';
import type { ComparisonRow } from '../../activities/contracts/comparison.ts';
import { costsOf } from '../../activities/runs/plan.ts';
import { comparisonTables } from '../../workflows/comparison/comparison-text.ts';
import type { ComparisonProgress, RunProgress } from '../../activities/contracts/messages.ts';
import { comparedRunId, retraceId } from '../../workflows/population/names.ts';
import { formatCount, longNumber, shortDuration, shortScore } from '../../workflows/population/figures.ts';
import type { StackRecord } from '../stack/running-stack.ts';
import { alignedRows, alignedTable } from './aligned-table.ts';
import { displayObject, openableObject } from './object-places.ts';
import { progressBar } from './progress-bar.ts';
import { firstThatFits } from './run-progress.ts';

/** A run in training. */
export interface RunInTraining {
  readonly id: string;
  /** The run's answer to the progress query; undefined if it did not answer. */
  readonly progress: RunProgress | undefined;
}

/** Measures the progress of a comparison in trained steps. */
export class ComparisonWork {
  readonly #workflowId: string;
  readonly #runs: number;
  readonly #parts: ReadonlyMap<string, { readonly label: string; readonly steps: number }>;
  /** Upper bound on the steps of all runs and retraces: assumes that evaluators are never idle. */
  readonly total: number;

  constructor({ specifications, seeds, retrace }: Comparison, workflowId: string) {
    const runs = Object.entries(specifications).flatMap(([arm, specification]) =>
      seeds.map((seed) => ({ id: comparedRunId(workflowId, arm, seed), label: labelOf(arm, seed), specification })),
    );
    const parts = runs.flatMap(({ id, label, specification }) => [
      [id, { label, steps: costsOf(specification).workerSteps }] as const,
      ...(retrace ? [[retraceId(id), { label: `${label}, retraced`, steps: specification.steps }] as const] : []),
    ]);
    this.#workflowId = workflowId;
    this.#runs = runs.length;
    this.#parts = new Map(parts);
    this.total = parts.reduce((sum, [, { steps }]) => sum + steps, 0);
  }

  label(id: string): string {
    return this.#parts.get(id)?.label ?? id;
  }

  /**
   * Returns the steps trained so far, or undefined if the running comparison was started with another input file.
   */
  done({ rows, runs }: ComparisonProgress, training: readonly RunInTraining[]): number | undefined {
    const finished = rows.flatMap(({ arm, seed, retrace }) => {
      const id = comparedRunId(this.#workflowId, arm, seed);
      return retrace ? [id, retraceId(id)] : [id];
    });
    const shares = [
      ...finished.map((id) => ({ id, share: 1 })),
      ...training.map(({ id, progress }) => ({
        id,
        share: progress && progress.rounds > 0 ? progress.round / progress.rounds : 0,
      })),
    ];
    const known = runs === this.#runs && shares.every(({ id }) => this.#parts.has(id));
    return known
      ? shares.reduce((sum, { id, share }) => sum + share * (this.#parts.get(id)?.steps ?? 0), 0)
      : undefined;
  }
}

/** Describes the costs of a comparison before it starts. */
export function formatComparisonCosts(
  { specifications, seeds, atOnce, retrace }: Comparison,
  { total }: ComparisonWork,
): string {
  const arms = Object.keys(specifications).length;
  return [
    `Runs       ${arms * seeds.length}: ${formatCount(arms, 'arm')}, ` +
      `${formatCount(seeds.length, 'seed')}; ${atOnce} at once${retrace ? '; each retraced' : ''}`,
    `Training   at most ${longNumber(total)} steps`,
    'Time       estimated after the first round',
  ].join('\n');
}

/** What is known of a comparison in training, and the columns of the terminal. */
export interface ComparisonBlock {
  readonly work: ComparisonWork;
  readonly done: number | undefined;
  readonly training: readonly RunInTraining[];
  readonly secondsLeft: number | undefined;
  readonly columns: number;
}

/** Returns the block that a terminal redraws: progress, time left, finished runs, runs in training, failures. */
export function comparisonBlock(
  { runs, rows, failures }: ComparisonProgress,
  { work, done, training, secondsLeft, columns }: ComparisonBlock,
): string[] {
  const left = secondsLeft === undefined ? 'time left: unknown' : `${shortDuration(secondsLeft)} left`;
  const ofRuns = `${rows.length} of ${runs} runs done`;
  const share = done === undefined ? [] : [`${percent(done, work)} %`];
  const bar = done === undefined ? [] : [`${progressBar(done / work.total)} ${percent(done, work)} %`];
  return [
    '',
    firstThatFits(columns, [[...bar, ofRuns, left], [...share, ofRuns, left], [...share, left], [left]]),
    ...alignedRows([...rows.map(finishedCells), ...training.map((run) => trainingCells(run, work))]).map(
      (line) => `  ${line}`,
    ),
    ...holdsOf(training, work).map((hold) => `  ${hold}`),
    ...failures.map((failure) => `  FAILED: ${failure}`),
  ];
}

/** Returns one line about the progress, for outputs that cannot redraw a block. */
export function comparisonProgressLine(
  work: ComparisonWork,
  done: number,
  training: readonly RunInTraining[],
  secondsLeft: number | undefined,
): string {
  return [
    `${percent(done, work)} %`,
    ...training.map((run) => trainingLine(run, work)),
    ...(secondsLeft === undefined ? [] : [`${shortDuration(secondsLeft)} left`]),
  ].join('; ');
}

/** Returns a line for each hold of the runs in training. */
export function holdsOf(training: readonly RunInTraining[], work: ComparisonWork): string[] {
  return training.flatMap(({ id, progress }) =>
    (progress?.holds ?? []).map((hold) => `HOLDING: ${work.label(id)}: ${hold}`),
  );
}

/** Returns the share of a comparison's steps that is trained, in whole percent. */
export function percent(done: number, { total }: ComparisonWork): number {
  return Math.floor((100 * done) / total);
}

function trainingLine(run: RunInTraining, work: ComparisonWork): string {
  const [label, ...rest] = trainingCells(run, work);
  return `${label} ${rest.join(', ')}`;
}

function trainingCells({ id, progress }: RunInTraining, work: ComparisonWork): string[] {
  const label = `${work.label(id)}:`;
  return !progress || progress.rounds === 0
    ? [label, 'starting']
    : [label, `round ${progress.round} of ${progress.rounds}`, `best score ${shortScore(progress.bestScore)}`];
}

/** Returns the tables of a finished comparison, the address of its full results, and its report last. */
export function formatComparison(progress: ComparisonProgress, stack: Pick<StackRecord, 's3'>): string {
  const { table, report, notice } = progress;
  return [
    comparisonTables(progress, alignedTable),
    ...(table ? ['', `Curves, schedules, costs: ${displayObject(stack, table)}`] : []),
    ...(notice === null ? [] : [notice]),
    ...(report ? [`Report: ${openableObject(stack, report)}`] : []),
  ].join('\n');
}

/** Describes a finished run, for example `FIRE, seed 0: test score 0.8594, objective 0.8632, 4 promotions`. */
export function comparisonLine(row: ComparisonRow): string {
  const [label, ...rest] = finishedCells(row);
  return `${label} ${rest.filter((cell) => cell !== '').join(', ')}`;
}

function finishedCells({ arm, seed, testScore, objective, promotions, retrace }: ComparisonRow): string[] {
  const received = promotions.reduce((sum, count) => sum + count, 0);
  return [
    `${labelOf(arm, seed)}:`,
    `test score ${shortScore(testScore)}`,
    `objective ${shortScore(objective)}`,
    received > 0 ? formatCount(received, 'promotion') : '',
    retrace ? `retraced ${shortScore(retrace.testScore)}` : '',
  ];
}

function labelOf(arm: string, seed: number): string {
  return `${arm}, seed ${seed}`;
}
