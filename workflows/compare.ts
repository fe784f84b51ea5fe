/**
 * Runs arms × seeds of one comparison, each a whole run of its own, a bounded number at once, and tabulates what they reached.
 */
import { ApplicationFailure, ParentClosePolicy, setCurrentDetails, setHandler, startChild, workflowInfo } from '@temporalio/workflow';
import { comparisonQuery, MESSAGE_DESCRIPTIONS } from './messages.ts';
import { firePbt } from './fire-pbt.ts';
import type { Score } from './algorithm/curve.ts';

export interface ComparisonInput {
  /** Name of an arm → the specification of its runs; `seed` is set by the comparison. The first arm is the one that the others are compared with. */
  readonly arms: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  readonly seeds: readonly number[];
  /** Runs at once, at most; default 1. */
  readonly atOnce?: number;
}

export interface ComparisonRow {
  readonly arm: string;
  readonly seed: number;
  readonly objective: Score;
  readonly testScore: Score;
  /** Promotions received, by sub-population, P1 first. */
  readonly promotions: readonly number[];
  readonly decisionsSha256: string;
  readonly checkpointSha256: string;
  readonly resultKey: string;
}

/** Runs them all and returns their rows, arms in the order given, then seeds. A run that fails fails the comparison, by name. */
export async function compare(input: ComparisonInput): Promise<readonly ComparisonRow[]> {
  const { arms, seeds, atOnce } = validated(input);
  const { workflowId } = workflowInfo();
  const jobs = Object.entries(arms).flatMap(([arm, specification]) => seeds.map((seed) => ({ arm, seed, specification })));
  const rows: (ComparisonRow | undefined)[] = jobs.map(() => undefined);
  const done = (): ComparisonRow[] => rows.filter((row) => row !== undefined);
  setHandler(comparisonQuery, () => ({ runs: jobs.length, rows: done() }), { description: MESSAGE_DESCRIPTIONS.comparison });

  let next = 0;
  await Promise.all(
    Array.from({ length: atOnce }, async () => {
      for (let index = next++; index < jobs.length; index = next++) {
        const job = jobs[index];
        if (!job) return;
        rows[index] = await runOne(workflowId, job);
        setCurrentDetails(tellRows(workflowId, jobs.length, done()));
      }
    }),
  );
  return done();
}

async function runOne(
  workflowId: string,
  { arm, seed, specification }: { readonly arm: string; readonly seed: number; readonly specification: Readonly<Record<string, unknown>> },
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
    objective: result.winner.objective,
    testScore: result.testScore,
    promotions: result.promotions,
    decisionsSha256: result.decisionsSha256,
    checkpointSha256: result.winner.checkpoint.sha256,
    resultKey: result.resultKey,
  };
}

const AT_ONCE_AT_MOST = 50;

function validated(input: ComparisonInput): Required<ComparisonInput> {
  const problems: string[] = [];
  const { arms, seeds, atOnce = 1 } = (typeof input === 'object' && input !== null ? input : {}) as Partial<ComparisonInput>;
  const names = typeof arms === 'object' && arms !== null ? Object.keys(arms) : [];
  if (names.length === 0) problems.push('Expected `arms` to be an object with at least one arm and its specification');
  for (const name of names) if (!/^[\w.-]{1,60}$/.test(name)) problems.push(`Expected the name of an arm to be 1 to 60 letters, digits, dots, dashes or underscores, got \`${name}\``);
  if (!Array.isArray(seeds) || seeds.length === 0 || !seeds.every((seed) => Number.isInteger(seed) && seed >= 0)) problems.push('Expected `seeds` to be a list of at least one integer from 0');
  if (!Number.isInteger(atOnce) || atOnce < 1 || atOnce > AT_ONCE_AT_MOST) problems.push(`Expected \`atOnce\` to be an integer from 1 to ${AT_ONCE_AT_MOST}, got \`${atOnce}\``);
  if (problems.length > 0) throw ApplicationFailure.nonRetryable(problems.join('\n'), 'InvalidComparison', problems);
  return { arms: arms ?? {}, seeds: seeds ?? [], atOnce };
}

function tellRows(workflowId: string, runs: number, rows: readonly ComparisonRow[]): string {
  const lines = rows.map((row) => `| ${row.arm} | ${row.seed} | ${row.testScore} | ${row.objective} | ${row.promotions.join(' / ')} |`);
  return [`**${workflowId}**: ${rows.length} of ${runs} runs done`, '', '| arm | seed | test score | objective | promotions |', '|---|---|---|---|---|', ...lines].join('\n');
}
