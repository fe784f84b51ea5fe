/**
 * The bounds of every run.
 */

/** Bounds of a run. */
export const limits = {
  /**
   * Members and evaluators together: each has an activity in flight, and Temporal allows 2,000 of them a workflow (aim
   * for 500).
   */
  workers: 500,
  subPopulations: 16,
  /** Training steps, and any count of them. */
  steps: 1_000_000_000,
  /** Points of the longest possible curve: a workflow task has seconds to smooth them all. */
  measurements: 20_000,
  /** Of a schedule that is traced: a run's own has at most one a round. */
  segments: 10_000,
  /** That a trainer computes with. */
  threads: 256,
  /** Longest name of the trainers' task queue. */
  queueCharacters: 200,
  /** Longest folder name made of a workflow id: file systems take 255 bytes. */
  folderCharacters: 200,
  /** Longest part of a state's text: a payload may have 2 MB, and quotes grow when a text is written as JSON. */
  statePartCharacters: 500_000,
} as const;
