/**
 * The rule that a run's histories and messages stay within what Temporal accepts, and how many rounds this allows.
 */
import type { z } from 'zod';
import { beyondBudget, historyBudget } from './history-budget.ts';
import { report } from '../../workflows/validation/draft.ts';
import { limits } from './limits.ts';
import type { Specification } from './specification.ts';

/**
 * Adds an issue if an otherwise valid specification leads to histories or messages that exceed what Temporal accepts.
 * The issue names values that would fit.
 */
export function checkBudget(specification: Specification, context: z.core.$RefinementCtx): void {
  const excess = (change: Partial<Specification>): string | undefined =>
    beyondBudget(historyBudget({ ...specification, ...change }))[0]?.reason;
  const reason = excess({});
  if (reason === undefined) return;
  const { stepsPerRound, evalEvery } = specification;
  const most = mostRounds(specification);
  const intervals = divisors(stepsPerRound).filter((interval) => interval > evalEvery);
  const interval =
    intervals[
      firstFalse(0, intervals.length, (index) => excess({ evalEvery: intervals[index] ?? evalEvery }) !== undefined)
    ];
  const rarely = interval === undefined ? '' : `, or \`evalEvery\` at least ${interval}`;
  if (most > 0)
    report(
      context,
      ['steps'],
      `at most ${most * stepsPerRound} (${most} rounds)${rarely}: with more, ` +
        `${excess({ steps: (most + 1) * stepsPerRound })}`,
    );
  else if (interval !== undefined) report(context, ['evalEvery'], `at least ${interval}: ${reason}`);
  else report(context, ['subPopulations'], `fewer or smaller: ${reason}`);
}

/** Returns how many rounds a run may have at most, given the limits of its histories and of its curves. */
export function mostRounds(specification: Specification): number {
  const { stepsPerRound, evalEvery } = specification;
  const measured = Math.floor(Math.min(limits.steps, limits.measurements * evalEvery) / stepsPerRound);
  return (
    firstFalse(
      1,
      measured + 1,
      (rounds) => beyondBudget(historyBudget({ ...specification, steps: rounds * stepsPerRound })).length === 0,
    ) - 1
  );
}

/**
 * Returns the least integer from `low` on for which `holds` is false, or `high` if there is none below it. `holds` must
 * be true up to some integer and false from there on.
 */
function firstFalse(low: number, high: number, holds: (value: number) => boolean): number {
  let [from, to] = [low, high];
  while (from < to) {
    const middle = Math.floor((from + to) / 2);
    if (holds(middle)) from = middle + 1;
    else to = middle;
  }
  return from;
}

function divisors(value: number): number[] {
  const small = Array.from({ length: Math.floor(Math.sqrt(value)) }, (_, index) => index + 1).filter(
    (divisor) => value % divisor === 0,
  );
  return [...new Set([...small, ...small.map((divisor) => value / divisor)])].sort((a, b) => a - b);
}
