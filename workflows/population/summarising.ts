/**
 * How often the workflow of a comparison reads the summary of its table. It never continues as new, and a summary grows
 * with the arms. So in a large comparison it reads the summary only after every k-th description of a run.
 */

/** Maximal number of summaries that it reads while runs finish. At the end it reads one more if the last is too old. */
export const SUMMARIES = 20;

/** Returns k for this number of descriptions. */
export function descriptionsPerSummary(descriptions: number): number {
  return Math.max(1, Math.ceil(descriptions / SUMMARIES));
}
