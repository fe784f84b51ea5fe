/**
 * How often P1 tells the root of a round. The root never continues as new, and a worker that takes it over replays its
 * whole history within the ten seconds that Temporal gives a workflow task: some 10,000 events. So the root of a long
 * run hears of every k-th round only, and collects checkpoints as often.
 */

/** Rounds that the root hears of, at most, in a run that is not extended. */
const REPORTS = 500;

/** Returns k: of so many rounds, P1 reports every k-th, and the last. */
export function roundsPerReport(rounds: number): number {
  return Math.max(1, Math.ceil(rounds / REPORTS));
}

/** Returns how often P1 reports in so many rounds. */
export function reportsOf(rounds: number): number {
  return Math.ceil(rounds / roundsPerReport(rounds));
}
