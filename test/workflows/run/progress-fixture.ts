/** Progress of a run and summaries of its sub-populations, for tests of how they are shown. */
import type { RunProgress, SubPopulationSummary } from '../../../activities/contracts/messages.ts';

/** A run in its fourth round, of which no sub-population has reported. */
export const RUNNING: RunProgress = {
  status: 'running',
  round: 3,
  rounds: 10,
  plan: null,
  bestScore: 0.75,
  testScore: null,
  subPopulations: [],
  holds: [],
  notice: null,
  ignored: [],
  warnings: [],
  undeleted: 0,
};

/** Returns the summary of a sub-population of 8 members to which nothing has happened yet. */
export function summaryOf(subPopulation: number): SubPopulationSummary {
  return {
    subPopulation,
    round: 3,
    members: 8,
    evaluators: 0,
    evaluatorsBusy: 0,
    promotions: 0,
    verdicts: {},
    bestScore: null,
    hyperparameters: {},
    leaders: [],
    decidedBy: [],
    stopped: [],
  };
}
