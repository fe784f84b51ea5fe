/**
 * A comparison's progress and result in words.
 */
import type { Comparison } from '../../activities/comparison/input.ts';
import type { ComparisonRow } from '../../activities/contracts/comparison.ts';
import { costsOf } from '../../activities/runs/plan.ts';
import { comparisonTables } from '../../workflows/comparison/comparison-text.ts';
import type { ComparisonProgress, RunProgress } from '../../activities/contracts/messages.ts';
import { comparedRunId, retraceId } from '../../workflows/population/names.ts';
import { counted, longNumber, progressBar, shortBytes, shortDuration, shortScore } from './figures.ts';

/** A run that is being trained, as it answered; undefined: it has not yet. */
export interface RunInTraining {
  readonly id: string;
  readonly progress: RunProgress | undefined;
}

/** How far a comparison is, counted in steps that are trained. */
export class ComparisonWork {
  readonly #workflowId: string;
  readonly #runs: number;
  readonly #parts: ReadonlyMap<string, { readonly label: string; readonly steps: number }>;
  /** Steps of all runs and retraces, at most: as though evaluators were never idle. */
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
   * Steps that are trained; undefined where the comparison is of something else: who joins one that runs may have
   * another input file.
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

/** What a comparison will cost, said before it starts. */
export function formatComparisonCosts(
  { specifications, seeds, atOnce, retrace }: Comparison,
  { total }: ComparisonWork,
): string {
  const costs = Object.values(specifications).map(costsOf);
  const bytes = Math.max(...costs.map(({ storedBytes }) => storedBytes ?? 0));
  return [
    `Runs       ${costs.length * seeds.length}: ${counted(costs.length, 'arm')}, ` +
      `${counted(seeds.length, 'seed')}; ${atOnce} at once${retrace ? '; each retraced' : ''}`,
    `Training   ${longNumber(total)} steps, at most`,
    `Kept       ${shortBytes(bytes)} of checkpoints at most by each run that is in training`,
    'Time       estimated from the first round on',
  ].join('\n');
}

/** The block: how far, how long still, runs done so far and in training, what failed. */
export function comparisonBlock(
  progress: ComparisonProgress,
  work: ComparisonWork,
  done: number | undefined,
  training: readonly RunInTraining[],
  secondsLeft: number | undefined,
): string[] {
  const { runs, rows, failures } = progress;
  const far = done === undefined ? '' : `${progressBar(done / work.total)} ${percent(done, work)} %  `;
  return [
    '',
    `${far}${rows.length} of ${runs} runs done  ` +
      `${secondsLeft === undefined ? 'time left: unknown' : `${shortDuration(secondsLeft)} left`}`,
    ...rows.map((row) => `  ${comparisonLine(row)}`),
    ...training.map((run) => `  ${trainingLine(run, work)}`),
    ...holdsOf(training, work).map((hold) => `  ${hold}`),
    ...failures.map((failure) => `  FAILED: ${failure}`),
  ];
}

/** The line that some progress leaves behind, where nothing can be drawn over. */
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

/** What the runs in training hold for. */
export function holdsOf(training: readonly RunInTraining[], work: ComparisonWork): string[] {
  return training.flatMap(({ id, progress }) =>
    (progress?.holds ?? []).map((hold) => `HOLDS: ${work.label(id)}: ${hold}`),
  );
}

/** Whole percent of a comparison's steps. */
export function percent(done: number, { total }: ComparisonWork): number {
  return Math.floor((100 * done) / total);
}

function trainingLine({ id, progress }: RunInTraining, work: ComparisonWork): string {
  if (!progress || progress.rounds === 0) return `${work.label(id)}: being started`;
  return (
    `${work.label(id)}: round ${progress.round} of ${progress.rounds}, best score ` +
    `${shortScore(progress.bestScore)}`
  );
}

/** The tables of a finished comparison, and where the rest is. */
export function formatComparison(progress: ComparisonProgress): string {
  const { table } = progress;
  return [
    comparisonTables(progress),
    ...(table ? ['', `Curves, schedules, costs: s3://${table.bucket}/${table.key}`] : []),
  ].join('\n');
}

/** Such as `FIRE, seed 0: test score 0.8594, objective 0.8632, 4 promotions`. */
export function comparisonLine({ arm, seed, testScore, objective, promotions, retrace }: ComparisonRow): string {
  const received = promotions.reduce((sum, count) => sum + count, 0);
  return (
    `${labelOf(arm, seed)}: test score ${shortScore(testScore)}, objective ${shortScore(objective)}` +
    `${received > 0 ? `, ${received} promotions` : ''}${retrace ? `, retraced ${shortScore(retrace.testScore)}` : ''}`
  );
}

function labelOf(arm: string, seed: number): string {
  return `${arm}, seed ${seed}`;
}
