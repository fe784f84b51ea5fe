/**
 * Comparisons as they were before they could be resumed (the patch `resumable-comparison`): those that began then go
 * on, and replay, as they began.
 */
import {
  ApplicationFailure,
  ParentClosePolicy,
  setCurrentDetails,
  setHandler,
  startChild,
  workflowInfo,
} from '@temporalio/workflow';
import type { ComparisonInput, ComparisonRow } from '../../activities/contracts/comparison.ts';
import { comparisonText } from './comparison-text.ts';
import { comparisonQuery, MESSAGE_DESCRIPTIONS } from '../messages.ts';
import { firePbt } from '../run/fire-pbt.ts';
import type { ComparisonProgress } from '../../activities/contracts/messages.ts';

type OnceInput = Required<Pick<ComparisonInput, 'arms' | 'seeds' | 'atOnce'>>;

/**
 * Runs them all and returns their rows, arms in the order given, then seeds. A run that fails fails the comparison, by
 * name.
 */
export async function compareOnce(input: unknown): Promise<ComparisonProgress> {
  const { arms, seeds, atOnce } = validated(input);
  const { workflowId } = workflowInfo();
  const jobs = Object.entries(arms).flatMap(([arm, specification]) =>
    seeds.map((seed) => ({ arm, seed, specification })),
  );
  const rows: (ComparisonRow | undefined)[] = jobs.map(() => undefined);
  const progress = (): ComparisonProgress => ({
    runs: jobs.length,
    rows: rows.filter((row) => row !== undefined),
    summary: null,
    running: [],
    failures: [],
    table: null,
  });
  setHandler(comparisonQuery, progress, { description: MESSAGE_DESCRIPTIONS.comparison });

  let next = 0;
  await Promise.all(
    Array.from({ length: atOnce }, async () => {
      for (let index = next++; index < jobs.length; index = next++) {
        const job = jobs[index];
        if (!job) return;
        rows[index] = await runOne(workflowId, job);
        setCurrentDetails(comparisonText(workflowId, progress()));
      }
    }),
  );
  return progress();
}

async function runOne(
  workflowId: string,
  {
    arm,
    seed,
    specification,
  }: { readonly arm: string; readonly seed: number; readonly specification: Readonly<Record<string, unknown>> },
): Promise<ComparisonRow> {
  const child = await startChild(firePbt, {
    workflowId: `${workflowId}/${arm}/seed-${seed}`,
    args: [{ ...specification, seed }],
    parentClosePolicy: ParentClosePolicy.TERMINATE,
    staticSummary: `${arm}, seed ${seed}`,
  });
  const result = await child.result();
  return {
    arm,
    seed,
    algorithm: result.algorithm,
    steps: result.steps,
    workflowId: child.workflowId,
    bucket: result.storage.bucket,
    folder: result.storage.prefix.slice(0, -1),
    objective: result.winner.objective,
    testScore: result.testScore,
    promotions: result.promotions,
    decisionsSha256: result.decisionsSha256,
    checkpointSha256: result.winner.checkpoint.sha256,
    resultKey: result.resultKey,
  };
}

const AT_ONCE_AT_MOST = 50;

function validated(input: unknown): OnceInput {
  const problems: string[] = [];
  const { arms, seeds, atOnce = 1 } = (typeof input === 'object' && input !== null ? input : {}) as Partial<OnceInput>;
  const names = typeof arms === 'object' && arms !== null ? Object.keys(arms) : [];
  if (names.length === 0) problems.push('Expected `arms` to be an object with at least one arm and its specification');
  for (const name of names)
    if (!/^[\w.-]{1,60}$/.test(name))
      problems.push(
        `Expected the name of an arm to be 1 to 60 letters, digits, dots, dashes or underscores, got \`${name}\``,
      );
  if (!Array.isArray(seeds) || seeds.length === 0 || !seeds.every((seed) => Number.isInteger(seed) && seed >= 0))
    problems.push('Expected `seeds` to be a list of at least one integer from 0');
  if (!Number.isInteger(atOnce) || atOnce < 1 || atOnce > AT_ONCE_AT_MOST)
    problems.push(`Expected \`atOnce\` to be an integer from 1 to ${AT_ONCE_AT_MOST}, got \`${atOnce}\``);
  if (problems.length > 0) throw ApplicationFailure.nonRetryable(problems.join('\n'), 'InvalidComparison', problems);
  return { arms: arms ?? {}, seeds: seeds ?? [], atOnce };
}
