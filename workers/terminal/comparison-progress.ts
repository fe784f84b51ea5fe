/**
 * A comparison's progress and result in words.
 */
import type { ComparisonRow } from '../../workflows/compare.ts';
import type { ComparisonProgress } from '../../workflows/messages.ts';
import { shortScore } from './figures.ts';

/** The block: runs done so far, and the newest. */
export function comparisonBlock({ runs, rows }: ComparisonProgress): string[] {
  return ['', `${rows.length} of ${runs} runs done`, ...rows.map((row) => `  ${comparisonLine(row)}`)];
}

/** Such as `FIRE, seed 0: test score 0.8594, objective 0.8632, 4 promotions`. */
export function comparisonLine({ arm, seed, testScore, objective, promotions }: ComparisonRow): string {
  const received = promotions.reduce((sum, count) => sum + count, 0);
  return `${arm}, seed ${seed}: test score ${shortScore(testScore)}, objective ${shortScore(objective)}${received > 0 ? `, ${received} promotions` : ''}`;
}

/** Test scores as a Markdown table, a column an arm, a row a seed, then their means and, from the first arm, differences. */
export function comparisonTable(rows: readonly ComparisonRow[]): string {
  const arms = [...new Set(rows.map(({ arm }) => arm))];
  const seeds = [...new Set(rows.map(({ seed }) => seed))].sort((a, b) => a - b);
  const score = (arm: string, seed: number): number | 'diverged' | undefined => rows.find((row) => row.arm === arm && row.seed === seed)?.testScore;
  const means = arms.map((arm) => mean(seeds.map((seed) => score(arm, seed))));
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  return [
    line(['seed', ...arms]),
    line(['---', ...arms.map(() => '---')]),
    ...seeds.map((seed) => line([String(seed), ...arms.map((arm) => shortScore(score(arm, seed)))])),
    line(['mean', ...means.map((value) => shortScore(value))]),
    ...(arms.length > 1 && means[0] !== undefined
      ? [line([`${arms[0]} ahead by`, '', ...means.slice(1).map((value) => (value === undefined || means[0] === undefined ? '–' : (means[0] - value).toFixed(4)))])]
      : []),
  ].join('\n');
}

/** Undefined where any is missing or diverged. */
function mean(scores: readonly (number | 'diverged' | undefined)[]): number | undefined {
  const numbers = scores.filter((score) => typeof score === 'number');
  return numbers.length === scores.length && numbers.length > 0 ? numbers.reduce((sum, score) => sum + score, 0) / numbers.length : undefined;
}
