/**
 * How often P1 reports a round to the root. The root never continues as new, and a worker that takes it over must
 * replay its whole history within the ten seconds of a workflow task: some 10,000 events. So in a long run P1 reports
 * only every k-th round, and the root collects checkpoints as often.
 */

/** Maximal number of reported rounds in a run that is not extended. */
const REPORTS = 500;

/** Returns k: P1 reports every k-th round and the last. */
export function roundsPerReport(rounds: number): number {
  return Math.max(1, Math.ceil(rounds / REPORTS));
}

/** Returns the newest round that P1 may have recorded: from one report to the next, the root does not know. */
export function newestRound(reportedRound: number, rounds: number): number {
  return reportedRound + roundsPerReport(rounds) - 1;
}

/** Returns the number of reports in this number of rounds. */
export function reportsOf(rounds: number): number {
  return Math.ceil(rounds / roundsPerReport(rounds));
}
