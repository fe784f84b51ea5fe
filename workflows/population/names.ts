/**
 * The names of a run's parts in ids, texts and files. Sub-populations are numbered from 1 (P1 … Pn), members and
 * evaluator slots from 0.
 */
import { isTrace } from '../algorithm/index.ts';
import type { Schedule } from '../algorithm/index.ts';

/** Longest workflow id or task queue name that Temporal accepts. */
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

/** Returns the workflow id of a run's child: `<run>/P2` or `<run>/P2/evaluator-3`. */
export function childWorkflowId(runWorkflowId: string, name: string): string {
  return `${runWorkflowId}/${name}`;
}

/** Returns the workflow id of a comparison's run. */
export function comparedRunId(comparisonWorkflowId: string, arm: string, seed: number): string {
  return `${comparisonWorkflowId}/${arm}/seed-${seed}`;
}

/** The difference between the seeds of a retrace and its run, so that a retrace draws other batches. */
export const RETRACE_SEED_OFFSET = 1000;

/** Returns the workflow id of a run's retrace. */
export function retraceId(runWorkflowId: string): string {
  return `${runWorkflowId}/retrace`;
}

/** Returns the task queue of the trainers for the runs of a workflow task queue. */
export function trainerTaskQueue(taskQueue: string): string {
  return `${taskQueue}-trainers`;
}

/** The algorithm of a specification. */
export type Algorithm = 'fire-pbt' | 'pbt' | 'random-search' | 'retrace';

/** Returns the algorithm of a specification, which its schedule and its sub-populations determine. */
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

/** Workflow type of each algorithm. firePbt runs PBT too, which is FIRE PBT with one sub-population. */
export const WORKFLOW_TYPES = {
  'fire-pbt': 'firePbt',
  pbt: 'pbt',
  'random-search': 'randomSearch',
  retrace: 'retrace',
} as const satisfies Record<Algorithm, string>;

/** The workflow types that people start. */
export const STARTED_WORKFLOWS = ['firePbt', 'pbt', 'randomSearch', 'retrace', 'compare', 'deleteRun'] as const;

/** The workflow types that a run starts as its parts. */
export const PARTS_OF_RUNS = ['subPopulation', 'evaluator'] as const;

/** Returns the command that resumes a run that failed, or whose parts were reset. */
export function resumeCommand(runWorkflowId: string): string {
  const id = shellWord(runWorkflowId);
  return `temporal workflow reset --workflow-id ${id} --type FirstWorkflowTask --reason "…" --reapply-exclude Signal`;
}

/** Returns a text as one word of a shell's command line. */
export function shellWord(text: string): string {
  return /^[\w./%:@,+-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}
