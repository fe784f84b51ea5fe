/**
 * How the parts of a run are called, in ids, texts and files: P1 … Pn from 1, members and evaluator slots from 0.
 */
import { isTrace } from '../algorithm/index.ts';
import type { Schedule } from '../algorithm/index.ts';

/** Longest workflow id, and name of a task queue, that Temporal takes. */
export const MAX_ID_BYTES = 1000;

export function subPopulationName(subPopulation: number): string {
  return `P${subPopulation}`;
}

export function memberName(subPopulation: number, member: number): string {
  return `${subPopulationName(subPopulation)}/member-${member}`;
}

export function evaluatorName(subPopulation: number, slot: number): string {
  return `${subPopulationName(subPopulation)}/evaluator-${slot}`;
}

/** Workflow id of a child of a run: `<run>/P2` or `<run>/P2/evaluator-3`. */
export function childWorkflowId(runWorkflowId: string, name: string): string {
  return `${runWorkflowId}/${name}`;
}

/** Workflow id of a comparison's run. */
export function comparedRunId(comparisonWorkflowId: string, arm: string, seed: number): string {
  return `${comparisonWorkflowId}/${arm}/seed-${seed}`;
}

/** A retrace draws other batches than its run: its seed is so much higher. */
export const RETRACE_SEED_OFFSET = 1000;

/** Workflow id of what trains along a run's schedule once more. */
export function retraceId(runWorkflowId: string): string {
  return `${runWorkflowId}/retrace`;
}

/** Task queue of the trainers that serve the runs of a workflow task queue. */
export function trainerTaskQueue(taskQueue: string): string {
  return `${taskQueue}-trainers`;
}

/** What a specification computes. */
export type Algorithm = 'fire-pbt' | 'pbt' | 'random-search' | 'retrace';

/** Returns what a specification computes: its schedule and its sub-populations say so. */
export function algorithmOf({
  schedule,
  subPopulations,
}: {
  readonly schedule?: Schedule | undefined;
  readonly subPopulations: readonly unknown[];
}): Algorithm {
  if (schedule !== undefined) return isTrace(schedule) ? 'retrace' : 'random-search';
  return subPopulations.length === 1 ? 'pbt' : 'fire-pbt';
}

/** Workflow type that runs each algorithm; firePbt runs PBT too, which is FIRE PBT with one sub-population. */
export const WORKFLOW_TYPES = {
  'fire-pbt': 'firePbt',
  pbt: 'pbt',
  'random-search': 'randomSearch',
  retrace: 'retrace',
} as const satisfies Record<Algorithm, string>;

/** What to do with a run that failed, or whose parts were reset: said wherever that comes up. */
export function howToGoOn(runWorkflowId: string): string {
  return (
    'go on from the last round that all sub-populations recorded with: temporal workflow reset --workflow-id ' +
    `${shellWord(runWorkflowId)} --type FirstWorkflowTask --reason "…" --reapply-exclude Signal`
  );
}

function shellWord(text: string): string {
  return /^[\w./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}
