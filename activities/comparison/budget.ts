/**
 * The history of a comparison, estimated from its input before anything starts.
 *
 * The workflow of a comparison never continues as new, because it would lose its runs. The estimate is an upper bound,
 * as the budget of a run is: no run is finished before, and every winner's schedule changes in every round.
 */
import { SUMMARIES } from '../../workflows/population/summarising.ts';
import { expected } from '../../workflows/validation/complaints.ts';
import type { TaskLookup } from '../contracts/task.ts';
import { descriptionOf } from '../specification/described-task.ts';
import { jsonBytes } from '../specification/largest-messages.ts';
import { sizesOf } from '../specification/sizes.ts';
import type { Specification } from '../specification/specification.ts';
import { activity, child, EVENT_BYTES, sum, times, WORKFLOW_TASK, type Tally } from '../specification/tally.ts';
import { RESERVE, TEMPORAL_LIMITS } from '../specification/temporal-limits.ts';

/**
 * Bounds of a comparison; `runs` includes retraces. A worker that takes a comparison over replays its whole history
 * within the ten seconds of a workflow task: some 10,000 events, of which each run adds 21.
 */
export const COMPARISON_LIMITS = { arms: 50, runs: 450, atOnce: 50, armNameCharacters: 60, seed: 2 ** 32 - 1 } as const;

/** What is estimated. */
export interface EstimatedComparison {
  /** With their defaults filled in. */
  readonly arms: Readonly<Record<string, Specification>>;
  readonly seeds: readonly number[];
  readonly retrace: boolean;
}

/** A workflow id that a run of the comparison may have. */
const RUN_ID = 'x'.repeat(100 + COMPARISON_LIMITS.armNameCharacters + '/seed-4294967295/retrace'.length);

/** Bytes of one arm in a summary: statistics of test scores, objectives, retraces, costs and differences. */
const ARM_SUMMARY_BYTES = 2_500;

/** Returns the complaint about a comparison whose history could exceed what Temporal accepts; undefined if it fits. */
export function beyondComparisonBudget(comparison: EstimatedComparison, lookup: TaskLookup): string | undefined {
  const { seeds } = comparison;
  const bytes = TEMPORAL_LIMITS.bytes - RESERVE.bytes;
  const none = comparisonDemand({ ...comparison, seeds: [] }, lookup);
  const one = comparisonDemand({ ...comparison, seeds: seeds.slice(0, 1) }, lookup);
  const most = Math.floor((bytes - none.bytes) / (one.bytes - none.bytes));
  if (seeds.length <= most) return undefined;
  const reason = `with more, the history of the comparison may exceed ${bytes} bytes`;
  return most > 0
    ? expected(['seeds'], `an array of 1 to ${most} seeds: ${reason}`, `${seeds.length} seeds`)
    : expected(['arms'], `fewer or smaller: ${reason}`, `${Object.keys(comparison.arms).length} arms`);
}

/** Returns the longest history that a comparison may have. */
export function comparisonDemand({ arms, seeds, retrace }: EstimatedComparison, lookup: TaskLookup): Tally {
  const all = Object.values(arms);
  const input = jsonBytes(arms);
  const answers = all.reduce((total, arm) => total + answerBytes(arm, lookup), 0);
  const planning = sum(
    { events: 1, bytes: 2 * EVENT_BYTES + input },
    WORKFLOW_TASK,
    activity(input, input),
    ...all.map((arm) => activity(jsonBytes(arm.task), answerBytes(arm, lookup))),
    activity(input + answers, input),
  );
  const ending = activity(RUN_ID.length, RUN_ID.length);
  const summary = activity(RUN_ID.length, all.length * ARM_SUMMARY_BYTES);
  return sum(
    planning,
    times(seeds.length, sum(...all.map((arm) => runDemand(arm, retrace, answerBytes(arm, lookup))))),
    times(SUMMARIES + 1, summary),
    ending,
  );
}

/** Returns what a run adds, and its retrace: it is looked for, trained and described. */
function runDemand(specification: Specification, retrace: boolean, answer: number): Tally {
  const { result, location, specification: given } = sizesOf(specification, RUN_ID);
  const idBytes = RUN_ID.length;
  const row = 5 * idBytes + 2 * location + 500;
  const trained = sum({ events: 0, bytes: result }, activity(3 * location + idBytes + COMPARISON_LIMITS.runs, row));
  return sum(
    activity(idBytes + given + answer, location),
    child(idBytes, given),
    trained,
    ...(retrace ? [activity(2 * idBytes + location, location), child(idBytes, 2 * location), trained] : []),
  );
}

/** Bytes of a question about a task and of the answer. */
function answerBytes(specification: Specification, lookup: TaskLookup): number {
  return jsonBytes(specification.task) + jsonBytes(descriptionOf(specification, lookup) ?? null) + 100;
}
