/**
 * The story of a run as flat tables, for spreadsheets and data frames.
 *
 * A column has the same name in CSV and in JSON Lines. Steps are training steps of one worker, from 0. A score that is
 * no number is `diverged`.
 */
import type { RunStory, WorkerStory } from '../runs/story.ts';
import { toCsv } from '../storage/csv.ts';

/** A row by the names of its columns; null: it has no value there. */
export type Row = Readonly<Record<string, string | number | null>>;

/** A table with its columns in order. */
export interface Table {
  readonly name: 'scores' | 'hyperparameters' | 'evaluations';
  readonly columns: readonly string[];
  readonly rows: readonly Row[];
}

/** A worker's story, and its sub-population. */
export interface Worker extends WorkerStory {
  readonly subPopulation: number;
}

/** Returns the members and evaluators of a run. */
export function workersOf({ subPopulations }: RunStory): readonly Worker[] {
  return subPopulations.flatMap(({ subPopulation, members, evaluators }) =>
    [...members, ...evaluators].map((worker) => ({ ...worker, subPopulation })),
  );
}

/** Returns all tables of a run. */
export function tablesOf(story: RunStory): readonly Table[] {
  const workers = workersOf(story);
  return [
    {
      name: 'scores',
      columns: ['sub_population', 'worker', 'step', 'score'],
      rows: workers.flatMap(({ subPopulation, worker, curve }) =>
        curve.map(([step, score]) => ({ sub_population: subPopulation, worker, step, score })),
      ),
    },
    hyperparametersTable(workers),
    evaluationsTable(story),
  ];
}

function hyperparametersTable(workers: readonly Worker[]): Table {
  const names = [
    ...new Set(
      workers.flatMap(({ hyperparameters }) =>
        hyperparameters.flatMap((change) => Object.keys(change.hyperparameters)),
      ),
    ),
  ].sort();
  return {
    name: 'hyperparameters',
    columns: ['sub_population', 'worker', 'from_step', ...names],
    rows: workers.flatMap(({ subPopulation, worker, hyperparameters }) =>
      hyperparameters.map(({ fromStep, hyperparameters: values }) => ({
        sub_population: subPopulation,
        worker,
        from_step: fromStep,
        ...Object.fromEntries(names.map((name) => [name, values[name] ?? null])),
      })),
    ),
  };
}

/** One row for each evaluation, with the numbers of its newest judgement. */
function evaluationsTable({ subPopulations }: RunStory): Table {
  const rows = subPopulations.flatMap(({ subPopulation, evaluations }) =>
    evaluations.map(({ evaluator, parent, child, assigned, ended, reason, judgements }) => {
      const { evaluationSteps, verdict } = judgements.at(-1) ?? {};
      return {
        sub_population: subPopulation,
        evaluator,
        parent,
        child,
        from_round: assigned.round,
        from_step: assigned.step,
        to_round: ended?.round ?? null,
        to_step: ended?.step ?? null,
        reason,
        evaluation_steps: evaluationSteps ?? null,
        gap: verdict?.gap ?? null,
        p: verdict?.p ?? null,
        threshold: verdict?.threshold ?? null,
      };
    }),
  );
  const judged = ['evaluation_steps', 'gap', 'p', 'threshold'];
  const ends = ['from_round', 'from_step', 'to_round', 'to_step'];
  return {
    name: 'evaluations',
    columns: ['sub_population', 'evaluator', 'parent', 'child', ...ends, 'reason', ...judged],
    rows,
  };
}

/** Returns a table as CSV with a header line. */
export function csvOf({ columns, rows }: Table): string {
  return toCsv([columns, ...rows.map((row) => columns.map((column) => row[column]))]);
}

/** Returns a table as JSON Lines: one object for each row. */
export function jsonLinesOf({ rows }: Table): string {
  return rows.map((row) => `${JSON.stringify(row)}\n`).join('');
}
