/**
 * Plans a comparison: validates its input and saves it in the bucket, beside its future table.
 */
import { ApplicationFailure } from '@temporalio/common';
import { comparedRunId, MAX_ID_BYTES, retraceId } from '../../workflows/population/names.ts';
import { inspect } from '../../workflows/validation/complaints.ts';
import { at, isRecord } from '../../workflows/validation/draft.ts';
import type { ObjectStore } from '../storage/object-store.ts';
import type { RunFolder } from '../contracts/checkpoint.ts';
import type { ArmQuestion, ComparisonActivities, ComparisonPlan } from '../contracts/comparison.ts';
import { comparisonInputKey, folderName } from '../storage/layout.ts';
import { readableJson } from '../storage/readable-json.ts';
import { questionOf } from '../runs/draft.ts';
import { requireAnswer } from '../specification/answers.ts';
import { lookupIn } from '../specification/described-task.ts';
import { COMPARISON_LIMITS } from './budget.ts';
import { InvalidComparison, parseComparison } from './input.ts';

/** Failure type of a comparison with invalid input. */
export const INVALID_COMPARISON = 'InvalidComparison';

/** Bytes that the workflow ids of a run's parts are longer than the run's own. */
const ROOM_FOR_PARTS = '/P16/evaluator-499'.length;

/**
 * Validates the input and the specification of every arm, and saves the input.
 *
 * @throws ApplicationFailure of type 'InvalidComparison', not retryable, with every error in the message and, as a
 *   list, in the details
 */
export async function planComparison(
  objects: ObjectStore,
  { input, workflowId, answered }: Parameters<ComparisonActivities['planComparison']>[0],
): Promise<ComparisonPlan> {
  const lookup = lookupIn(answered.map(requireAnswer));
  const { arms, seeds, atOnce, retrace, specifications } = valid(() => parseComparison(input, lookup));
  const longest = Math.max(
    ...Object.keys(arms).flatMap((arm) =>
      seeds.map((seed) => Buffer.byteLength(retraceId(comparedRunId(workflowId, arm, seed)))),
    ),
  );
  const over = longest + ROOM_FOR_PARTS - MAX_ID_BYTES;
  if (over > 0)
    throw refused([
      `Expected the workflow id to be ${over} bytes shorter, so that those of its runs and their parts have ` +
        `at most ${MAX_ID_BYTES}`,
    ]);
  const bucket = Object.values(specifications)[0]?.storage.bucket ?? '';
  const location: RunFolder = { bucket, folder: folderName(workflowId) };
  await objects.ensureBucket(bucket);
  await objects.put(
    bucket,
    comparisonInputKey(location),
    readableJson({ arms, seeds, atOnce, retrace }),
    'application/json',
  );
  return { location, arms, seeds, atOnce, retrace };
}

/** Returns what trainers are to be asked about the task of each arm; arms that say too little are left out. */
export function findQuestions(input: unknown): readonly ArmQuestion[] {
  const arms = inspect(input).length > 0 ? undefined : at(input, 'arms');
  const named = isRecord(arms) ? Object.entries(arms).slice(0, COMPARISON_LIMITS.arms) : [];
  return named.flatMap(([arm, draft]) => {
    const question = questionOf(draft);
    return question ? [{ arm, ...question }] : [];
  });
}

function valid<T>(parse: () => T): T {
  try {
    return parse();
  } catch (error) {
    if (!(error instanceof InvalidComparison)) throw error;
    throw refused(error.complaints, error.message);
  }
}

function refused(complaints: readonly string[], message = complaints.join('\n')): ApplicationFailure {
  return ApplicationFailure.create({ type: INVALID_COMPARISON, nonRetryable: true, message, details: [complaints] });
}
