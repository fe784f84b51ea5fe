/**
 * What the Web UI shows of each activity that an orchestrator runs, in a few words.
 */
import type { ActivityInterfaceFor } from '@temporalio/workflow';
import type { ComparisonActivities } from '../../activities/contracts/comparison.ts';
import type { RunActivities } from '../../activities/contracts/run.ts';
import { subPopulationName } from '../population/names.ts';

/** The activities of orchestrators. */
export type OrchestratorActivities = RunActivities & ComparisonActivities;

/** Activities with the input and the result that they have. */
type Activities<A> = { readonly [Name in keyof A]: (input: never) => Promise<unknown> };
type InputOf<F> = F extends (input: infer Input) => unknown ? Input : never;

/** By the name of an activity, the words for its input: at most 120 bytes (tally.ts). */
type Summaries<A> = { readonly [Name in keyof A]: (input: InputOf<A[Name]>) => string };

export const SUMMARIES: Summaries<OrchestratorActivities> = {
  findQuestion: () => 'Finds what to ask trainers about the task',
  planRun: () => 'Checks the specification and plans the run',
  findTrainers: () => 'Looks for trainers on the task queue',
  adoptRounds: ({ rounds }) => `Copies up to ${rounds} rounds of the earlier run`,
  watchForInvalidResets: () => 'Watchdog: detects invalid resets',
  clearLeftovers: () => 'Ends workflows that an earlier start left',
  findLatestRound: () => 'Finds the newest round to resume from',
  setAsideRounds: ({ round }) => `Sets records after round ${round} aside`,
  saveRound: ({ subPopulation, round }) => `${subPopulationName(subPopulation)}: records round ${round}`,
  loadRound: ({ subPopulation, round, part }) =>
    `${subPopulationName(subPopulation)}: loads round ${round}${part > 0 ? `, part ${part + 1}` : ''}`,
  collectCheckpoints: ({ keepRounds, finished }) =>
    finished ? 'Deletes checkpoints that no result needs' : `Deletes checkpoints older than ${keepRounds} rounds`,
  writeResult: ({ rounds }) => `Writes the result of ${rounds} rounds`,
  writeRunReport: () => 'Draws the report',
  exportHistories: () => 'Copies the histories to the bucket',
  deleteRun: ({ confirm }) => (confirm === true ? 'Deletes the run' : 'Lists what deleting the run would delete'),
  findQuestions: () => 'Finds what to ask trainers about the tasks',
  planComparison: () => 'Checks the arms and plans the comparison',
  findRun: () => 'Looks for this run in the bucket',
  findRetrace: ({ seed }) => `Looks for the retrace with seed ${seed} in the bucket`,
  summarise: () => 'Reads the summary of the table',
  tabulate: ({ run: { arm, seed } }) => `Adds ${arm}, seed ${seed} to the table`,
  writeComparisonReport: () => 'Draws the report of the comparison',
};

/** Returns the activities, with a summary at each call. */
export function withSummaries<A extends Activities<A>>(
  activities: ActivityInterfaceFor<A>,
  summaries: Summaries<A>,
): A {
  const named = Object.entries(summaries).map(([name, summarise]) => [
    name,
    (input: never) =>
      (activities as Record<string, Callable>)[name]?.executeWithOptions(
        {
          summary: (summarise as (input: never) => string)(input),
        },
        [input],
      ),
  ]);
  return Object.fromEntries(named) as A;
}

interface Callable {
  executeWithOptions(options: { readonly summary: string }, args: [never]): Promise<unknown>;
}
