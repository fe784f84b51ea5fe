/**
 * A comparison's progress and result in words.
 */
import type { ComparisonRow } from '../../activities/comparison/run.ts';
import { comparisonTables } from '../../workflows/comparison-text.ts';
import type { ComparisonProgress } from '../../workflows/messages.ts';
import { shortScore } from './figures.ts';

/** The block: runs done so far, what failed. */
export function comparisonBlock({ runs, rows, failures }: ComparisonProgress): string[] {
  return ['', `${rows.length} of ${runs} runs done`, ...rows.map((row) => `  ${comparisonLine(row)}`), ...failures.map((failure) => `  FAILED: ${failure}`)];
}

/** The tables of a finished comparison, and where the rest is. */
export function tellComparison(progress: ComparisonProgress): string {
  const { table } = progress;
  return [comparisonTables(progress), ...(table ? ['', `Curves, schedules, costs: s3://${table.bucket}/${table.key}`] : [])].join('\n');
}

/** Such as `FIRE, seed 0: test score 0.8594, objective 0.8632, 4 promotions`. */
export function comparisonLine({ arm, seed, testScore, objective, promotions, retrace }: ComparisonRow): string {
  const received = promotions.reduce((sum, count) => sum + count, 0);
  return `${arm}, seed ${seed}: test score ${shortScore(testScore)}, objective ${shortScore(objective)}${received > 0 ? `, ${received} promotions` : ''}${retrace ? `, retraced ${shortScore(retrace.testScore)}` : ''}`;
}
